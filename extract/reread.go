package extract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Item is an object to read again.
type Item struct {
	ID      string
	Created time.Time // UTC; zero if unknown
	Apart   int       // number of listed objects between the next newer item and this one, as far as is known
	Of      string    // instead of ID: a filter of the list, such as "charge=ch_1", whose objects to read
	Unread  bool      // an earlier request got an unusable answer

	missing *APIError // Stripe's 404 for it; nil if there was none
}

// Reread reads items of a stream again, by id or by listing the span that they are in,
// whichever takes fewer requests. An object that Stripe deleted comes as a deleted
// object with the created of its item. Pages have the cursor after. The last one, which
// may be empty, has the cursor then: with it all items are done (Invariant 1).
//
// A 404 alone is no deletion. If created is known, Reread also requests the lists of
// that second, and yields the object if they show it. Otherwise it yields a deleted
// object that is Missing: the caller knows whether a list ever showed the object, and
// stores it or requests it again in another run.
//
// An item whose answer is unusable and says nothing about other items comes as Unread
// in the last page, and is one of [Client.Failures]: request it again in another run.
// If very many such answers come in a row, the items are not the cause, and the
// sequence ends with an error. It also ends with an error if the objects of a filter
// cannot be read. Errors are those of [Client.Pages].
func (c *Client) Reread(ctx context.Context, res Resource, after Cursor, items []Item, then Cursor) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		last := Page{Cursor: then}
		unread, err := c.reread(ctx, res, items, func(objects []Object) bool {
			held := last.Objects
			last.Objects = objects
			return held == nil || yield(Page{Objects: held, Cursor: after}, nil)
		})
		last.Unread = unread
		switch {
		case errors.Is(err, errStopped):
		case err != nil && last.Objects != nil && !yield(Page{Objects: last.Objects, Cursor: after}, nil):
		case err != nil:
			err = fmt.Errorf("read %s again: %w", res.Name, err)
			if ctx.Err() == nil {
				c.failed(res.Name, err)
			}
			yield(Page{}, err)
		default:
			yield(last, nil)
		}
	}
}

// reread requests the items, and then the lists for items with a 404: all list requests
// come after all 404s.
func (c *Client) reread(ctx context.Context, res Resource, items []Item, take func([]Object) bool) (unread []Item, err error) {
	got, err := c.runErrands(ctx, res, errands(items, c.limit, len(res.Variants) == 1), take)
	if err == nil && len(got.missing) > 0 {
		var more answers
		more, err = c.runErrands(ctx, res, confirmations(got.missing), take)
		got.unread, got.filter = append(got.unread, more.unread...), cmp.Or(got.filter, more.filter)
	}
	return got.unread, cmp.Or(err, got.filter)
}

// mostUnusable is how many unusable answers about single items may come in a row. After
// that reread stops: the items are not the cause.
const mostUnusable = 10

// answers are the results of errands other than objects.
type answers struct {
	missing []Item // with a 404
	unread  []Item // with unusable answers
	filter  error  // the first unusable answer about the objects of a filter
	useless int    // number of unusable answers in a row
}

// note adds a result. The error is one that ends the errands.
func (a *answers) note(r result) error {
	switch {
	case r.err == nil:
		a.useless = 0
	case len(r.unread) == 0 || !r.unread[0].Unread: // an item that was already unread is no new evidence
		a.useless++
	}
	if r.err != nil && (a.useless == mostUnusable || !aboutOne(r.err)) {
		if len(r.unread) == 1 {
			return fmt.Errorf("%s: %w", oneLine(r.unread[0].ID), r.err)
		}
		return r.err
	}
	if r.err != nil && len(r.unread) == 0 {
		a.filter = cmp.Or(a.filter, r.err)
	}
	a.unread, a.missing = append(a.unread, r.unread...), append(a.missing, r.missing...)
	return nil
}

