package extract

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/stripe/stripe-go/v76/form"
)

// OriginRetrieve is the Origin of an object that was asked for by its id.
const OriginRetrieve = "retrieve"

// Item is an object to read again.
type Item struct {
	ID      string
	Created time.Time // UTC; zero if unknown
	Apart   int       // how many objects the list holds between the next newer item and this one, as far as is known
	Of      string    // instead of an ID: a filter of the list, "charge=ch_1", whose objects to read
}

// Reread reads items of a stream anew, by id or by listing the span they lie
// in, whichever takes fewer requests. What Stripe does not have any more comes
// as a deleted object with the created of its item. Pages carry the cursor
// after, and the last one, which may be empty, the cursor then: with it all
// items are behind (Invariant 1).
//
// Errors are those of [Client.Pages].
func (c *Client) Reread(ctx context.Context, stream string, after Cursor, items []Item, then Cursor) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		last := Page{Cursor: then}
		err := c.reread(ctx, stream, items, func(objects []Object) bool {
			held := last.Objects
			last.Objects = objects
			return held == nil || yield(Page{Objects: held, Cursor: after}, nil)
		})
		switch {
		case errors.Is(err, errStopped):
		case err != nil && last.Objects != nil && !yield(Page{Objects: last.Objects, Cursor: after}, nil):
		case err != nil:
			err = fmt.Errorf("read %s again: %w", stream, err)
			if ctx.Err() == nil {
				c.failed(stream, err)
			}
			yield(Page{}, err)
		default:
			yield(last, nil)
		}
	}
}

func (c *Client) reread(ctx context.Context, stream string, items []Item, take func([]Object) bool) error {
	res, err := resourceOf(stream)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	errands := errands(items, c.limit, len(res.Variants) == 1)
	todo, steps := make(chan errand), make(chan step)
	var workers sync.WaitGroup
	for range min(c.width(res.Path), len(errands)) {
		workers.Go(func() {
			for e := range todo {
				e.run(ctx, c, res, func(objects []Object, err error) {
					select {
					case steps <- step{objects: objects, err: err}:
					case <-ctx.Done():
					}
				})
			}
		})
	}
	go func() {
		defer close(steps)
		defer workers.Wait()
		defer close(todo)
		for _, e := range errands {
			select {
			case todo <- e:
			case <-ctx.Done():
				return
			}
		}
	}()
	defer func() {
		stop()
		for range steps { // until all have ended
		}
	}()
	for s := range steps {
		if err := cmp.Or(ctx.Err(), s.err); err != nil {
			return err
		}
		if len(s.objects) > 0 && !take(s.objects) {
			return errStopped
		}
	}
	return ctx.Err()
}

// errand is what one worker reads in one go: items one by one, or the span of
// the list that holds them.
type errand struct {
	items  []Item
	listed bool
}

// errands groups items that one page or a few hold together. Without listed,
// because an object may be in either of two lists, each is read by its id.
func errands(items []Item, limit int, listed bool) []errand {
	items = slices.SortedStableFunc(slices.Values(items), func(a, b Item) int { return b.Created.Compare(a.Created) })
	var out []errand
	for len(items) > 0 {
		n, rows := 1, 1
		for n < len(items) && groupable(items[n-1], items[n]) && items[n].Apart < limit {
			rows += items[n].Apart + 1
			n++
		}
		pages := (rows + limit - 1) / limit
		if listed && pages < n {
			out = append(out, errand{items[:n], true})
		} else {
			for i := range n {
				out = append(out, errand{items[i : i+1], false})
			}
		}
		items = items[n:]
	}
	return out
}

func groupable(a, b Item) bool {
	return a.Of == "" && b.Of == "" && !a.Created.IsZero() && !b.Created.IsZero()
}

func (e errand) run(ctx context.Context, c *Client, res Resource, give func([]Object, error)) {
	switch {
	case e.listed:
		span := window{GTE: new(e.items[len(e.items)-1].Created.Unix()), LT: e.items[0].Created.Unix() + 1, Variant: res.Variants[0]}
		missing, err := c.listAgain(ctx, res, span, e.items, give)
		if err != nil {
			give(nil, err)
			return
		}
		for _, item := range missing {
			give(c.retrieve(ctx, res, item))
		}
	case e.items[0].Of != "":
		_, err := c.listAgain(ctx, res, window{Variant: e.items[0].Of}, nil, give)
		if err != nil && !noSuch(err) { // the list of what is gone is empty
			give(nil, err)
		}
	default:
		give(c.retrieve(ctx, res, e.items[0]))
	}
}

// listAgain walks a window and returns the items that were not in it.
func (c *Client) listAgain(ctx context.Context, res Resource, span window, items []Item, give func([]Object, error)) (missing []Item, err error) {
	awaited := map[string]bool{}
	for _, i := range items {
		awaited[i.ID] = true
	}
	w := walker{client: c, resource: res, window: span}
	for done := false; !done; {
		var objects []Object
		if objects, done, err = w.next(ctx); err != nil {
			return nil, err
		}
		for _, o := range objects {
			delete(awaited, o.ID)
		}
		give(objects, nil)
	}
	return slices.DeleteFunc(slices.Clone(items), func(i Item) bool { return !awaited[i.ID] }), nil
}

// retrieve reads one object by its id. Stripe: a deleted customer is a stub with
// status 200, other objects that are gone a 404. Both become a tombstone that
// bears the created of the item; a 403 never does.
func (c *Client) retrieve(ctx context.Context, res Resource, item Item) ([]Object, error) {
	ask := res.request(&form.Values{})
	for _, member := range res.Expand {
		ask.query.Add("expand[]", member)
	}
	ask.endpoint, ask.path = res.Path+"/:id", res.Path+"/"+url.PathEscape(item.ID)
	var object Object
	err := c.get(ctx, ask, func(got *reply) (err error) {
		object, err = c.readOne(got, item.ID)
		return err
	})
	if gone, ok := errors.AsType[*APIError](err); ok && gone.Status == http.StatusNotFound && gone.Code == codeMissing {
		object, err = tombstone(res, item, gone.RequestID, c.ServerTime()), nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", oneLine(item.ID), err)
	}
	if object.Deleted && object.Created.IsZero() {
		object.Created = item.Created
	}
	objects := []Object{object}
	if err := c.checkMode(objects); err != nil {
		return nil, err
	}
	return objects, c.complete(ctx, objects)
}

func (c *Client) readOne(got *reply, id string) (Object, error) {
	o, err := readObject(newDecoder(got.body), got.body)
	if err != nil {
		return Object{}, describe(got.body, err)
	}
	if o.ID != id {
		return Object{}, fmt.Errorf("it is %q and not %q", oneLine(o.ID), oneLine(id))
	}
	one := []Object{o}
	stamp(one, got)
	one[0].Origin = OriginRetrieve
	return one[0], nil
}

// tombstone is made like Stripe's own stubs, for objects of which it keeps none.
func tombstone(res Resource, item Item, requestID string, now time.Time) Object {
	raw, _ := json.Marshal(struct { // cannot fail: two strings and a bool
		ID      string `json:"id"`
		Object  string `json:"object"`
		Deleted bool   `json:"deleted"`
	}{item.ID, res.Object, true})
	return Object{
		ID: item.ID, Type: res.Object, Raw: raw, Created: item.Created, Deleted: true,
		ObservedAt: now.Truncate(time.Second), Origin: OriginRetrieve, RequestID: requestID,
	}
}
