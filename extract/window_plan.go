package extract

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// widen moves the beginning of the stream down to an earlier From, and plans
// what lies between. A stream that was never read just begins at From.
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

// openAt plans what a run lists that has read all that was planned before.
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

// open plans the window from what is covered up to end, if that is new.
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

// lookAgain plans, once a day (UTC), what was created so many seconds before the
// end of what is covered: what became listable long after its created is below
// where a new window begins. It goes before open, which moves that end.
func (p *progress) lookAgain(now, seconds int64, variants []string) {
	if seconds <= 0 || now/day == p.LookedBack/day {
		return
	}
	p.LookedBack = now
	from, to := p.High-seconds, p.High-lookBack // where a new window begins
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

// within returns the open windows of a variant that begin inside the range, the
// newest first.
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

// relist plans what is covered once more. What is still to be read for the first
// time needs no second.
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
			add(new(w.LT)) // nothing, where it lies above what is covered or looks back into it
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

// Stripe: events can be listed for 30 days. The hour is for those that would
// expire while a long list of them is walked.
const retention = 30*24*3600 - 3600

// expire moves the beginning of the events to where Stripe still has them, if
// what is to be read next lies before. Whoever followed them only up to there
// has missed some. A stream of events begins when it is first asked for: what
// happened before is in the objects that a backfill reads.
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
		return w.LT <= floor || w.Last != nil && *w.Last < floor // newest first: what is left is older still
	})
	for i := range p.Windows {
		if w := &p.Windows[i]; w.GTE != nil && *w.GTE < floor {
			w.GTE = &floor
		}
	}
}
