package stripesim

import (
	"math"
	"sync"
	"time"
)

// A clock is the time that a server lives in: unset, it stands at the end of
// the business while the Date header follows the real clock; set, it stands
// still or runs. The accounts of one server share it.
type clock struct {
	mu    sync.Mutex
	at    int64            // Unix seconds when it was set; unsetNow before
	since time.Time        // by tick, when it was set
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

// now is unsetNow if the clock is not set.
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
// whole seconds. Objects, lists, events and the ledger are then as at t: what
// is created later is not there yet, and what changes later has not changed.
// The Date header says t. It may be called while serving. The zero time unsets
// the clock: everything is as at the end of the business, and Date is real.
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

// Now is the time of which objects and events speak, in UTC: the clock's, or
// the end of the business while the clock is unset.
func (s *Server) Now() time.Time { return time.Unix(s.moment().at, 0).UTC() }

// A moment is what one reading of the clock lets an answer see.
type moment struct {
	at     int64 // objects are as of then
	exists int64 // the last created that is there by id
	listed int64 // the last created that lists show
	late   lateness
}

// moment reads the clock once, so that an answer is of one time. Stripe: an
// object or an event becomes listable some seconds after it was created, while
// it is already there by id.
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

// date is what the Date header says.
func (s *Server) date() time.Time {
	if now := s.clock.now(); now != unsetNow {
		return time.Unix(now, 0)
	}
	return s.clock.tick()
}
