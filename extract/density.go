package extract

import (
	"context"
)

// probe is one page of a list, as evidence of the list's density.
type probe struct {
	lt      int64   // the page was requested below this second
	created []int64 // created of its objects, newest first, without objects that have none
	more    bool
	cut     int // incomplete nested lists; each takes a request to complete
}

// probe requests the newest page of a list below a second. The log does not keep it.
func (c *Client) probe(ctx context.Context, res Resource, variant string, gte *int64, lt int64) (probe, []Object, error) {
	w := pager{client: c, resource: res, window: window{GTE: gte, LT: lt, Variant: variant}}
	page, err := w.fetch(ctx)
	if err == nil {
		err = c.checkMode(page.objects)
	}
	if err != nil {
		return probe{}, nil, w.locate(err)
	}
	p := probe{lt: lt, more: page.hasMore && !page.endless()}
	for _, o := range page.objects {
		if !o.Created.IsZero() {
			p.created = append(p.created, o.Created.Unix())
		}
		p.cut += len(IncompleteLists(o.Raw))
	}
	return p, page.objects, nil
}

// last returns the second down to which the page shows all objects.
func (p probe) last(floor int64) int64 {
	if !p.more || len(p.created) == 0 {
		return floor
	}
	return p.created[len(p.created)-1]
}

// crowded reports whether most of the page lies in one second, and more objects of it
// follow.
func (p probe) crowded() bool {
	n := len(p.created)
	return p.more && n > 1 && p.created[n/2] == p.created[n-1]
}

// The density at the end of a page is that of the nearest fifty objects. If the density
// of the nearest ten differs a lot, a burst begins or ends there.
const (
	wide, near = 50, 10
	another    = 4
)

// mean returns the density of the whole page, from the second below which it was
// requested. All densities are in objects a second.
func (p probe) mean() float64 {
	if n := len(p.created); n > 0 {
		return float64(n) / float64(max(p.lt-p.created[n-1], 1))
	}
	return 0
}

// top returns the density just below the second below which the page was requested.
func (p probe) top() float64 {
	return edge(len(p.created), func(k int) int64 { return p.lt - p.created[k-1] })
}

// bottom returns the density at the page's oldest object.
func (p probe) bottom() float64 {
	n := len(p.created)
	return edge(n-1, func(k int) int64 { return p.created[n-1-k] - p.created[n-1] })
}

func edge(n int, length func(k int) int64) float64 {
	if n <= 0 {
		return 0
	}
	density := func(k int) float64 { k = min(k, n); return float64(k) / float64(max(length(k), 1)) }
	d, at := density(wide), density(near)
	if at > another*d || at < d/another {
		return at
	}
	return d
}
