package extract

import "time"

// NotFound is an object that others name, no list has shown, and Stripe answered with a
// 404. It may be late, or belong to another account.
type NotFound struct {
	ID    string
	Asked time.Time // UTC; time of the last request for it
	Times int       // number of requests for it
}

// mostAsked is the most requests for an object that is not found, one a day.
const mostAsked = 7

// Exhausted reports whether there are no more requests for it.
func (n NotFound) Exhausted() bool { return n.Times >= mostAsked }

// Due reports whether it must be requested again: once on each day (UTC).
func (n NotFound) Due(now time.Time) bool {
	return !n.Exhausted() && now.Unix()/day != n.Asked.Unix()/day
}

type notFoundObject struct {
	ID    string `json:"id"`
	Asked int64  `json:"asked"` // Unix seconds
	Times int    `json:"times"`
}

// NotFound returns the objects that a stream lacks although others name them, by id.
func (c Cursor) NotFound() ([]NotFound, error) {
	p, err := c.decode()
	var found []NotFound
	for _, n := range p.NotFound {
		found = append(found, NotFound{ID: n.ID, Asked: time.Unix(n.Asked, 0).UTC(), Times: n.Times})
	}
	return found, err
}

// WithNotFound returns the cursor with these objects that were not found.
func (c Cursor) WithNotFound(lacking []NotFound) (Cursor, error) {
	p, err := c.decode()
	if err != nil || len(lacking)+len(p.NotFound) == 0 {
		return c, err
	}
	p.NotFound = nil
	for _, n := range lacking {
		p.NotFound = append(p.NotFound, notFoundObject{n.ID, n.Asked.Unix(), n.Times})
	}
	return p.encode()
}
