package extract

import (
	"slices"
	"time"
)

// Interval is [From, To) in created, UTC. A zero From is the beginning.
type Interval struct{ From, To time.Time }

// Coverage says which part of a stream has been read: [From, Through) without Gaps.
type Coverage struct {
	From    time.Time  // UTC; zero: since the beginning
	Through time.Time  // UTC, exclusive; zero: nothing has been read
	AsOf    time.Time  // UTC: changes before it are read too; zero: no changes were followed yet
	Gaps    []Interval // still open, oldest first, not overlapping
	Again   bool       // the whole stream is being listed again; until then changes before AsOf may be missing
}

// Complete returns the span that is complete: the longest part of [From, Through)
// without a gap, and of two equal ones the later. A span since the beginning is the
// longest: a run that is stopped while it reads new objects does not reduce what was
// complete before. To is zero if nothing is complete.
func (v Coverage) Complete() (best Interval) {
	from := v.From
	for _, gap := range append(slices.Clone(v.Gaps), Interval{From: v.Through, To: v.Through}) {
		if span := (Interval{from, gap.From}); span.To.After(span.From) && span.length() >= best.length() {
			best = span
		}
		from = gap.To
	}
	return best
}

func (i Interval) length() time.Duration { return i.To.Sub(i.From) } // saturates, so a zero From is longest

// Whole reports whether something is read and there are no gaps in it.
func (v Coverage) Whole() bool { return !v.Through.IsZero() && len(v.Gaps) == 0 }

// Settled returns the spans that are read and that no later window lists again, oldest
// first. An object that is missing in them will come by no list.
func (v Coverage) Settled() []Interval {
	end := v.Through.Add(-lookBack * time.Second)
	var spans []Interval
	from := v.From
	for _, gap := range append(slices.Clone(v.Gaps), Interval{From: end}) {
		if to := earlier(gap.From, end); to.After(from) {
			spans = append(spans, Interval{from, to})
		}
		from = gap.To
	}
	return spans
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Coverage returns what has been read up to this cursor. The error is that of a cursor
// that is damaged or comes from a newer program.
func (c Cursor) Coverage() (Coverage, error) {
	p, err := c.decode()
	if err != nil {
		return Coverage{}, err
	}
	v := Coverage{Again: p.Relist}
	if through := max(p.High, p.Goal); through > 0 {
		v.Through = time.Unix(through, 0).UTC()
	}
	if p.AsOf > 0 {
		v.AsOf = time.Unix(p.AsOf, 0).UTC()
	}
	if p.From != nil {
		v.From = time.Unix(*p.From, 0).UTC()
	}
	for _, w := range p.Windows {
		if gap, open := p.unread(w); open && !w.Again {
			v.Gaps = append(v.Gaps, gap)
		}
	}
	v.Gaps = merged(v.Gaps)
	return v, nil
}

// unread returns the part of w of which nothing has been read completely yet. It
// returns false if that part is empty.
func (p *progress) unread(w window) (Interval, bool) {
	from, to := w.GTE, w.LT
	if w.Last != nil {
		to = min(to, *w.Last+1) // newest first: all above has been read
	}
	if p.High > 0 && w.LT > p.High && (from == nil || *from < p.High) {
		from = &p.High // below High the window only looks back
	}
	if from == nil {
		return Interval{To: time.Unix(to, 0).UTC()}, true
	}
	return Interval{time.Unix(*from, 0).UTC(), time.Unix(to, 0).UTC()}, *from < to
}

// merged sorts intervals and joins those that touch: the variants of a resource leave
// the same gap twice.
func merged(in []Interval) []Interval {
	slices.SortFunc(in, func(a, b Interval) int { return a.From.Compare(b.From) })
	var out []Interval
	for _, next := range in {
		if n := len(out); n > 0 && !next.From.After(out[n-1].To) {
			if next.To.After(out[n-1].To) {
				out[n-1].To = next.To
			}
			continue
		}
		out = append(out, next)
	}
	return out
}
