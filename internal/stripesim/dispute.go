package stripesim

import "math/rand/v2"

// A dispute takes money back at once and returns it if the dispute is won. An
// inquiry moves no money: the bank only asks. A charge may have several
// disputes, each of a part of it. It names the newest.
type dispute struct {
	created int64
	closed  int64 // 0 while it is open
	amount  int64 // minor units of the charge's currency
	charge  int32
	won     bool
	inquiry bool
}

// disputeFee is in minor units of the settlement currency. Stripe charges it
// with every dispute. If the dispute is won, some accounts get it back and some
// do not; see keepsFee.
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

// inquire adds inquiries about charges that nobody disputed, if Config.Wide
// says so. A dispute closes 10 days after it was created or later.
func (b *business) inquire() {
	if !b.cfg.Wide {
		return
	}
	r := streamInquiries.rand(b.cfg.Seed)
	for n := range b.charges {
		c := &b.charges[n]
		if c.state != chargePaid || c.disputed || c.refunded > 0 || !permille(r, 4) {
			continue
		}
		d := dispute{created: max(c.created, c.capture) + day + r.Int64N(30*day), charge: int32(n), amount: c.captured, inquiry: true}
		if closed := d.created + 10*day + r.Int64N(60*day); closed < b.tl.to {
			d.closed = closed
		}
		if d.created < b.tl.to {
			c.disputed = true
			b.disputes = append(b.disputes, d)
		}
	}
	byCreated(b.disputes, func(d *dispute) int64 { return d.created })
}

// keepsFee reports whether dispute n costs its fee although it was won.
func (b *business) keepsFee(n int32) bool {
	return b.cfg.Wide && b.diceOf(idDispute, int(n)).oneIn(dDisputeFee, 2)
}

// submittedAt returns when the merchant sent evidence; 0 for never. Without
// Config.Wide none is sent, because no event would tell of it.
func (b *business) submittedAt(n int) int64 {
	d := &b.disputes[n]
	if !b.cfg.Wide || !d.won && b.diceOf(idDispute, n).oneIn(dEvidence, 3) {
		return 0
	}
	return b.afterwards(idDispute, n, d.created, 9*day)
}

// disputeList returns the list of disputes.
func (b *business) disputeList() *resource {
	return &resource{
		name: "disputes", params: paramsOf("disputes"), object: "dispute", count: len(b.disputes),
		expands: expandsOf["disputes"],
		render:  func(w *writer, n int) { b.renderDispute(w, n, true) },
		created: func(n int) int64 { return b.disputes[n].created }, appendID: b.appendDisputeID,
		find: b.findDispute, match: b.matchDispute,
	}
}

func (b *business) findDispute(id string) (int, bool) {
	return b.find(idDispute, b.appendDisputeID, len(b.disputes), id)
}

func (b *business) matchDispute(p, value string, _ int64) (matcher, bool) {
	find := b.findCharge
	if p == "payment_intent" {
		find = b.findIntent
	}
	c, ok := find(value)
	return func(n int) bool { return int(b.disputes[n].charge) == c }, ok
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
