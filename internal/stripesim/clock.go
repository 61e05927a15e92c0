package stripesim

import (
	"math"
	"sync"
	"time"
)

// A clock is the time of a server. While it is unset, the business is at its
// end and the Date header follows the real clock. Once set, it stands still or
// runs. All accounts of a server share one clock.
type clock struct {
	mu    sync.Mutex
	at    int64            // Unix seconds when it was set; unsetNow before
	since time.Time        // the real time, by tick, when it was set
	speed int64            // simulated seconds for each real one
	tick  func() time.Time // the real clock, or a test's
}

const unsetNow = math.MaxInt64

func newClock(cfg Config) *clock {
	c := &clock{at: unsetNow, speed: int64(cfg.Speed), tick: cfg.Tick}
	if !cfg.Now.IsZero() {
		c.set(cfg.Now.Unix())
	}
	return c
}

func (c *clock) set(at int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.since = at, c.tick()
}

// now returns the clock's time, or unsetNow if the clock is not set.
func (c *clock) now() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at == unsetNow {
		return unsetNow
	}
	passed := c.tick().Sub(c.since)
	return c.at + int64(passed/time.Second)*c.speed + int64(passed%time.Second)*c.speed/int64(time.Second)
}

// SetNow moves the clock of the account and of all connected ones to t, in
// whole seconds. Objects, lists, events and the ledger are then as at t: an
// object that is created later does not exist yet, and one that changes later
// has not changed. The Date header says t. SetNow may be called while serving.
// The zero time unsets the clock: everything is as at the end of the business,
// and Date is real.
func (s *Server) SetNow(t time.Time) {
	if t.IsZero() {
		s.clock.set(unsetNow)
		return
	}
	s.clock.set(t.Unix())
}

// Advance moves the clock on by d. An unset clock starts from the end of the
// business.
func (s *Server) Advance(d time.Duration) { s.SetNow(s.Now().Add(d)) }

// Now returns the time of the objects and events, in UTC: the clock's, or the
// end of the business while the clock is unset.
func (s *Server) Now() time.Time { return time.Unix(s.moment().at, 0).UTC() }

// A moment is one reading of the clock, with what an answer shows because of
// it.
type moment struct {
	at     int64 // objects show their state at this time
	exists int64 // objects created until then exist by id
	listed int64 // objects created until then are in lists
	late   lateness
}

// moment reads the clock once, so that an answer has one time. Stripe: an
// object or an event becomes listable some seconds after it was created,
// although it can be read by id at once.
func (s *Server) moment() moment {
	now := s.clock.now()
	if now == unsetNow {
		return moment{at: s.cfg.To.Unix(), exists: unsetNow, listed: unsetNow}
	}
	return moment{
		at: now, exists: now, listed: now - int64(s.cfg.Lag/time.Second),
		late: lateness{most: int64(s.cfg.Late / time.Second), key: s.ids.key},
	}
}

// date returns the time of the Date header.
func (s *Server) date() time.Time {
	if now := s.clock.now(); now != unsetNow {
		return time.Unix(now, 0)
	}
	return s.clock.tick()
}
