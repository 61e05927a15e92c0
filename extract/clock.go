package extract

import (
	"net/http"
	"sync"
	"time"
)

// clock is Stripe's clock as its answers tell it: windows must not depend on ours.
type clock struct {
	mu   sync.Mutex
	date time.Time // the newest answer's Date, in whole seconds
	seen time.Time // when it came, by our clock
}

func (c *clock) note(h http.Header) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.date, c.seen = date, time.Now()
}

// ServerTime is the time in UTC by Stripe's clock: the Date header of the last
// answer of any kind, plus what has passed since. It is zero before the first
// answer.
func (c *Client) ServerTime() time.Time {
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	if c.clock.date.IsZero() {
		return time.Time{}
	}
	return c.clock.date.Add(time.Since(c.clock.seen)).UTC()
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
