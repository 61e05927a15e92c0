package extract

import (
	"context"
	"math"
	"slices"
)

const (
	// chunk is how many pages a window is cut to where more may follow below it.
	// Each window costs about half a page more than its objects fill, so that
	// cutting costs some three requests in a hundred.
	chunk = 24
	// fewest is how many pages a window must seem to hold to be worth cutting.
	fewest = 8
	// patience is how many pages are read before the first cut: most lists are
	// shorter, and a cut would only cost a request.
	patience = 3
	// ahead is how many pages wait for the consumer beside those under way.
	ahead = 3
)

// A fleet reads windows of one list side by side: each page of a window has to
// wait for the one before, and one after the other they would leave most of the
// account's rate unused. Where too few windows are open, the one that holds most
// is cut in two, by the density of its newest page; so every distribution in
// time is found out while it is read.
type fleet struct {
	client   *Client
	resource Resource
	walkers  []*walker // of the windows that are not read to their end
	pages    int       // read so far
	flying   int
	landed   chan landing
}

// landing is the end of one walker's flight.
type landing struct {
	walker *walker
	step
	done bool
}

// step is one page and what of its window is left to read.
type step struct {
	window  window // as it was before the page
	left    []window
	objects []Object
	err     error
}

// newFleet is one of windows that end below top, or did.
func newFleet(c *Client, res Resource, windows []window, top int64) *fleet {
	f := &fleet{client: c, resource: res, landed: make(chan landing, maxWidth)}
	for _, w := range windows {
		f.walkers = append(f.walkers, &walker{client: c, resource: res, window: w, top: top})
	}
	return f
}

// start reads all windows; the steps come in an order in which a cursor can
// follow them, and end with the first error or with the context.
func (f *fleet) start(ctx context.Context) <-chan step {
	steps := make(chan step, ahead)
	go func() {
		defer close(steps)
		ctx, stop := context.WithCancel(ctx)
		defer func() {
			stop()
			for ; f.flying > 0; f.flying-- {
				<-f.landed
			}
		}()
		for f.launch(ctx); f.flying > 0; f.launch(ctx) {
			select {
			case steps <- f.land(<-f.landed):
			case <-ctx.Done():
				return
			}
			if f.walkers == nil {
				return
			}
		}
	}()
	return steps
}

// launch sends idle walkers off, those of the newest windows first.
func (f *fleet) launch(ctx context.Context) {
	width := f.client.width(f.resource.Path)
	for _, w := range f.walkers {
		if f.flying >= width {
			return
		}
		if w.flying {
			continue
		}
		w.flying = true
		f.flying++
		go func() {
			l := landing{walker: w, step: step{window: w.window}}
			l.objects, l.done, l.err = w.next(ctx)
			f.landed <- l
		}()
	}
}

// land takes a page in and cuts its window if there is room for another.
func (f *fleet) land(l landing) step {
	l.walker.flying = false
	f.flying--
	f.pages++
	i := slices.Index(f.walkers, l.walker)
	l.walker.estimate = l.walker.left()
	switch {
	case l.err != nil:
		f.walkers = nil
		return l.step
	case l.done:
		f.walkers = slices.Delete(f.walkers, i, i+1)
		return l.step
	}
	if lower := f.cut(l.walker); lower != nil {
		f.walkers = slices.Insert(f.walkers, i+1, lower)
		l.left = []window{l.walker.window, lower.window}
		return l.step
	}
	l.left = []window{l.walker.window}
	return l.step
}

// cut takes the lower part of a window that has no request under way, so that no
// request has reached it, and gives it to a walker of its own. It returns nil
// where the window is better left whole.
func (f *fleet) cut(w *walker) *walker {
	left := w.estimate
	if f.pages < patience || len(f.walkers) >= f.client.width(f.resource.Path) || left < fewest {
		return nil
	}
	for _, other := range f.walkers {
		if other.estimate > 2*left {
			return nil // it will be cut when its page arrives
		}
	}
	at := w.middle()
	if at < 1 {
		return nil
	}
	lower := &walker{client: f.client, resource: f.resource, rate: w.rate, window: w.window, top: w.top}
	lower.window.After, lower.window.Last = "", nil
	lower.window.LT = at
	w.window.GTE = &at
	w.estimate, lower.estimate = w.left(), lower.left()
	return lower
}

// left estimates how many pages the window still has.
func (w *walker) left() float64 {
	switch {
	case w.rate == 0:
		return 0
	case w.window.GTE == nil:
		return math.Inf(1)
	}
	return w.rate * float64(w.reached()-*w.window.GTE) / float64(w.client.limit)
}

// reached is the second down to which the window is read.
func (w *walker) reached() int64 {
	if w.window.Last != nil {
		return *w.window.Last
	}
	return w.window.LT
}

// middle is where to cut what is left: in halves, but leaving no more than a
// chunk to the upper part.
func (w *walker) middle() int64 {
	last := w.reached()
	span := int64(min(chunk*float64(w.client.limit)/w.rate, 1<<40))
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
	rate := min(c.pacer.rate(endpoint), 100)
	return min(max(int(math.Ceil(1.5*rate*c.latency.seconds())), 2), maxWidth)
}
