package extract

import (
	"context"
)

// probe is what one page of a list tells of how many objects there are.
type probe struct {
	lt      int64   // the page was asked for below this second
	created []int64 // of its objects, newest first; those without are left out
	more    bool
	cut     int // nested lists that are cut short; each takes a request to complete
}

// probe asks for the newest page of a list below a second. Nothing of it is kept.
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

// last is the second down to which the page tells all.
func (p probe) last(floor int64) int64 {
	if !p.more || len(p.created) == 0 {
		return floor
	}
	return p.created[len(p.created)-1]
}

// crowded reports that most of the page, and more than it, lies in one second.
func (p probe) crowded() bool {
	n := len(p.created)
	return p.more && n > 1 && p.created[n/2] == p.created[n-1]
}

// The density at the end of a page is that of the nearest fifty objects. Where
// that of the nearest ten is quite another one, a burst begins or ends there.
const (
	wide, near = 50, 10
	another    = 4
)

// mean is the density of the page as a whole, from the second that it was asked
// for; like all densities in objects a second.
func (p probe) mean() float64 {
	if n := len(p.created); n > 0 {
		return float64(n) / float64(max(p.lt-p.created[n-1], 1))
	}
	return 0
}

// top is the density below the second that the page was asked for.
func (p probe) top() float64 {
	return edge(len(p.created), func(k int) int64 { return p.lt - p.created[k-1] })
}

// bottom is the density at the page's oldest object.
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
