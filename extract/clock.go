package extract

import (
	"net/http"
	"sync"
	"time"
)

// clock is Stripe's clock according to its answers: windows must not depend on our own
// clock.
//
// Suppose one answer has a date in the future, perhaps from a proxy. A window would end
// there, and objects created until then would never be listed. So the clock accepts a
// date ahead of the known time only when a second answer agrees with it. It accepts a
// date behind at once while no other is known: if a run ends too early, the next one
// continues.
type clock struct {
	mu      sync.Mutex
	ahead   time.Duration  // Stripe's clock minus ours
	known   bool           // whether ahead is known
	doubted *time.Duration // ahead according to the last answer, if that was not accepted
}

// mostApart is the greatest difference of two clocks that count as equal.
const mostApart = 5 * time.Minute

// note records an answer's date and returns the time of the answer: its date, or the
// clock's time if the date is not accepted, or our time if it has none.
func (c *clock) note(h http.Header) time.Time {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return now.Add(c.ahead)
	}
	ahead := date.Sub(now)
	expected := c.ahead // our own clock before the first answer
	switch {
	case difference(ahead, expected) <= mostApart, !c.known && ahead < expected, c.doubted != nil && difference(ahead, *c.doubted) <= mostApart:
		c.ahead, c.known, c.doubted = ahead, true, nil
		return date.UTC()
	}
	c.doubted = &ahead
	return now.Add(c.ahead).UTC()
}

func difference(a, b time.Duration) time.Duration { return max(a-b, b-a) }

// unsure reports that there were answers, but no date was accepted.
func (c *clock) unsure() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.known && c.doubted != nil
}

// ServerTime returns the time in UTC by Stripe's clock: the Date header of the last
// accepted answer, plus the time since. It is zero before the first one.
func (c *Client) ServerTime() time.Time {
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	if !c.clock.known {
		return time.Time{}
	}
	return time.Now().Add(c.clock.ahead).UTC()
}

// latency is the running mean of the duration of answers.
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
