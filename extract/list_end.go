package extract

import (
	"context"
	"errors"
	"hash/maphash"
	"slices"
)

// end finds out where a list ends if the server says has_more with no data.
// Such an answer proves nothing by itself: it may be a fault, and everything
// older would stay unread.
//
// Where a page came before, the second of its last object is requested once
// more, completely (created[lte]); without a created the whole window is. The
// answer has objects that are known already, which shows that the server
// answers. If it has no others, the list has ended. If a window begins with
// such an answer, it is empty if the list, requested without the window's lower
// end, continues below the window. A window without a lower end is empty if the
// list ends above it.
type end struct {
	oldest   int64               // created, in Unix seconds
	known    map[uint64]struct{} // hashes of the objects that came of that second, and of those without a created
	checking bool                // the second is being requested once more
	fresh    bool                // that request has brought an unknown object
	strict   bool                // until the next page, no data is a fault: retry
}

var hashSeed = maphash.MakeSeed()

// note records the objects of a page, newest first.
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

// reached reports that the list has no more objects than the known ones. last
// says that the page was not full: behind a full page there may be unknown
// ones.
func (e *end) reached(last bool) bool {
	if e.fresh {
		e.checking = false
	}
	return e.checking && last
}

// insisted reports that every retry brought no data, while there is nothing
// else to decide by.
func (e *end) insisted(err error) bool {
	m, ok := errors.AsType[*malformed](err)
	return ok && m.what == errEndless.Error() && e.checking && !e.fresh
}

// tolerant reports whether a page with has_more and no data may be the end.
func (p *pager) tolerant() bool {
	return p.lenient || !p.end.strict && (p.window.After != "" || p.window.GTE != nil || p.window.LT < p.top)
}

// over decides whether the list has ended after a page with has_more and no
// data. If it returns false, the pager is at the position where it has to
// continue.
func (p *pager) over(ctx context.Context) (bool, error) {
	if p.window.After == "" {
		empty, err := p.empty(ctx)
		p.end.strict = true
		return empty, err
	}
	if p.end.checking && !p.end.fresh {
		p.end.strict = true // every page of that second came once more and was full, perhaps by chance
		return false, nil
	}
	p.end.checking, p.end.fresh = true, false
	if !p.restart() {
		return false, &malformed{what: errEndless.Error()}
	}
	return false, nil
}

// empty reports that the list has no objects between the window's ends.
func (p *pager) empty(ctx context.Context) (bool, error) {
	page, err := p.below(p.window.LT).fetch(ctx)
	if err == nil && page.endless() { // perhaps by chance
		page, err = p.below(p.window.LT).fetch(ctx)
	}
	switch {
	case err != nil:
		return false, err
	case page.endless():
		return p.belowAll(ctx)
	case len(page.objects) == 0 || p.window.GTE == nil:
		return len(page.objects) == 0, nil
	}
	newest := page.objects[0].Created // objects without created are listed last
	return newest.IsZero() || newest.Unix() < *p.window.GTE, nil
}

// belowAll reports that the list ends above the window. It looks for the oldest
// objects that the list shows, up to where windows end.
func (p *pager) belowAll(ctx context.Context) (bool, error) {
	var page decodedPage
	var err error
	lo, hi := p.window.LT, p.window.LT // nothing is below lo; the page is below hi
	for step := int64(24 * 3600); len(page.objects) == 0; step *= 8 {
		if lo = hi; lo >= p.top {
			return false, nil
		}
		hi = min(p.window.LT+step, p.top)
		if page, err = p.below(hi).fetch(ctx); err != nil || len(page.objects) == 0 && !page.hasMore {
			return err == nil, err
		}
	}
	for len(page.objects) >= p.limit() && hi-lo > 1 {
		middle := lo + (hi-lo)/2
		next, err := p.below(middle).fetch(ctx)
		switch {
		case err != nil:
			return false, err
		case len(next.objects) == 0:
			lo = middle
		default:
			hi, page = middle, next
		}
	}
	oldest := p.below(hi) // many objects of one second have more pages
	oldest.lenient = false
	for done := false; !done; {
		var objects []Object
		if objects, done, err = oldest.next(ctx); err != nil {
			return false, err
		}
		if slices.ContainsFunc(objects, p.window.holds) {
			return false, nil
		}
	}
	return true, nil
}

// holds reports an object that is created in the window. An object without
// created is in a window without a lower end.
func (w window) holds(o Object) bool {
	if w.GTE == nil {
		return o.Created.IsZero() || o.Created.Unix() < w.LT
	}
	return !o.Created.IsZero() && o.Created.Unix() < w.LT && o.Created.Unix() >= *w.GTE
}

// below returns a pager of all objects that the list shows below a second, which may be
// none.
func (p *pager) below(lt int64) *pager {
	return &pager{client: p.client, resource: p.resource, window: window{LT: lt, Variant: p.window.Variant}, lenient: true}
}
