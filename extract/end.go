package extract

import (
	"context"
	"errors"
	"hash/maphash"
	"slices"
)

// end finds out where a list ends of which the server says has_more with no data.
// Such an answer says nothing by itself: it may be a fault, and all that is older
// would be left unread.
//
// Where a page came before, the second of its last object is asked for once more,
// whole (created[lte]); without a created that is the window. It brings what is
// known, so that the server is seen to answer; if it brings nothing else, the list
// has ended. A window that begins so is empty if the list, asked without the
// window's lower end, goes on below it; and one without a lower end if the list
// ends above it.
type end struct {
	oldest   int64               // created, in Unix seconds
	known    map[uint64]struct{} // hashes of what came of that second, and without a created
	checking bool                // the second is asked for once more
	fresh    bool                // that has brought something unknown
	strict   bool                // no data is a fault that is asked again, until a page has come
}

var hashSeed = maphash.MakeSeed()

// note takes in the objects of a page, the newest first.
func (e *end) note(page []Object) {
	e.strict = false
	for _, o := range page {
		if at := o.Created.Unix(); e.known == nil || !o.Created.IsZero() && at < e.oldest {
			e.oldest, e.known = at, map[uint64]struct{}{}
		}
		hash := maphash.String(hashSeed, o.ID)
		if o.ID == "" {
			hash = maphash.Bytes(hashSeed, o.Raw)
		}
		if _, known := e.known[hash]; !known {
			e.known[hash], e.fresh = struct{}{}, true
		}
	}
}

// reached reports that the list has no more than what is known. last says that
// the page was not full: behind a full one may stand what is still unknown.
func (e *end) reached(last bool) bool {
	if e.fresh {
		e.checking = false
	}
	return e.checking && last
}

// insisted reports that no data came however often it was asked for, where nothing
// else is to be told by.
func (e *end) insisted(err error) bool {
	m, ok := errors.AsType[*malformed](err)
	return ok && m.what == errEndless.Error() && e.checking && !e.fresh
}

// tolerant reports whether a page with has_more and no data may be the end.
func (w *pager) tolerant() bool {
	return w.lenient || !w.end.strict && (w.window.After != "" || w.window.GTE != nil || w.window.LT < w.top)
}

// over decides that after a page with has_more and no data. If it reports false,
// the pager is where it has to go on.
func (w *pager) over(ctx context.Context) (bool, error) {
	if w.window.After == "" {
		empty, err := w.empty(ctx)
		w.end.strict = true
		return empty, err
	}
	if w.end.checking && !w.end.fresh {
		w.end.strict = true // every page of the second came once more, and was full: by chance?
		return false, nil
	}
	w.end.checking, w.end.fresh = true, false
	if !w.restart() {
		return false, &malformed{what: errEndless.Error()}
	}
	return false, nil
}

// empty reports that the list holds nothing between the window's ends.
func (w *pager) empty(ctx context.Context) (bool, error) {
	page, err := w.below(w.window.LT).fetch(ctx)
	if err == nil && page.endless() { // by chance?
		page, err = w.below(w.window.LT).fetch(ctx)
	}
	switch {
	case err != nil:
		return false, err
	case page.endless():
		return w.belowAll(ctx)
	case len(page.objects) == 0 || w.window.GTE == nil:
		return len(page.objects) == 0, nil
	}
	newest := page.objects[0].Created // what has none is listed last
	return newest.IsZero() || newest.Unix() < *w.window.GTE, nil
}

// belowAll reports that the list ends above the window: it looks for the oldest
// objects that the list shows, up to where windows end.
func (w *pager) belowAll(ctx context.Context) (bool, error) {
	var page decodedPage
	var err error
	lo, hi := w.window.LT, w.window.LT // below lo is nothing, below hi the page
	for step := int64(24 * 3600); len(page.objects) == 0; step *= 8 {
		if lo = hi; lo >= w.top {
			return false, nil
		}
		hi = min(w.window.LT+step, w.top)
		if page, err = w.below(hi).fetch(ctx); err != nil || len(page.objects) == 0 && !page.hasMore {
			return err == nil, err
		}
	}
	for len(page.objects) >= w.limit() && hi-lo > 1 {
		middle := lo + (hi-lo)/2
		next, err := w.below(middle).fetch(ctx)
		switch {
		case err != nil:
			return false, err
		case len(next.objects) == 0:
			lo = middle
		default:
			hi, page = middle, next
		}
	}
	oldest := w.below(hi) // of many objects in one second there are more pages
	oldest.lenient = false
	for done := false; !done; {
		var objects []Object
		if objects, done, err = oldest.next(ctx); err != nil {
			return false, err
		}
		if slices.ContainsFunc(objects, w.window.holds) {
			return false, nil
		}
	}
	return true, nil
}

// holds reports an object that is created in the window. What has no created is
// in one without a lower end.
func (w window) holds(o Object) bool {
	if w.GTE == nil {
		return o.Created.IsZero() || o.Created.Unix() < w.LT
	}
	return !o.Created.IsZero() && o.Created.Unix() < w.LT && o.Created.Unix() >= *w.GTE
}

// below is a pager of all that the list shows below a second, be it nothing.
func (w *pager) below(lt int64) *pager {
	return &pager{client: w.client, resource: w.resource, window: window{LT: lt, Variant: w.window.Variant}, lenient: true}
}
