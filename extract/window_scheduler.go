package extract

import (
	"context"
	"math"
	"slices"
)

const (
	// splitPages is the number of pages that a window keeps when it is split,
	// if more may follow below it. Each window costs about half a page more
	// than its objects fill, so splitting costs some three requests in a
	// hundred.
	splitPages = 24
	// minSplitPages is the number of pages that a window must seem to hold to
	// be worth splitting.
	minSplitPages = 8
	// pagesBeforeSplit is the number of pages that are read before the first
	// split. Most lists are shorter, and a split would only cost a request.
	pagesBeforeSplit = 3
	// bufferedPages is the number of pages that wait for the consumer, in addition to
	// those in flight.
	bufferedPages = 3
)

// A scheduler reads windows of one list concurrently. Each page of a window has to wait
// for the previous one, so reading one window after the other would leave most of the
// account's rate unused. If too few windows are open, the scheduler splits the largest
// one, by the density of its newest page. It needs no estimate of the distribution in
// time beforehand.
type scheduler struct {
	client   *Client
	resource Resource
	pagers   []*pager // of the windows that are not read to their end
	pages    int      // read so far
	inFlight int
	results  chan fetched
	stopped  error // why no further request is sent
}

// fetched is one page of a pager, or the error.
type fetched struct {
	pager *pager
	pageStep
	done bool
}

// pageStep is one page, and the windows that are left to read of the page's
// window.
type pageStep struct {
	window  window // as it was before the page
	left    []window
	objects []Object
	ahead   *int64 // about how many objects the windows still have; nil: unknown
	err     error
}

// newScheduler returns a scheduler of windows. top is an upper bound of all
// windows of the list, those that are already read included.
func newScheduler(c *Client, res Resource, windows []window, top int64) *scheduler {
	s := &scheduler{client: c, resource: res, results: make(chan fetched, maxWidth)}
	for _, w := range windows {
		p := &pager{client: c, resource: res, window: w, top: top}
		s.noteLeft(p)
		s.pagers = append(s.pagers, p)
	}
	return s
}

// run reads all windows. It returns the pages in an order that a cursor can
// follow, and ends with the first error or with the context.
func (s *scheduler) run(ctx context.Context) <-chan pageStep {
	steps := make(chan pageStep, bufferedPages)
	go func() {
		defer close(steps)
		ctx, stop := context.WithCancel(ctx)
		defer func() {
			stop()
			for ; s.inFlight > 0; s.inFlight-- {
				<-s.results
			}
		}()
		for s.start(ctx); s.inFlight > 0; s.start(ctx) {
			step := s.finish(<-s.results)
			if IsStopped(step.err) { // pages in flight are still good
				s.stopped = step.err
				continue
			}
			select {
			case steps <- s.withAhead(step):
			case <-ctx.Done():
				return
			}
			if s.pagers == nil {
				return
			}
		}
		if s.stopped != nil {
			select {
			case steps <- pageStep{err: s.stopped}:
			case <-ctx.Done():
			}
		}
	}()
	return steps
}

// start begins the next request of idle pagers, those of the newest windows
// first, as far as the endpoint's width allows.
func (s *scheduler) start(ctx context.Context) {
	width := s.client.width(s.resource.Path)
	for _, p := range s.pagers {
		if s.inFlight >= width {
			return
		}
		if p.inFlight {
			continue
		}
		p.inFlight = true
		s.inFlight++
		go func() {
			page := fetched{pager: p, pageStep: pageStep{window: p.window}}
			page.objects, page.done, page.err = p.next(ctx)
			s.results <- page
		}()
	}
}

// finish records a page, and splits its window if there is room for another pager.
func (s *scheduler) finish(page fetched) pageStep {
	page.pager.inFlight = false
	s.inFlight--
	s.pages++
	i := slices.Index(s.pagers, page.pager)
	page.pager.estimate = page.pager.pagesLeft()
	s.noteLeft(page.pager)
	switch {
	case page.err != nil && !IsStopped(page.err):
		s.pagers = nil
		return page.pageStep
	case page.done, page.err != nil:
		s.pagers = slices.Delete(s.pagers, i, i+1)
		return page.pageStep
	}
	if lower := s.split(page.pager); lower != nil {
		s.pagers = slices.Insert(s.pagers, i+1, lower)
		page.left = []window{page.pager.window, lower.window}
		return page.pageStep
	}
	page.left = []window{page.pager.window}
	return page.pageStep
}

// split gives the lower part of a window to a new pager. The window has no request in
// flight, so no request has reached that part. split returns nil if it is better not to
// split the window.
func (s *scheduler) split(p *pager) *pager {
	left := p.estimate
	if s.pages < pagesBeforeSplit || len(s.pagers) >= s.client.width(s.resource.Path) || left < minSplitPages {
		return nil
	}
	for _, other := range s.pagers {
		if other.estimate > 2*left {
			return nil // that one will be split when its page arrives
		}
	}
	at := p.splitPoint()
	if at < 1 {
		return nil
	}
	lower := &pager{client: s.client, resource: s.resource, rate: p.rate, seen: p.seen, window: p.window, top: p.top}
	lower.window.After, lower.window.Last = "", nil
	lower.window.LT = at
	p.window.GTE = &at
	p.estimate, lower.estimate = p.pagesLeft(), lower.pagesLeft()
	s.noteLeft(p)
	s.noteLeft(lower)
	return lower
}

// pagesLeft estimates the number of pages that the window still has.
func (p *pager) pagesLeft() float64 {
	switch {
	case p.rate == 0:
		return 0
	case p.window.GTE == nil:
		return math.Inf(1)
	}
	return p.rate * float64(p.readDownTo()-*p.window.GTE) / float64(p.client.limit)
}

// readDownTo returns the second down to which the window is read.
func (p *pager) readDownTo() int64 {
	if p.window.Last != nil {
		return *p.window.Last
	}
	return p.window.LT
}

// splitPoint returns where to split what is left of a window: in the middle,
// but leaving no more than splitPages to the upper part.
func (p *pager) splitPoint() int64 {
	last := p.readDownTo()
	span := int64(min(splitPages*float64(p.client.limit)/p.rate, 1<<40))
	if p.window.GTE != nil {
		span = min(span, (last-*p.window.GTE)/2)
	}
	return last - span
}

// maxWidth limits the number of concurrent requests for pages of a list. Each page has
// some hundred kilobytes, and six lists are read at a time.
const maxWidth = 8

// width returns the number of requests that have to be in flight at an endpoint
// to use its rate, given how long answers take.
func (c *Client) width(endpoint string) int {
	// Stripe: no account may send more than 100 requests a second.
	rate := min(c.limiter.rate(endpoint), 100)
	return min(max(int(math.Ceil(1.5*rate*c.latency.seconds())), 2), maxWidth)
}