// runErrands runs errands concurrently. err is the error that ended them early.
func (c *Client) runErrands(ctx context.Context, res Resource, errands []errand, take func([]Object) bool) (got answers, err error) {
	ctx, stop := context.WithCancel(ctx)
	todo, results := make(chan errand), make(chan result)
	var workers sync.WaitGroup
	for range min(c.width(res.Path), len(errands)) {
		workers.Go(func() {
			for e := range todo {
				e.run(ctx, c, res, func(r result) {
					select {
					case results <- r:
					case <-ctx.Done():
					}
				})
			}
		})
	}
	go func() {
		defer close(results)
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
		for range results { // until all have ended
		}
	}()
	var stopped error
	for r := range results {
		if err := ctx.Err(); err != nil {
			return got, err
		}
		if IsStopped(r.err) { // answers in flight are still good
			stopped = r.err
			continue
		}
		if err := got.note(r); err != nil {
			return got, err
		}
		for _, item := range r.unread {
			c.failed(res.Object+" "+item.ID, r.err)
		}
		if len(r.objects) > 0 && !take(r.objects) {
			return got, errStopped
		}
	}
	return got, cmp.Or(ctx.Err(), stopped)
}

// aboutOne reports whether err says nothing about the requests for other items: an
// unusable answer, and every 4xx except those about the key and its rate.
func aboutOne(err error) bool {
	if _, unusable := errors.AsType[*malformed](err); unusable {
		return true
	}
	e, ok := errors.AsType[*APIError](err)
	return ok && e.Status/100 == 4 && !slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests}, e.Status)
}

// errand is the work of one worker: to read items one by one, or to list the span that
// holds them.
type errand struct {
	items  []Item
	listed bool
}

// result is a part of the results of an errand.
type result struct {
	objects []Object
	missing []Item // with a 404
	err     error
	unread  []Item // by their ids, for err
}

// errands groups items that are on one or a few pages together. If listed is false,
// because an object may be in either of two lists, each item is read by its id.
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

// confirmations returns the errands that list the seconds of items with a 404. Items of
// one second share an errand. Without a created there is no list to request.
func confirmations(missing []Item) []errand {
	missing = slices.SortedStableFunc(slices.Values(missing), func(a, b Item) int { return b.Created.Compare(a.Created) })
	var out []errand
	for len(missing) > 0 {
		n := 1
		for n < len(missing) && missing[n].Created.Equal(missing[0].Created) {
			n++
		}
		out = append(out, errand{missing[:n], !missing[0].Created.IsZero()})
		missing = missing[n:]
	}
	return out
}

func groupable(a, b Item) bool {
	return a.Of == "" && b.Of == "" && !a.Created.IsZero() && !b.Created.IsZero()
}

// run reads the items. It returns a tombstone for an item that had a 404 and is not in
// the list, and for one that gets a 404 after the list did not show it.
func (e errand) run(ctx context.Context, c *Client, res Resource, give func(result)) {
	if of := e.items[0].Of; of != "" {
		_, err := c.listAgain(ctx, res, window{Variant: of}, nil, give)
		if err != nil && !noSuch(err, of) { // the list of a deleted object is empty
			give(result{err: err})
		}
		return
	}
	left := e.items
	if e.listed {
		var err error
		if left, err = c.listSpan(ctx, res, e.items, give); err != nil {
			give(result{err: err, unread: e.items})
			return
		}
	}
	for _, item := range left {
		switch {
		case item.missing == nil:
			give(c.retrieve(ctx, res, item, e.listed))
		default:
			give(result{objects: []Object{c.tombstone(res, item)}})
		}
	}
}

// listSpan reads every list over the span of items, and returns the items that none of
// them shows.
func (c *Client) listSpan(ctx context.Context, res Resource, items []Item, give func(result)) (left []Item, err error) {
	left = items
	for _, variant := range res.Variants {
		span := window{GTE: new(items[len(items)-1].Created.Unix()), LT: items[0].Created.Unix() + 1, Variant: variant}
		if left, err = c.listAgain(ctx, res, span, left, give); err != nil || len(left) == 0 {
			return nil, err
		}
	}
	return left, nil
}

// listAgain reads a window, and returns the items that were not in it.
func (c *Client) listAgain(ctx context.Context, res Resource, span window, items []Item, give func(result)) (missing []Item, err error) {
	awaited := map[string]bool{}
	for _, i := range items {
		awaited[i.ID] = true
	}
	p := pager{client: c, resource: res, window: span, top: c.ServerTime().Unix()}
	for done := false; !done; {
		var objects []Object
		if objects, done, err = p.next(ctx); err != nil {
			return nil, err
		}
		for _, o := range objects {
			delete(awaited, o.ID)
		}
		give(result{objects: objects})
	}
	return slices.DeleteFunc(slices.Clone(items), func(i Item) bool { return !awaited[i.ID] }), nil
}
