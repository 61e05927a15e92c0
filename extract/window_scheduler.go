package extract

import (
	"context"
	"math"
	"slices"
)

const (
	// splitPages is how many pages a window is cut to where more may follow below it.
	// Each window costs about half a page more than its objects fill, so that
	// cutting costs some three requests in a hundred.
	splitPages = 24
	// minSplitPages is how many pages a window must seem to hold to be worth cutting.
	minSplitPages = 8
	// pagesBeforeSplit is how many pages are read before the first cut: most lists are
	// shorter, and a cut would only cost a request.
	pagesBeforeSplit = 3
	// bufferedPages is how many pages wait for the consumer beside those under way.
	bufferedPages = 3
)

// A scheduler reads windows of one list side by side: each page of a window has to
// wait for the one before, and one after the other they would leave most of the
// account's rate unused. Where too few windows are open, the one that holds most
// is cut in two, by the density of its newest page; so every distribution in
// time is found out while it is read.
type scheduler struct {
	client   *Client
	resource Resource
	pagers   []*pager // of the windows that are not read to their end
	pages    int      // read so far
	inFlight int
	results  chan fetched
}

// fetched is the end of one pager's flight.
type fetched struct {
	pager *pager
	pageStep
	done bool
}

// pageStep is one page and what of its window is left to read.
type pageStep struct {
	window  window // as it was before the page
	left    []window
	objects []Object
	err     error
}

// newScheduler is one of windows that end below top, or did.
func newScheduler(c *Client, res Resource, windows []window, top int64) *scheduler {
	f := &scheduler{client: c, resource: res, results: make(chan fetched, maxWidth)}
	for _, w := range windows {
		f.pagers = append(f.pagers, &pager{client: c, resource: res, window: w, top: top})
	}
	return f
}

// run reads all windows; the steps come in an order in which a cursor can
// follow them, and end with the first error or with the context.
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

// start sends idle pagers off, those of the newest windows first.
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

// finish takes a page in and cuts its window if there is room for another.
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

// split takes the lower part of a window that has no request under way, so that no
// request has reached it, and gives it to a pager of its own. It returns nil
// where the window is better left whole.
func (f *scheduler) split(w *pager) *pager {
	left := w.estimate
	if f.pages < pagesBeforeSplit || len(f.pagers) >= f.client.width(f.resource.Path) || left < minSplitPages {
		return nil
	}
	for _, other := range f.pagers {
		if other.estimate > 2*left {
			return nil // it will be cut when its page arrives
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

// pagesLeft estimates how many pages the window still has.
func (w *pager) pagesLeft() float64 {
	switch {
	case w.rate == 0:
		return 0
	case w.window.GTE == nil:
		return math.Inf(1)
	}
	return w.rate * float64(w.readDownTo()-*w.window.GTE) / float64(w.client.limit)
}

// readDownTo is the second down to which the window is read.
func (w *pager) readDownTo() int64 {
	if w.window.Last != nil {
		return *w.window.Last
	}
	return w.window.LT
}

// splitPoint is where to cut what is left: in halves, but leaving no more than a
// chunk to the upper part.
func (w *pager) splitPoint() int64 {
	last := w.readDownTo()
	span := int64(min(splitPages*float64(w.client.limit)/w.rate, 1<<40))
	if w.window.GTE != nil {
		span = min(span, (last-*w.window.GTE)/2)
	}
	return last - span
}

// maxWidth bounds the pages of a list that are under way at once: each is some
// hundred kilobytes, and six lists are read at a time.
const maxWidth = 8

// width is how many requests have to be under way at an endpoint to use its
// rate, by how long answers take.
func (c *Client) width(endpoint string) int {
	// Stripe: no account may send more than 100 requests a second.
	rate := min(c.limiter.rate(endpoint), 100)
	return min(max(int(math.Ceil(1.5*rate*c.latency.seconds())), 2), maxWidth)
}
