package extract

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"
)

// Estimate is the approximate number of objects in a span of a list.
//
// It is made from a few pages. Each page shows exactly the objects between the second
// below which it was requested and its oldest object, and the density at both ends. For
// the stretch between two pages Objects assumes the average density of the ends, Low
// the lower density and High the higher one. So a burst that lies completely between
// two pages is not seen.
//
// TestEstimates measures the error: mostly a tenth, and a third where days are much
// busier than nights.
type Estimate struct {
	Low, Objects, High int64
	Exact              bool  // the pages held all objects
	AtLeast            bool  // a single second holds more objects than a page, and their number is unknown
	Nested             int64 // nested lists that Stripe cut short, extrapolated from the pages

	Newest []Object // the newest page

	stretches []stretch
}

// stretch is [from, to) of created in Unix seconds, with the number of objects in it.
type stretch struct {
	from, to         int64
	low, about, high float64
}

const (
	// most is the most pages of an estimate.
	most = 32
	// short is the number of pages of an estimate without doubt, which look at parts
	// not yet seen. A list that fits in half as many is read to its end.
	short = 20
	// settled ends the estimate earlier: the doubt about all stretches between pages is
	// at most this share of the whole.
	settled = 0.1
	// unseen is the doubt about a stretch whose ends agree, as a share of its estimated
	// number of objects.
	unseen = 0.25
	// gallop is the factor by which each page is further back than all before, while
	// the beginning is unknown.
	gallop = 8

	// burst is the factor by which a burst is denser than its surroundings; days are
	// several times as dense as nights.
	burst = 32

	pageful = 100   // objects
	day     = 86400 // seconds
)

// firstObjects is a time before the oldest possible object. Stripe: it began in 2010.
var firstObjects = time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC).Unix()

// Estimate probes a span of a stream's list with at most 32 requests, and with a single
// one if that page holds all objects. Errors are those of [Client.Pages].
func (c *Client) Estimate(ctx context.Context, res Resource, s Span) (Estimate, error) {
	e := estimator{floor: firstObjects, to: s.To.Unix()}
	var gte *int64
	if !s.From.IsZero() {
		gte = new(s.From.Unix())
		e.floor, e.bounded = *gte, true
	}
	var newest []Object
	for at, ok := e.to, e.floor < e.to; ok; at, ok = e.next() {
		p, objects, err := c.probe(ctx, res, s.Variant, gte, at)
		if err != nil {
			return Estimate{}, fmt.Errorf("probe %s: %w", res.Name, err)
		}
		if e.probes == nil {
			newest = objects
		}
		e.add(p)
	}
	found := e.estimate()
	found.Newest = newest
	return found, nil
}

// Since returns the approximate number of objects created at or after a time.
func (e Estimate) Since(t time.Time) int64 {
	var sum float64
	for _, s := range e.stretches {
		if from := max(s.from, t.Unix()); from < s.to {
			sum += s.about * float64(s.to-from) / float64(s.to-s.from)
		}
	}
	return int64(math.Round(sum))
}

// estimator collects the pages of an estimate.
type estimator struct {
	floor, to int64   // Unix seconds
	bounded   bool    // the caller gave the floor; otherwise nothing is known of the beginning
	probes    []probe // newest first
}

func (e *estimator) add(p probe) {
	e.probes = append(e.probes, p)
	slices.SortFunc(e.probes, func(a, b probe) int { return cmp.Compare(b.lt, a.lt) })
}

// next returns the second below which the next page helps most. ok is false if no page
// helps.
func (e *estimator) next() (at int64, ok bool) {
	if len(e.probes) == most {
		return 0, false
	}
	var total, unread, doubt float64
	var worst gap
	for _, s := range e.seen() {
		total += s.about
	}
	for _, g := range e.gaps() {
		total, unread = total+g.about, unread+g.about
		if d := g.high - g.low + unseen*g.about; d >= doubt && g.to-g.from > 1 {
			worst, doubt = g, d
		}
	}
	above := worst.above
	switch {
	case worst.to == 0:
		return 0, false
	case above.crowded():
		return worst.to, true
	case worst.to+1 < above.lt && (unread <= float64((short-len(e.probes))*pageful)/2 || above.bottom() > burst*above.mean()):
		return worst.to + 1, true // so little remains that it is read, or a burst begins there
	case doubt <= settled*total:
		return e.longest()
	case worst.from == e.floor:
		return e.further(worst), true
	}
	return e.inside(worst), true
}

