package extract

import (
	"slices"
	"sync"
	"time"

	"github.com/stripelake/stripelake/internal/hint"
)

// Failure is a request that was given up for good: the log lacks its objects.
type Failure struct {
	What      string // "charges", "subscription sub_1/items", "charge ch_1"
	List      string // JSON Pointer of a nested list in its object; empty for anything else
	Status    int    // HTTP status; 0 without an answer, or with an unusable one
	Message   string // on one line, secrets redacted
	Fix       string // what to do about it, which Message says too; empty if unknown
	RequestID string
	At        time.Time // UTC, by Stripe's clock where it is known
}

type failures struct {
	mu   sync.Mutex
	list []Failure
	errs []error // errs[i] is the error of list[i]
}

// Failures returns the requests of this client that were given up, in order. The advice
// in a message depends on the answers until now.
func (c *Client) Failures() []Failure {
	c.failures.mu.Lock()
	defer c.failures.mu.Unlock()
	all := slices.Clone(c.failures.list)
	for i, err := range c.failures.errs {
		all[i].Message, all[i].Fix = oneLine(err.Error()), oneLine(hint.FixOf(err))
	}
	return all
}

// failed records a failure.
func (c *Client) failed(what string, err error) { c.keep(Failure{What: what}, err) }

// failedList records that a nested list of an object could not be read.
func (c *Client) failedList(o *Object, pointer string, err error) {
	c.keep(Failure{What: o.Type + " " + o.ID + pointer, List: pointer}, err)
}

func (c *Client) keep(f Failure, err error) {
	if IsStopped(err) { // nothing was given up: the next run sends it
		return
	}
	f.What, f.At = oneLine(f.What), c.ServerTime()
	if f.At.IsZero() {
		f.At = time.Now().UTC()
	}
	f.Status, f.RequestID = statusOf(err)
	c.failures.mu.Lock()
	defer c.failures.mu.Unlock()
	c.failures.list, c.failures.errs = append(c.failures.list, f), append(c.failures.errs, err)
}
