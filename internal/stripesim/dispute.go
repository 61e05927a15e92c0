package stripesim

import "math/rand/v2"

// A dispute takes money back at once and returns it if the dispute is won.
// Stripe lists disputes under a path of their own, which this package does not
// serve; here they show in charges and balance transactions. A charge may have
// several, each of a part of it. It names the newest.
type dispute struct {
	created int64
	closed  int64 // 0 while it is open
	amount  int64 // minor units of the charge's currency
	charge  int32
	won     bool
}

// disputeFee is in minor units of the settlement currency. Stripe charges it
// with every dispute and, for most accounts at that time, returns it if the
// dispute is won.
const disputeFee = 1500

func (b *business) dispute(r *rand.Rand) {
	for n := range b.charges {
		c := &b.charges[n]
		if c.state != chargePaid || c.refunded > 0 || !permille(r, providers[c.method].disputes) {
			continue
		}
		d := dispute{created: max(c.created, c.capture) + 3*day + r.Int64N(45*day), charge: int32(n), won: percent(r, 40), amount: c.captured}
		if d.created >= b.tl.to {
			continue
		}
		if closed := d.created + 10*day + r.Int64N(40*day); closed < b.tl.to {
			d.closed = closed
		}
		c.disputed = true
		b.disputes = append(b.disputes, d)
	}
	byCreated(b.disputes, func(d *dispute) int64 { return d.created })
}

// disputeOf returns the newest dispute about a charge at a time, or none.
func (b *business) disputeOf(c *charge, n int, at int64) (newest int32) {
	newest = none
	if !c.disputed {
		return newest
	}
	for _, k := range b.index().disputes.of(int32(n)) {
		if newest == none || b.disputes[k].created <= at {
			newest = k
		}
	}
	return newest
}
