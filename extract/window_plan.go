package extract

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// widen moves the beginning of the stream down to an earlier From, and plans the window
// between. A stream that was never read just begins at From.
func (p *progress) widen(r Range, variants []string) {
	if r.From.IsZero() {
		return
	}
	var from *int64 // nil: the beginning
	if r.from() > 0 {
		from = new(r.from())
	}
	if p.High == 0 && len(p.Windows) == 0 {
		p.From = from
		return
	}
	if p.From == nil || r.from() >= *p.From || !r.before(r.from()) {
		return
	}
	old := *p.From
	p.From, p.Goal = from, max(p.Goal, p.High)
	if r.before(old) {
		p.plan(from, old, variants)
		return
	}
	p.plan(from, r.to(), variants)
	if r.to() < old {
		p.plan(new(r.to()), old, variants) // waits for a run without this To
	}
}

// openAt plans the new windows of a run that has read all earlier ones.
func (p *progress) openAt(now int64, r Range, res Resource) {
	end := now - lag
	if !r.before(end) {
		end = r.to()
	}
	if res.LooksBack() && end > p.High {
		p.lookAgain(now, int64(r.LookBack/time.Second), res.Variants)
	}
	p.open(end, res.Variants)
}

// open plans the window from the end of the covered part to end, if that is later.
func (p *progress) open(end int64, variants []string) {
	if end <= p.High {
		return
	}
	from := p.From
	if back := p.High - lookBack; back > 0 && (from == nil || back > *from) {
		from = &back
	}
	if from != nil && *from >= end {
		return
	}
	p.Goal = end
	p.plan(from, end, variants)
}

// lookAgain plans, once a day (UTC), a window of this many seconds before the end of
// the covered part: objects that became listable long after their created are below the
// start of a new window. It must come before open, which moves that end.
func (p *progress) lookAgain(now, seconds int64, variants []string) {
	if seconds <= 0 || now/day == p.LookedBack/day {
		return
	}
	p.LookedBack = now
	from, to := p.High-seconds, p.High-lookBack // to is where a new window begins
	if p.From != nil {
		from = max(from, *p.From)
	}
	if p.High == 0 || from >= to || to <= 0 {
		return
	}
	from, p.Goal = max(from, 0), max(p.Goal, p.High)
	for _, v := range variants {
		p.Windows = append(p.Windows, window{GTE: &from, LT: to, Variant: v, Again: true})
	}
}

// plan adds [gte, lt) once for each variant of the list.
func (p *progress) plan(gte *int64, lt int64, variants []string) {
	for _, v := range variants {
		p.Windows = append(p.Windows, window{GTE: gte, LT: lt, Variant: v})
	}
}

// within returns the open windows of a variant that begin inside the range, newest
// first.
func (p *progress) within(variant string, r Range) []window {
	var in []window
	for _, w := range p.Windows {
		if w.Variant == variant && (w.GTE == nil || r.before(*w.GTE)) {
			in = append(in, w)
		}
	}
	slices.SortFunc(in, func(a, b window) int { return cmp.Compare(b.LT, a.LT) })
	return in
}

// relist plans to read the covered part once more. It leaves out parts that must still
// be read for the first time.
func (p *progress) relist(variants []string) {
	open := slices.DeleteFunc(p.Windows, func(w window) bool { return w.Again })
	slices.SortFunc(open, func(a, b window) int { return cmp.Compare(b.LT, a.LT) })
	p.Windows = slices.Clone(open)
	for _, variant := range variants {
		end := p.High
		add := func(gte *int64) {
			if gte == nil || *gte < end {
				p.Windows = append(p.Windows, window{GTE: gte, LT: end, Variant: variant, Again: true})
			}
		}
		for _, w := range open {
			if w.Variant != variant {
				continue
			}
			add(new(w.LT)) // adds nothing if the window is above the covered part or looks back into it
			if w.GTE == nil {
				end = math.MinInt64 // nothing is below
				break
			}
			end = *w.GTE
		}
		if end > 0 {
			add(p.From)
		}
	}
	p.Goal = max(p.Goal, p.High)
}

// Stripe: events can be listed for 30 days. The hour is for events that would expire
// while a long list of them is read.
const retention = 30*24*3600 - 3600

// expire moves the beginning of the events to the oldest that Stripe still has, if the
// next part to read is older. A stream that followed events only up to there has missed
// some. The stream of events begins at its first request: the objects that a backfill
// reads include earlier changes.
func (p *progress) expire(now int64) {
	if p.High == 0 && len(p.Windows) == 0 {
		p.From = new(now - lag - lookBack)
		return
	}
	floor, unread := now-retention, p.High
	if p.High == 0 && p.From != nil {
		unread = *p.From
	}
	for _, w := range p.Windows {
		if w.GTE != nil {
			unread = min(unread, *w.GTE)
		}
	}
	if unread >= floor {
		return
	}
	p.From, p.High = &floor, max(p.High, floor)
	p.Windows = slices.DeleteFunc(p.Windows, func(w window) bool {
		return w.LT <= floor || w.Last != nil && *w.Last < floor // newest first: the rest is older still
	})
	for i := range p.Windows {
		if w := &p.Windows[i]; w.GTE != nil && *w.GTE < floor {
			w.GTE = &floor
		}
	}
}
