package extract

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"github.com/stripe/stripe-go/v76"
)

// Retry limits the repetitions of a failed request. Each comes after a random time
// below Base, then below twice that and so on, never above Cap.
type Retry struct {
	Attempts int           // including the first; 0 means 6
	Base     time.Duration // 0 means 0.5 s
	Cap      time.Duration // 0 means 30 s
}

// maxRetryAfter limits the wait that a Retry-After header can cause.
const maxRetryAfter = 2 * time.Minute

func (r Retry) withDefaults() (Retry, error) {
	if r.Attempts < 0 || r.Base < 0 || r.Cap < 0 {
		return r, errors.New("retry: attempts and delays must not be negative")
	}
	if r.Attempts == 0 {
		r.Attempts = 6
	}
	if r.Base == 0 {
		r.Base = 500 * time.Millisecond
	}
	if r.Cap == 0 {
		r.Cap = 30 * time.Second
	}
	return r, nil
}

// ceiling returns the longest wait after the given attempt, counted from 1.
func (r Retry) ceiling(attempt int) time.Duration {
	d := r.Base
	for range attempt - 1 {
		if d >= r.Cap {
			break
		}
		d *= 2
	}
	return min(d, r.Cap)
}

// A failure is the verdict on a failed attempt.
type failure struct {
	err   error
	again bool          // worth repeating
	after time.Duration // the shortest wait that the server asked for
	most  int           // attempts after which to stop even if the policy has more; 0: no such limit

	outage string // what was wrong, if the API may be down; otherwise empty
	tries  int    // how many attempts failed, this one included
}

// get sends r until accept takes the answer, the policy is used up, or the failure is
// of a kind that a repetition does not cure. An answer that accept refuses is repeated:
// accept should only refuse answers that a good server would not send. An outage is
// waited out as far as the client has patience.
func (c *Client) get(ctx context.Context, r request, accept func(*reply) error) error {
	waiting, done := c.bound.waiting(ctx)
	defer done()
	send := func() *failure { return c.attempt(ctx, waiting, r, accept) }
	err := c.getWithin(waiting, r.endpoint, send)
	if err != nil && ctx.Err() == nil && waiting.Err() != nil {
		return context.Cause(waiting)
	}
	return err
}

func (c *Client) getWithin(ctx context.Context, endpoint string, send func() *failure) error {
	for {
		silence := c.outages.at(endpoint)
		if silence == nil {
			began := time.Now()
			f := c.try(ctx, send)
			if f == nil {
				return nil
			}
			if f.outage == "" || ctx.Err() != nil {
				return f.err
			}
			if silence = c.outages.begin(endpoint, began, f); silence == nil {
				return f.err
			}
		}
		again, err := c.outages.wait(ctx, endpoint, silence, func() *failure {
			c.retries.Add(1)
			return send()
		})
		if !again {
			return err
		}
	}
}

// try makes as many attempts as the policy allows. It returns the last failure; nil
// means success.
func (c *Client) try(ctx context.Context, send func() *failure) *failure {
	began := time.Now()
	for attempt := 1; ; attempt++ {
		f := send()
		if f == nil {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return &failure{err: err}
		}
		if !f.again {
			return f
		}
		// Attempts that hang must not use up the patience for an outage before anybody
		// is told of it.
		slow := f.outage != "" && c.outages.patience > 0 && time.Since(began) >= c.retry.Cap
		if attempt >= c.retry.Attempts || f.most > 0 && attempt >= f.most || slow {
			f.tries, f.err = attempt, fmt.Errorf("gave up after %d attempts: %w", attempt, f.err)
			return f
		}
		jittered := rand.N(c.retry.ceiling(attempt) + 1)
		if err := sleep(ctx, max(jittered, min(f.after, maxRetryAfter))); err != nil {
			return &failure{err: err}
		}
		c.retries.Add(1)
	}
}

