package extract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/stripe/stripe-go/v76/form"
)

const (
	// lookBack is how many seconds before the end of the covered part a new window
	// begins: rows become listable some time after their `created`. Others who read
	// Stripe professionally came to ten minutes, too.
	lookBack = 10 * 60
	// lag is how many seconds before Stripe's clock a new window ends.
	lag = 60
)

// Range limits a run in `created`. Both ends are truncated to whole seconds.
type Range struct {
	// From is the start of the stream. The cursor remembers the first one: an earlier
	// From widens the stream, a later or zero one changes nothing. Zero on a first run,
	// and 1970 or before on any, is the beginning: only then are objects without
	// `created` listed too.
	From time.Time
	// To limits this run only, exclusively. Zero is now, less a minute. Windows planned
	// above it wait for a later run.
	To time.Time
	// LookBack is how far before the end of the covered part the first run of a day
	// reads the list again. It is for a stream whose objects may become listable long
	// after their created without any other sign; zero means no look-back.
	LookBack time.Duration
}

func (r Range) from() int64 { return max(r.From.Unix(), 0) }
func (r Range) to() int64   { return max(r.To.Unix(), 0) }

// before reports whether a time in Unix seconds lies before the range's end.
func (r Range) before(t int64) bool { return r.To.IsZero() || t < r.to() }

// Page is some objects in the order in which Stripe listed them, perhaps none, with the
// cursor to continue after them. Store both in one act (Invariant 1).
type Page struct {
	Objects []Object
	Cursor  Cursor
	Unread  []Item // in the last page of a [Client.Reread]: the items that could not be read

	// Left is about how many objects the list still has; nil if nothing tells. It is an
	// estimate: what is left of the time range, with the density of the pages around it.
	Left *int64
}

// Pages reads the part of the stream that the cursor does not cover; see the package
// comment for the order. Pages of different windows come as they arrive. Each window
// yields at least one page, and the last page of a run has a cursor with no open window
// below To. If there is nothing to do it yields no page, and it sends no request if To
// alone shows that.
//
// An error ends the sequence; the pages before it stay valid. [IsForbidden] means that
// this key cannot read this stream, [IsUnauthorized] that it can read none, [ErrMode]
// that the key and the data have different modes.
func (c *Client) Pages(ctx context.Context, res Resource, after Cursor, r Range) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		err := c.list(ctx, res, after, r, yield)
		if err != nil && !errors.Is(err, errStopped) {
			err = fmt.Errorf("list %s: %w", res.Name, err)
			if ctx.Err() == nil {
				c.failed(res.Name, err)
			}
			yield(Page{}, err)
		}
	}
}

func (c *Client) list(ctx context.Context, res Resource, after Cursor, bounds Range, yield yieldFunc) error {
	p, err := after.decode()
	if err != nil {
		return err
	}
	for _, w := range p.Windows {
		if !slices.Contains(res.Variants, w.Variant) {
			return fmt.Errorf("the cursor has a window of %q, which this stream has not: is it the cursor of another stream?", w.Variant)
		}
	}
	run := run{client: c, resource: res, progress: p, bounds: bounds}
	return run.all(ctx, yield)
}

// run is one pass over a stream. Fetching needs only its client; only yielding a page
// moves progress.
type run struct {
	client   *Client
	resource Resource
	progress progress
	bounds   Range
}

// errStopped is the error after the consumer broke out of its loop.
var errStopped = errors.New("stopped")

type yieldFunc = func(Page, error) bool

func (r *run) all(ctx context.Context, yield yieldFunc) error {
	if r.resource.Name == Events().Name {
		now, err := r.now(ctx)
		if err != nil {
			return err
		}
		r.progress.expire(now)
	}
	r.progress.widen(r.bounds, r.resource.Variants)
	if err := r.drain(ctx, yield); err != nil {
		return err
	}
	// The barrier: no request of the new window before the last page of the old ones is
	// yielded, so that of two versions of an object the newer comes later.
	if err := r.open(ctx); err != nil {
		return err
	}
	return r.drain(ctx, yield)
}

// drain reads every open window below the run's end. It reads variant by variant: an
// object may be in two of them, and its later answer must come later.
func (r *run) drain(ctx context.Context, yield yieldFunc) error {
	for _, variant := range r.resource.Variants {
		windows := r.progress.within(variant, r.bounds)
		if len(windows) == 0 {
			continue
		}
		if err := r.read(ctx, windows, yield); err != nil {
			return err
		}
	}
	return nil
}

// read reads windows concurrently. The cursor of a page covers the pages yielded so
// far, never pages whose requests are still running.
func (r *run) read(ctx context.Context, windows []window, yield yieldFunc) error {
	scheduler := newScheduler(r.client, r.resource, windows, max(r.progress.Goal, r.progress.High))
	ctx, stop := context.WithCancel(ctx)
	pages := scheduler.run(ctx)
	defer func() {
		stop()
		for range pages { // until the scheduler has ended
		}
	}()
	last := windows[0].Variant == r.resource.Variants[len(r.resource.Variants)-1]
	for step := range pages {
		if err := cmp.Or(ctx.Err(), step.err); err != nil {
			return err
		}
		if !last { // nothing is known of the list's other variants
			step.ahead = nil
		}
		r.progress.advance(step.window, step.left)
		cursor, err := r.progress.encode()
		if err != nil {
			return err
		}
		if !yield(Page{Objects: step.objects, Cursor: cursor, Left: step.ahead}, nil) {
			return errStopped
		}
	}
	return ctx.Err()
}

// open adds the run's new window, if there is anything new to read.
func (r *run) open(ctx context.Context) error {
	p := &r.progress
	if len(p.Windows) > 0 || !r.bounds.before(p.High) || p.From != nil && !r.bounds.before(*p.From) {
		return nil
	}
	now, err := r.now(ctx)
	if err != nil {
		return err
	}
	p.openAt(now, r.bounds, r.resource)
	return nil
}

// now returns Stripe's time in Unix seconds. It costs a request if none was
// sent yet.
func (r *run) now(ctx context.Context) (int64, error) {
	now := r.client.ServerTime()
	if now.IsZero() {
		ask := r.resource.request(&form.Values{})
		ask.query.Add("limit", "1")
		if err := r.client.get(ctx, ask, func(*reply) error { return nil }); err != nil {
			return 0, err
		}
		now = r.client.ServerTime()
	}
	if now.IsZero() {
		return 0, errors.New("the answers have no Date header, or none that two agree on, so where to stop is unknown: look at the proxy in between")
	}
	return now.Unix(), nil
}

func (r Resource) request(query *form.Values) request {
	ask := request{endpoint: r.Path, path: r.Path, query: query, holds: holdsList, subject: r.subject()}
	if r.Name != Events().Name { // no run can leave events out
		ask.instead = ", or leave " + r.subject() + " out"
	}
	return ask
}
