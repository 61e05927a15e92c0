package stripesim

import "math/rand/v2"

// A dispute takes the money back at once and returns it if it is won. Stripe
// lists disputes under a path of their own, which this package does not serve;
// here they show in charges and balance transactions.
type dispute struct {
	created int64
	closed  int64 // 0 while it is open
	charge  int32
	won     bool
}

// disputeFee is in minor units of the settlement currency. Stripe: charged with
// every dispute and, for most accounts then, returned with those won.
const disputeFee = 1500

func (b *business) dispute(r *rand.Rand) {
	for n := range b.charges {
		c := &b.charges[n]
		if c.state != chargePaid || c.refunded > 0 || !permille(r, providers[c.method].disputes) {
			continue
		}
		d := dispute{created: max(c.created, c.capture) + 3*day + r.Int64N(45*day), charge: int32(n), won: percent(r, 40)}
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

// disputeOf is the dispute about a charge; none without.
func (b *business) disputeOf(c *charge, n int) int32 {
	if !c.disputed {
		return none
	}
	return b.related().disputes.of(int32(n))[0]
}