// attempt sends a request once. waiting ends when no request may be sent any more; one
// that is sent by then may still be answered.
func (c *Client) attempt(ctx, waiting context.Context, r request, accept func(*reply) error) *failure {
	if err := c.limiter.wait(waiting, r.endpoint); err != nil {
		return &failure{err: err}
	}
	if err := c.bound.take(); err != nil {
		return &failure{err: err}
	}
	ctx, done := c.bound.sending(ctx)
	defer done()
	sent := time.Now()
	got, err := c.send(ctx, r)
	defer got.release()
	switch {
	case got.status == 0:
		return c.unreachable(err)
	case got.status/100 != 2:
		return c.refused(r, got, err, sent)
	case err != nil:
		return &failure{err: &malformed{what: bodyFault(err), requestID: got.requestID(), large: tooLarge(err)}, again: !tooLarge(err)}
	}
	c.limiter.succeeded(r.endpoint)
	c.latency.note(time.Since(sent))
	if as := got.header.Get("Content-Encoding"); as != "" { // net/http already removes the gzip that it asked for
		return &failure{err: &malformed{what: fmt.Sprintf("its body is encoded as %q, which was not asked for", oneLine(as)), requestID: got.requestID()}, again: true}
	}
	// Invariant 8: an answer that is not accepted as a whole contributes nothing and is
	// requested again.
	if err := accept(got); err != nil {
		return &failure{err: &malformed{what: oneLine(err.Error()), requestID: got.requestID()}, again: !errors.As(err, new(permanentError))}
	}
	c.contact.answered.Store(true)
	c.outages.answer(r.endpoint)
	c.versions.note(got)
	return nil
}

// unreachable returns the verdict on an attempt without any answer.
func (c *Client) unreachable(err error) *failure {
	var (
		outer *url.Error
		cert  *tls.CertificateVerificationError
	)
	if errors.As(err, &outer) {
		err = outer.Err // without the URL and its query
	}
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) { // no request was sent, and none will be
		return &failure{err: fmt.Errorf("connect to %s: %w", c.host, err)}
	}
	text := "no answer from " + c.host + ": " + oneLine(err.Error())
	switch {
	case errors.As(err, &cert) && c.contact.answered.Load():
		return &failure{err: errors.New(text + ": is there a proxy that replaces certificates?")}
	case errors.As(err, &cert):
		return &failure{err: errors.New(text + ": is the address right, and is there a proxy that replaces certificates?")}
	case !c.contact.reached.Load() && !brokenOff(err):
		text += ": is the address right?"
		return &failure{err: errors.New(text), again: true, most: 2, outage: text}
	}
	return &failure{err: errors.New(text + ": run again when the network is back; the sync goes on where it stopped"), again: true, outage: text}
}

// brokenOff reports whether a server was there but closed the connection: a scheduled
// run does not end with that, however early it comes.
func brokenOff(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// refused returns the verdict on an answer that is not 2xx, by its status first.
func (c *Client) refused(r request, got *reply, cause error, sent time.Time) *failure {
	e := &APIError{Status: got.status, RequestID: got.requestID(), subject: r.subject, instead: r.instead, contact: c.contact}
	if s, ok := errors.AsType[*stripe.Error](cause); ok {
		e.Type, e.Code, e.Param = oneLine(string(s.Type)), oneLine(string(s.Code)), oneLine(s.Param)
		e.Message = oneLine(s.Msg)
	}
	if got.status/100 == 3 {
		e.Message = "redirect to " + oneLine(got.header.Get("Location")) + ", not followed"
	}
	if got.status == http.StatusTooManyRequests {
		c.throttled.Add(1)
		c.limiter.throttled(r.endpoint, got.header.Get("Stripe-Rate-Limited-Reason"), e.Code, sent)
	}
	f := &failure{err: e, again: repeatable(got), after: retryAfter(got.header)}
	switch got.status / 100 {
	case 4:
		c.outages.answer(r.endpoint)
	case 5:
		if f.again {
			f.outage = e.Hint().Err.Error()
		}
	}
	return f
}

// repeatable reports whether the same request may succeed later. Stripe: the header
// Stripe-Should-Retry overrides what the status suggests; but no header makes a key
// valid, and a client that repeats a bad one quickly looks like an attack.
func repeatable(got *reply) bool {
	switch got.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return false
	}
	switch got.header.Get("Stripe-Should-Retry") {
	case "true":
		return true
	case "false":
		return false
	}
	return got.status == http.StatusConflict || got.status == http.StatusTooManyRequests || got.status >= 500
}

// retryAfter reads the header's seconds or date; 0 if there is none. Stripe documents
// no such header, but proxies in front of it may send one.
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return time.Until(at)
	}
	return 0
}

func tooLarge(err error) bool {
	var e *http.MaxBytesError
	return errors.As(err, &e)
}

func bodyFault(err error) string {
	if e, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fmt.Sprintf("its body is over %d MiB", e.Limit>>20)
	}
	return "its body is cut short: " + oneLine(err.Error())
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
