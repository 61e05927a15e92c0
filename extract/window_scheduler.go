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
	// bufferedPages is the number of pages that wait for the consumer, beside
	// those in flight.
	bufferedPages = 3
)

// A scheduler reads windows of one list side by side. Each page of a window has
// to wait for the one before it, so reading one window after the other would
// leave most of the account's rate unused. Where too few windows are open, the
// scheduler splits the one that holds most, by the density of its newest page.
// It needs no estimate of the distribution in time beforehand.
type scheduler struct {
	client   *Client
	resource Resource
	pagers   []*pager // of the windows that are not read to their end
	pages    int      // read so far
	inFlight int
	results  chan fetched
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
	err     error
}

// newScheduler returns a scheduler of windows. top is an upper bound of all
// windows of the list, those that are already read included.
func newScheduler(c *Client, res Resource, windows []window, top int64) *scheduler {
	f := &scheduler{client: c, resource: res, results: make(chan fetched, maxWidth)}
	for _, w := range windows {
		f.pagers = append(f.pagers, &pager{client: c, resource: res, window: w, top: top})
	}
	return f
}

// run reads all windows. It returns the pages in an order that a cursor can
// follow, and ends with the first error or with the context.
func (f *scheduler) run(ctx context.Context) <-chan pageStep {
	steps := make(chan pageStep, bufferedPages)
	go func() {
		defer close(steps)
		ctx, stop := context.WithCancel(ctx)
		defer func() {
			stop()
			for ; f.inFlight > 0; f.inFlight-- {
				<-f.results
			}
		}()
		for f.start(ctx); f.inFlight > 0; f.start(ctx) {
			select {
			case steps <- f.finish(<-f.results):
			case <-ctx.Done():
				return
			}
			if f.pagers == nil {
				return
			}
		}
	}()
	return steps
}

// start begins the next request of idle pagers, those of the newest windows
// first, as far as the endpoint's width allows.
func (f *scheduler) start(ctx context.Context) {
	width := f.client.width(f.resource.Path)
	for _, w := range f.pagers {
		if f.inFlight >= width {
			return
		}
		if w.inFlight {
			continue
		}
		w.inFlight = true
		f.inFlight++
		go func() {
			l := fetched{pager: w, pageStep: pageStep{window: w.window}}
			l.objects, l.done, l.err = w.next(ctx)
			f.results <- l
		}()
	}
}

// finish takes a page in, and splits its window if there is room for another
// pager.
func (f *scheduler) finish(l fetched) pageStep {
	l.pager.inFlight = false
	f.inFlight--
	f.pages++
	i := slices.Index(f.pagers, l.pager)
	l.pager.estimate = l.pager.pagesLeft()
	switch {
	case l.err != nil:
		f.pagers = nil
		return l.pageStep
	case l.done:
		f.pagers = slices.Delete(f.pagers, i, i+1)
		return l.pageStep
	}
	if lower := f.split(l.pager); lower != nil {
		f.pagers = slices.Insert(f.pagers, i+1, lower)
		l.left = []window{l.pager.window, lower.window}
		return l.pageStep
	}
	l.left = []window{l.pager.window}
	return l.pageStep
}

// split gives the lower part of a window to a pager of its own. The window has
// no request in flight, so no request has reached that part. split returns nil
// where the window is better left whole.
func (f *scheduler) split(w *pager) *pager {
	left := w.estimate
	if f.pages < pagesBeforeSplit || len(f.pagers) >= f.client.width(f.resource.Path) || left < minSplitPages {
		return nil
	}
	for _, other := range f.pagers {
		if other.estimate > 2*left {
			return nil // that one will be split when its page arrives
		}
	}
	at := w.splitPoint()
	if at < 1 {
		return nil
	}
	lower := &pager{client: f.client, resource: f.resource, rate: w.rate, window: w.window, top: w.top}
	lower.window.After, lower.window.Last = "", nil
	lower.window.LT = at
	w.window.GTE = &at
	w.estimate, lower.estimate = w.pagesLeft(), lower.pagesLeft()
	return lower
}

// pagesLeft estimates the number of pages that the window still has.
func (w *pager) pagesLeft() float64 {
	switch {
	case w.rate == 0:
		return 0
	case w.window.GTE == nil:
		return math.Inf(1)
	}
	return w.rate * float64(w.readDownTo()-*w.window.GTE) / float64(w.client.limit)
}

// readDownTo returns the second down to which the window is read.
func (w *pager) readDownTo() int64 {
	if w.window.Last != nil {
		return *w.window.Last
	}
	return w.window.LT
}

// splitPoint returns where to split what is left of a window: in the middle,
// but leaving no more than splitPages to the upper part.
func (w *pager) splitPoint() int64 {
	last := w.readDownTo()
	span := int64(min(splitPages*float64(w.client.limit)/w.rate, 1<<40))
	if w.window.GTE != nil {
		span = min(span, (last-*w.window.GTE)/2)
	}
	return last - span
}

// maxWidth bounds the pages of a list that are in flight at once. Each has some
// hundred kilobytes, and six lists are read at a time.
const maxWidth = 8

// width returns the number of requests that have to be in flight at an endpoint
// to use its rate, given how long answers take.
func (c *Client) width(endpoint string) int {
	// Stripe: no account may send more than 100 requests a second.
	rate := min(c.limiter.rate(endpoint), 100)
	return min(max(int(math.Ceil(1.5*rate*c.latency.seconds())), 2), maxWidth)
}
