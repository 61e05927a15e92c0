package extract

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Look reads objects of a stream by their ids, or by a filter of its list, without
// storing them. It does not add unusable answers to [Client.Failures]: the caller
// decides about them. It calls answer for each item, in no order and one at a time. An
// error of answer ends Look, which returns it.
func (c *Client) Look(ctx context.Context, res Resource, items []Item, answer func(Item, []Object, error) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(c.width(res.Path))
	var one sync.Mutex
	for _, item := range items {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			objects, err := c.lookAt(ctx, res, item)
			if err != nil {
				err = fmt.Errorf("ask for %s %s: %w", res.Object, oneLine(item.ID+item.Of), err)
			}
			one.Lock()
			defer one.Unlock()
			return answer(item, objects, err)
		})
	}
	return group.Wait()
}

func (c *Client) lookAt(ctx context.Context, res Resource, item Item) (objects []Object, err error) {
	if item.Of == "" {
		object, err := c.one(ctx, res, item.ID)
		if err == nil {
			err = c.checkMode([]Object{object})
		}
		return []Object{object}, err
	}
	_, err = c.listAgain(ctx, res, window{Variant: item.Of}, nil, func(r result) { objects = append(objects, r.objects...) })
	return objects, err
}

// IsRefused reports whether err is an answer that stays the same on repetition: an
// unusable one, and every 4xx except those about the key and its rate.
func IsRefused(err error) bool {
	return aboutOne(err) || hasStatus(err, http.StatusForbidden)
}
