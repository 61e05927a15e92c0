package extract

import (
	"net/http"
	"sync"
	"time"
)

// clock is Stripe's clock as its answers tell it: windows must not depend on ours.
//
// One answer dated in the future, by a proxy perhaps, would have a window end
// there, and what is created until then would never be listed. So a date that is
// ahead of what is known is believed when a second answer agrees with it. One that
// is behind is taken at once while nothing else is known: a run that ends too early
// is gone on with by the next.
type clock struct {
	mu      sync.Mutex
	ahead   time.Duration  // Stripe's clock less ours
	known   bool           // of ahead
	doubted *time.Duration // the same by the last answer, where that was not believed
}

// mostApart is how far two clocks may be apart and count as one.
const mostApart = 5 * time.Minute

// note takes in an answer's date and returns the time at which it was given: its
// date, or by the clock where that is not believed, or by ours where it has none.
func (c *clock) note(h http.Header) time.Time {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return now.Add(c.ahead)
	}
	ahead := date.Sub(now)
	expected := c.ahead // of our own clock before the first answer
	switch {
	case difference(ahead, expected) <= mostApart, !c.known && ahead < expected, c.doubted != nil && difference(ahead, *c.doubted) <= mostApart:
		c.ahead, c.known, c.doubted = ahead, true, nil
		return date.UTC()
	}
	c.doubted = &ahead
	return now.Add(c.ahead).UTC()
}

func difference(a, b time.Duration) time.Duration { return max(a-b, b-a) }

// unsure reports that answers came and none of them is believed.
func (c *clock) unsure() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.known && c.doubted != nil
}

// ServerTime is the time in UTC by Stripe's clock: the Date header of the last
// answer that is believed, plus what has passed since. It is zero before the first
// one.
func (c *Client) ServerTime() time.Time {
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	if !c.clock.known {
		return time.Time{}
	}
	return time.Now().Add(c.clock.ahead).UTC()
}

// latency is how long an answer takes: a running mean of those that came.
type latency struct {
	mu   sync.Mutex
	mean time.Duration
}

func (l *latency) note(took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mean == 0 {
		l.mean = took
	}
	l.mean += (took - l.mean) / 16
}

func (l *latency) seconds() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mean.Seconds()
}
