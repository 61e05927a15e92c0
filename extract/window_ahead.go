package extract

import "math"

// withAhead adds to a step how many objects are left after it.
func (s *scheduler) withAhead(step pageStep) pageStep {
	if n, known := s.objectsLeft(); known {
		step.ahead = &n
	}
	return step
}

// remainder is what is left of a window, as of its newest page. While a request of the
// pager is in flight, only this may be read of it.
type remainder struct {
	seconds float64 // of created
	known   bool    // false if nobody knows where the window ends
	seen    density
}

// objectsLeft estimates how many objects the open windows still have. It costs no
// request: each window's newest pages show a density, and a window without a page gets
// the mean density of the others. known is false if the first page is still to come, or
// if a window has no end that anybody knows.
func (s *scheduler) objectsLeft() (n int64, known bool) {
	var objects, seconds, rest float64
	for _, p := range s.pagers {
		switch left := p.left; {
		case !left.known:
			return 0, false
		case left.seen.seconds > 0:
			objects, seconds = objects+left.seen.objects/left.seen.seconds*left.seconds, seconds+left.seconds
		default:
			rest += left.seconds
		}
	}
	if rest > 0 {
		if seconds == 0 {
			return 0, false
		}
		objects += rest * objects / seconds
	}
	return int64(math.Round(objects)), true
}

// noteLeft records what is left of a pager's window. The pager has no request in
// flight. A window without a lower end is taken to end where the account begins.
func (s *scheduler) noteLeft(p *pager) {
	p.left = remainder{known: true, seen: p.seen}
	from := s.client.began.Load()
	if p.window.GTE != nil {
		from = *p.window.GTE
	} else if from == 0 || p.window.Last != nil && from >= *p.window.Last { // objects that are older than their account
		p.left.known = false
	}
	p.left.seconds = float64(max(p.readDownTo()-from, 0))
}

// density is how many objects there are in how many seconds of created.
type density struct{ objects, seconds float64 }

// add adds a page. Older pages count less and less: about the last ten decide, enough to
// even out days and nights, and few enough to follow a business that grows.
func (d *density) add(objects int, seconds int64) {
	const kept = 0.9
	d.objects, d.seconds = kept*d.objects+float64(objects), kept*d.seconds+float64(max(seconds, 0))
}
