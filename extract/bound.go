package extract

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// What stops a client besides its caller, in [StoppedError.By].
const (
	ByRequests = "max-requests" // Config.MaxRequests
	ByTime     = "max-runtime"  // Config.MaxRuntime
)

// StoppedError is the error of requests that are not sent because the client has
// stopped. What was read before is good, and its cursor continues it.
type StoppedError struct{ By string } // what stopped it: ByRequests, ByTime, or as given to [Client.Stop]

func (e *StoppedError) Error() string { return "stopped by --" + e.By }

// IsStopped reports whether err comes from a client that has stopped.
func IsStopped(err error) bool { return errors.As(err, new(*StoppedError)) }

// Stop ends the reading of the client, and of those that share its rate. No request is
// sent any more. Those in flight have ten seconds to end. Only the first reason counts.
func (c *Client) Stop(by string) { c.bound.stop(by) }

// Stopped returns what stopped the client, or "".
func (c *Client) Stopped() string {
	if e, ok := errors.AsType[*StoppedError](context.Cause(c.bound.soft)); ok {
		return e.By
	}
	return ""
}

// RunWith makes the client part of another's run: both stop together, their requests are
// counted together, and they wait out the same outages. It is called before the first
// request.
func (c *Client) RunWith(other *Client) { c.bound, c.outages = other.bound, other.outages }

// grace is how long a request may take that is in flight when the client stops.
const grace = 10 * time.Second

// bound is what a client may still do. Clients that share a rate share it.
type bound struct {
	most int64 // requests; 0: any number
	sent atomic.Int64

	soft context.Context // done when no request may be sent, nor waited for
	hard context.Context // done when those in flight end, too
	end  context.CancelCauseFunc
	once sync.Once
	late context.CancelFunc
}

func newBound(cfg Config) *bound {
	b := &bound{most: cfg.MaxRequests}
	b.soft, b.end = context.WithCancelCause(context.Background())
	b.hard, b.late = context.WithCancel(context.Background())
	if cfg.MaxRuntime > 0 {
		time.AfterFunc(cfg.MaxRuntime, func() { b.stop(ByTime) })
	}
	return b
}

func (b *bound) stop(by string) {
	b.once.Do(func() {
		b.end(&StoppedError{by})
		time.AfterFunc(grace, b.late)
	})
}

// take counts a request before it is sent. It returns an error if it must not be sent.
func (b *bound) take() error {
	if err := context.Cause(b.soft); err != nil {
		return err
	}
	n := b.sent.Add(1)
	if b.most == 0 || n < b.most {
		return nil
	}
	b.stop(ByRequests)
	if n > b.most { // several take at the same time
		return &StoppedError{ByRequests}
	}
	return nil
}

// waiting returns a context for waits before a request, which ends with ctx and when
// the client stops. Its cause is then a [StoppedError].
func (b *bound) waiting(ctx context.Context) (context.Context, func()) {
	return either(ctx, b.soft)
}

// sending returns a context for a request in flight.
func (b *bound) sending(ctx context.Context) (context.Context, func()) {
	return either(ctx, b.hard)
}

// either returns a context that ends with ctx or with other. The function must be
// called when it is no longer needed.
func either(ctx, other context.Context) (context.Context, func()) {
	ctx, end := context.WithCancelCause(ctx)
	stop := context.AfterFunc(other, func() { end(context.Cause(other)) })
	return ctx, func() {
		stop()
		end(nil)
	}
}
