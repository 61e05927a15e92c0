package extract

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

// open plans the window from what is covered up to end, if that is new.
func (p *progress) open(end int64, variants []string) {
	if end <= p.High {
		return
	}
	from := p.From
	if back := p.High - lookBack; p.High > 0 && (from == nil || back > *from) {
		from = &back
	}
	if from != nil && *from >= end {
		return
	}
	p.Goal = end
	p.plan(from, end, variants)
}

// plan adds [gte, lt) once for each variant of the list.
func (p *progress) plan(gte *int64, lt int64, variants []string) {
	for _, v := range variants {
		p.Windows = append(p.Windows, window{GTE: gte, LT: lt, Variant: v})
	}
}

// newest is the index of the newest open window that begins inside the range;
// -1 if there is none.
func (p *progress) newest(r Range) int {
	best := -1
	for i, w := range p.Windows {
		begins := w.GTE == nil || r.before(*w.GTE)
		if begins && (best < 0 || w.LT > p.Windows[best].LT) {
			best = i
		}
	}
	return best
}