// longest looks into the longest gap for a burst without other evidence, such as an
// import at the beginning of the list.
func (e *estimator) longest() (at int64, ok bool) {
	var longest gap
	for _, g := range e.gaps() {
		if g.to-g.from > longest.to-longest.from {
			longest = g
		}
	}
	long := (e.to - longest.to) / short
	return e.inside(longest), len(e.probes) < short && longest.to-longest.from > long && longest.from > e.floor
}

// inside returns the middle of the gap between two pages, but at another time of day
// for each page, because nights are quiet. The golden section spreads these times. If
// one of the pages is in a burst, the result is nearer to that one.
func (e *estimator) inside(g gap) int64 {
	length := g.to - g.from
	middle := g.from + length/2
	if length < 2*day {
		return middle
	}
	near := int64(math.Sqrt(float64(length*pageful) / max(g.above.bottom(), g.below.top(), 1e-9)))
	switch above, below := g.above.bottom(), g.below.top(); {
	case below > 0 && above > burst*below && near < length/2:
		return g.to - near
	case above > 0 && below > burst*above && near < length/2:
		return g.from + near
	}
	_, part := math.Modf(float64(len(e.probes)) * math.Phi)
	return middle - middle%day + int64(part*day)
}

// further returns the second to look at next below all pages.
func (e *estimator) further(tail gap) int64 {
	if at := e.to - gallop*max(e.to-tail.to, 1); at > e.floor {
		return at
	}
	middle := e.inside(tail)
	if !e.bounded {
		return middle
	}
	// As near to the end as makes one page.
	return min(middle, e.floor+max(tail.above.lt-tail.to, 1))
}

// seen returns the stretches that pages cover.
func (e *estimator) seen() []stretch {
	var out []stretch
	for i, p := range e.probes {
		s := stretch{from: p.last(e.floor), to: p.lt}
		n := len(p.created)
		if i+1 < len(e.probes) && s.from < e.probes[i+1].lt { // the next page begins inside this one
			s.from = e.probes[i+1].lt
			n = slices.IndexFunc(append(slices.Clone(p.created), math.MinInt64), func(at int64) bool { return at < s.from })
		}
		s.low, s.about, s.high = float64(n), float64(n), float64(n)
		out = append(out, s)
	}
	return out
}

// gap is a stretch between two pages, or below all pages.
type gap struct {
	stretch
	above, below probe // the pages around it; for the gap below all pages, below is empty
}

// gaps returns the stretches that no page covers.
func (e *estimator) gaps() []gap {
	var out []gap
	for i, p := range e.probes {
		from, next := e.floor, probe{}
		if i+1 < len(e.probes) {
			next = e.probes[i+1]
			from = next.lt
		}
		below := []float64{next.mean(), next.top()}
		if i+1 == len(e.probes) && e.bounded {
			below[0] = p.mean() // nothing shows that the list ends earlier
		}
		if to := p.last(e.floor); p.more && from < to {
			out = append(out, gap{between(from, to, []float64{p.mean(), p.bottom()}, below), p, next})
		}
	}
	return out
}

// between estimates a stretch from the densities above and below it: those of the whole
// pages, and those at their ends. Over a day or more the ends say little: a page that
// was requested at night ends in the evening before.
func between(from, to int64, above, below []float64) stretch {
	length, which := float64(to-from), 0
	if to-from < day {
		which = 1
	}
	return stretch{
		from: from, to: to,
		low:   min(slices.Min(above), slices.Min(below)) * length,
		about: (above[which] + below[which]) / 2 * length,
		high:  max(slices.Max(above), slices.Max(below)) * length,
	}
}

func (e *estimator) estimate() Estimate {
	found := Estimate{stretches: e.seen()}
	for _, g := range e.gaps() {
		found.stretches = append(found.stretches, g.stretch)
	}
	found.Exact = len(found.stretches) == len(e.probes)
	var least, about, below, above float64
	var listed, cut int
	for _, s := range found.stretches {
		if about += s.about; s.low == s.high {
			least += s.about
		}
		below += (s.about - s.low) * (s.about - s.low)
		above += (s.high - s.about) * (s.high - s.about)
	}
	for _, p := range e.probes {
		listed, cut = listed+len(p.created), cut+p.cut
		if p.crowded() {
			found.AtLeast, found.Exact = true, false
		}
	}
	// The errors of the stretches are independent. Twice this deviation contained the
	// true number in nine of ten cases (TestEstimates).
	found.Low, found.High = int64(max(least, about-2*math.Sqrt(below))), int64(math.Ceil(about+2*math.Sqrt(above)))
	found.Objects = int64(math.Round(about))
	if listed > 0 {
		found.Nested = int64(math.Round(about * float64(cut) / float64(listed)))
	}
	return found
}
