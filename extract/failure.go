package extract

import (
	"sync"
	"time"
)

// Failure is a request that was given up for good: what it was to read is not
// in the log.
type Failure struct {
	What      string // "page after ch_9 (created …)", "subscription sub_1/items"
	Status    int    // HTTP; 0 if there was no answer or none to be used
	Message   string // on one line, secrets redacted
	RequestID string
	At        time.Time // UTC, by Stripe's clock where it is known
}

type failures struct {
	mu   sync.Mutex
	list []Failure
}

// Failures returns the requests of this client that were given up, in order.
func (c *Client) Failures() []Failure {
	c.failures.mu.Lock()
	defer c.failures.mu.Unlock()
	return append([]Failure(nil), c.failures.list...)
}

// failed keeps a failure.
func (c *Client) failed(what string, err error) {
	f := Failure{What: oneLine(what), Message: oneLine(err.Error()), At: c.ServerTime()}
	if f.At.IsZero() {
		f.At = time.Now().UTC()
	}
	f.Status, f.RequestID = statusOf(err)
	c.failures.mu.Lock()
	defer c.failures.mu.Unlock()
	c.failures.list = append(c.failures.list, f)
}
