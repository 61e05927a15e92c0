package extract

import "time"

// NotFound is an object that others name, no list has shown, and Stripe answered
// a 404 for. Nothing tells whether it is late or not of this account.
type NotFound struct {
	ID    string
	Asked time.Time // UTC: when it was asked for last
	Times int       // how often it was asked for
}

// mostAsked is how often an object that is not found is asked for, once a day.
const mostAsked = 7

// Exhausted reports that it is asked for no more.
func (n NotFound) Exhausted() bool { return n.Times >= mostAsked }

// Due reports that it is to be asked for once more: on another day (UTC).
func (n NotFound) Due(now time.Time) bool {
	return !n.Exhausted() && now.Unix()/day != n.Asked.Unix()/day
}

type notFoundObject struct {
	ID    string `json:"id"`
	Asked int64  `json:"asked"` // Unix seconds
	Times int    `json:"times"`
}

// NotFound returns what a stream lacks though others name it, by id.
func (c Cursor) NotFound() ([]NotFound, error) {
	p, err := c.decode()
	var found []NotFound
	for _, n := range p.NotFound {
		found = append(found, NotFound{ID: n.ID, Asked: time.Unix(n.Asked, 0).UTC(), Times: n.Times})
	}
	return found, err
}

// WithNotFound returns the cursor of a stream that lacks these objects.
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
