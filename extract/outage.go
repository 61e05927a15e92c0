package extract

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Outage is a time in which the API gives no answer, or one with a status of 5xx.
type Outage struct {
	Cause string    // what a request got, on one line, secrets redacted
	Began time.Time // UTC
	Until time.Time // UTC; requests are given up then
	Ended time.Time // UTC; zero while it lasts
}

// String says that the outage began, or that it is over, on one line.
func (o Outage) String() string {
	if o.Ended.IsZero() {
		return fmt.Sprintf("Stripe does not answer: %s; trying again until %s", o.Cause, o.Until.Format(time.RFC3339))
	}
	return fmt.Sprintf("Stripe answers again, after %s", o.Lasted().Round(100*time.Millisecond))
}

// Lasted returns how long the outage lasted; 0 if it has not ended.
func (o Outage) Lasted() time.Duration {
	if o.Ended.IsZero() {
		return 0
	}
	return o.Ended.Sub(o.Began)
}

// OnOutage sets the function that is told of each outage when it begins and when it has
// ended: once, however many requests wait. It is not told of one that is given up: the
// errors of the requests say so.
func (c *Client) OnOutage(tell func(Outage)) {
	c.outages.mu.Lock()
	defer c.outages.mu.Unlock()
	c.outages.tell = tell
}

// outages lets the requests of a run wait together until the API answers again.
//
// An endpoint is silent if a request to it has used up its ordinary attempts and no
// other request to it was answered meanwhile. Without the second condition, one object
// that Stripe can never render would hold up all others. Requests to a silent endpoint
// wait. One of them at a time is sent, in turn, so that an outage costs few requests.
// Silent endpoints together are one outage, with one end of all patience.
type outages struct {
	patience time.Duration // for one outage; 0: none is waited out
	retry    Retry         // its delays apply between the requests to a silent endpoint

	mu       sync.Mutex // guards all below, and the members of each silence
	tell     func(Outage)
	current  Outage               // Began is zero while there is none
	silent   map[string]*silence  // by endpoint
	answered map[string]time.Time // by endpoint: its last answer
	latest   time.Time            // last answer of any endpoint
	lost     time.Time            // Began of the last outage that was given up
	spent    map[string]bool      // endpoints that were given up; they are not waited for again
}

// silence is an endpoint that does not answer.
type silence struct {
	turn chan struct{} // held by the one request that is sent
	over chan struct{} // closed when the endpoint answers, or is given up

	tries int
	next  time.Time // when it may be tried again
	err   error     // why it was given up
}

func newOutages(patience time.Duration, retry Retry) *outages {
	return &outages{patience: patience, retry: retry, silent: map[string]*silence{}, answered: map[string]time.Time{}, spent: map[string]bool{}}
}

// at returns the silence of an endpoint; nil if it is not silent.
func (o *outages) at(endpoint string) *silence {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.silent[endpoint]
}

// begin records that a request failed again and again since a time, and returns the
// silence to wait for; nil if there is no point in waiting.
func (o *outages) begin(endpoint string, since time.Time, f *failure) *silence {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s := o.silent[endpoint]; s != nil {
		return s
	}
	given := !o.lost.IsZero() && !o.latest.After(o.lost) // nothing has answered since
	if o.patience == 0 || given || o.spent[endpoint] || o.answered[endpoint].After(since) {
		return nil
	}
	opens := o.current.Began.IsZero()
	if opens {
		o.current = Outage{Cause: f.outage, Began: since.UTC(), Until: since.Add(o.patience).UTC()}
	}
	s := &silence{turn: make(chan struct{}, 1), over: make(chan struct{}), tries: f.tries}
	if !o.schedule(s, f) {
		if opens {
			o.current = Outage{}
		}
		return nil
	}
	o.silent[endpoint] = s
	if opens && o.tell != nil {
		o.tell(o.current)
	}
	return s
}

// schedule sets when a silent endpoint is tried next: at the latest when patience ends. It
// returns false if patience has ended, or ends before the server wants another request.
func (o *outages) schedule(s *silence, f *failure) bool {
	now := time.Now()
	left, after := o.current.Until.Sub(now), min(f.after, maxRetryAfter)
	if left <= 0 || after > left {
		return false
	}
	s.next = now.Add(max(min(rand.N(o.retry.ceiling(s.tries)+1), left), after))
	return true
}

// answer records that an endpoint answers.
func (o *outages) answer(endpoint string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.latest = time.Now()
	o.answered[endpoint] = o.latest
	s := o.silent[endpoint]
	if s == nil {
		return
	}
	delete(o.silent, endpoint)
	close(s.over)
	if len(o.silent) > 0 {
		return
	}
	ended := o.current
	ended.Ended, o.current = o.latest.UTC(), Outage{}
	if o.tell != nil {
		o.tell(ended)
	}
}

// fail records another failure of a silent endpoint. It returns an error if that ends
// all patience.
func (o *outages) fail(endpoint string, s *silence, f *failure) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.silent[endpoint] != s { // it answered another request meanwhile
		return s.err
	}
	s.tries++
	if o.schedule(s, f) {
		return nil
	}
	s.err = fmt.Errorf("gave up after %s: %w", time.Since(o.current.Began).Round(time.Second), f.err)
	o.spent[endpoint], o.lost = true, o.current.Began
	delete(o.silent, endpoint)
	close(s.over)
	if len(o.silent) == 0 {
		o.current = Outage{}
	}
	return s.err
}

// wait waits until a silent endpoint answers. When it is this request's turn, it sends
// it. again reports that the request is still to be made: the endpoint answers others.
func (o *outages) wait(ctx context.Context, endpoint string, s *silence, send func() *failure) (again bool, err error) {
	for {
		select {
		case s.turn <- struct{}{}:
		case <-s.over:
			return s.err == nil, s.err
		case <-ctx.Done():
			return false, ctx.Err()
		}
		done, again, err := o.try(ctx, endpoint, s, send)
		<-s.turn
		if done || err != nil {
			return again, err
		}
	}
}

// try sends the request when a silent endpoint may be tried again. done reports that
// the request needs to wait no longer.
func (o *outages) try(ctx context.Context, endpoint string, s *silence, send func() *failure) (done, again bool, err error) {
	o.mu.Lock()
	pause := time.NewTimer(time.Until(s.next))
	o.mu.Unlock()
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-s.over:
		return true, s.err == nil, s.err
	case <-ctx.Done():
		return true, false, ctx.Err()
	}
	f := send()
	switch {
	case f == nil:
		return true, false, nil
	case ctx.Err() != nil:
		return true, false, ctx.Err()
	case f.outage != "":
		return false, false, o.fail(endpoint, s, f)
	case f.again: // it answers, though not as it should
		o.answer(endpoint)
		return true, true, nil
	}
	o.answer(endpoint)
	return true, false, f.err
}
