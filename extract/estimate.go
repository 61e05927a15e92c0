package extract

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"
)

// Estimate says about how many objects a span of a list holds.
//
// It is made from a few pages: each tells exactly what lies between the second
// it was asked below and its oldest object, and the density at both ends. What
// lies between two pages is taken to be as dense as the ends are on average, and
// to be at least as dense as the thinner and at most as dense as the denser one:
// that makes Low and High. So a burst that lies wholly between two pages is
// not seen.
type Estimate struct {
	Low, Objects, High int64
	Exact              bool // the pages held all there is
	AtLeast            bool // a single second holds more than a page, and how many it holds is unknown
	Nested             int64 // nested lists that Stripe cut short, as the pages have them

	Newest []Object // the newest page

	stretches []stretch
}

// stretch is [from, to) of created in Unix seconds, and the objects in it.
type stretch struct {
	from, to         int64
	low, about, high float64
}

const (
	// most is how many pages an estimate takes.
	most = 20
	// settled ends it earlier: no stretch between two pages is doubtful for more
	// than this share of the whole.
	settled = 0.1
	// unseen is the doubt about a stretch whose ends agree, as a share of what it
	// seems to hold.
	unseen = 0.25
	// gallop is how much further back than all before the next page is asked for
	// while the beginning is unknown.
	gallop = 8
)

// firstObjects is before the oldest object there can be. Stripe: it began in 2010.
var firstObjects = time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC).Unix()

// Estimate probes a span of a stream's list with at most twenty requests, and
// with one where that page holds it all. Errors are those of [Client.Pages].
func (c *Client) Estimate(ctx context.Context, stream string, s Span) (Estimate, error) {
	res, err := resourceOf(stream)
	if err != nil {
		return Estimate{}, err
	}
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
			return Estimate{}, fmt.Errorf("probe %s: %w", stream, err)
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

// Since is about how many of the objects were created at a time or after.
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
	bounded   bool    // the floor was asked for; otherwise nothing is known of the beginning
	probes    []probe // newest first
}

func (e *estimator) add(p probe) {
	e.probes = append(e.probes, p)
	slices.SortFunc(e.probes, func(a, b probe) int { return cmp.Compare(b.lt, a.lt) })
}

// next is the second below which the next page helps most; ok is false where
// none does.
func (e *estimator) next() (at int64, ok bool) {
	if len(e.probes) >= most {
		return 0, false
	}
	var total, doubt float64
	var worst stretch
	for _, s := range e.seen() {
		total += s.about
	}
	gaps := e.gaps()
	for _, s := range gaps {
		total += s.about
		if d := s.high - s.low + unseen*s.about; d > doubt && s.to-s.from > 1 {
			worst, doubt = s, d
		}
	}
	if doubt <= settled*total {
		return 0, false
	}
	if worst.from == e.floor {
		return e.further(worst), true
	}
	return worst.from + (worst.to-worst.from)/2, true
}

// further is where to look next in what lies below all pages.
func (e *estimator) further(tail stretch) int64 {
	if at := e.to - gallop*max(e.to-tail.to, 1); at > e.floor {
		return at
	}
	middle := tail.from + (tail.to-tail.from)/2
	if !e.bounded {
		return middle
	}
	// As near to the end as makes one page.
	oldest := e.probes[len(e.probes)-1]
	return min(middle, e.floor+max(oldest.lt-oldest.last(e.floor), 1))
}

// seen are the stretches that pages cover.
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

// gaps are the stretches between the pages, and below them.
func (e *estimator) gaps() []stretch {
	var out []stretch
	for i, p := range e.probes {
		s, below := stretch{from: e.floor, to: p.last(e.floor)}, 0.0
		if i+1 < len(e.probes) {
			s.from, below = e.probes[i+1].lt, e.probes[i+1].top()
		}
		if !p.more || s.from >= s.to {
			continue
		}
		if i+1 == len(e.probes) && e.bounded {
			below = p.bottom() // nothing says that it becomes less
		}
		length, above := float64(s.to-s.from), p.bottom()
		s.low, s.about, s.high = min(above, below)*length, (above+below)/2*length, max(above, below)*length
		out = append(out, s)
	}
	return out
}

func (e *estimator) estimate() Estimate {
	gaps := e.gaps()
	found := Estimate{Exact: len(gaps) == 0, stretches: append(e.seen(), gaps...)}
	var low, about, high float64
	var listed, cut int
	for _, s := range found.stretches {
		low, about, high = low+s.low, about+s.about, high+s.high
	}
	for _, p := range e.probes {
		listed, cut = listed+len(p.created), cut+p.cut
		if p.crowded() {
			found.AtLeast, found.Exact = true, false
		}
	}
	found.Low, found.Objects, found.High = int64(low), int64(math.Round(about)), int64(math.Ceil(high))
	if listed > 0 {
		found.Nested = int64(math.Round(about * float64(cut) / float64(listed)))
	}
	return found
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

// top is the density below the second that the page was asked for, in objects a
// second.
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
