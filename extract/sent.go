package extract

import (
	"net/http"
	"time"
)

// Sent describes one request and its answer, for a log. It has no query and no id of an
// object: either may name a person.
type Sent struct {
	Method    string
	Endpoint  string // the path; in place of an object's id it has :id
	Account   string // the connected account; empty for the key's own
	Status    int    // 0 if there was no answer
	RequestID string // Stripe's; empty if there was no answer
	Duration  time.Duration
}

// sent reports a request to the caller who asked for it.
func (c *Client) sent(r request, got *reply, started time.Time) {
	if c.onSent == nil {
		return
	}
	c.onSent(Sent{
		Method: http.MethodGet, Endpoint: r.endpoint, Account: c.account, Status: got.status, RequestID: got.requestID(),
		Duration: time.Since(started),
	})
}
