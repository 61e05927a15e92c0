package stripesim

import "math/rand/v2"

// A refundStatus is an index into refundStatuses.
type refundStatus uint8

const (
	refundSucceeded refundStatus = iota
	refundPending
	refundFailed
)

var refundStatuses = [...]string{"succeeded", "pending", "failed"}

func (s refundStatus) String() string { return refundStatuses[s] }

// A refundReason is an index into refundReasons.
type refundReason uint8

const (
	refundUnexplained refundReason = iota
	refundRequested
	refundDuplicate
	refundFraud
	refundExpired  // an authorisation that was released; no money moved
	refundReleased // the rest of a partial capture; Stripe gives no reason
)

var refundReasons = [...]string{"", "requested_by_customer", "duplicate", "fraudulent", "expired_uncaptured_charge", ""}

type refund struct {
	created     int64
	amount      int64 // minor units of the charge's currency
	failed      int64 // when the bank returned it; 0 if it did not
	confirmedAt int64 // when it was confirmed, if it failed after that
	charge      int32
	txn         int32 // none without
	back        int32 // the balance transaction of the failure; none without
	status      refundStatus
	reason      refundReason
}

// refundsReleases reports whether a release makes a Refund. Stripe: until API
// version 2025-03-31.basil the release of an authorisation, or of the rest of
// one, makes a Refund.
func (b *business) refundsReleases(at int64) bool { return at < b.cfg.CapturesSince.Unix() }

// makeRefunds makes the refunds of releases, and those of payments at the rate
// of each provider.
func (b *business) makeRefunds(r *rand.Rand) {
	for n := range b.charges {
		c := &b.charges[n]
		switch {
		case c.state == chargeExpired && (b.cfg.CapturesSince.IsZero() || b.refundsReleases(c.capture)):
			b.release(int32(n), c.capture)
		case c.state == chargePaid && c.captured < c.amount && b.refundsReleases(c.capture):
			b.release(int32(n), c.capture)
		}
		switch {
		case c.state == chargePaid && permille(r, b.refundRate(c)):
			b.refundCharge(r, c, int32(n))
		}
	}
	byCreated(b.refunds, func(f *refund) int64 { return f.created })
}

// release makes the Refund of the part of an authorisation that was not
// captured.
func (b *business) release(n int32, at int64) {
	c := &b.charges[n]
	f := refund{created: at, amount: c.amount - c.captured, charge: n, txn: none, back: none, reason: refundExpired}
	if c.state == chargeExpired {
		c.refunded = c.amount
	} else {
		f.reason, c.released = refundReleased, f.amount
	}
	b.refunds = append(b.refunds, f)
}

// isRelease reports that no money was returned.
func (f *refund) isRelease() bool { return f.reason == refundExpired || f.reason == refundReleased }

// refundRate returns the refunds in a thousand charges. It is lower for
// subscriptions than for goods.
func (b *business) refundRate(c *charge) int {
	if c.sub != none {
		return 20
	}
	return providers[c.method].refunds
}

// refundCharge refunds all of a charge, or one to three parts of it, unless
// that would be after the end of the business.
func (b *business) refundCharge(r *rand.Rand, c *charge, n int32) {
	at := max(c.created, c.capture)
	span := int64(providers[c.method].refundDays) * day
	pieces := 0
	if percent(r, 40) {
		pieces = 1 + r.IntN(3)
	}
	piece := int64(10)
	if b.cfg.LongLists && percent(r, 25) {
		pieces, span, piece = embeddedItems+1+r.IntN(8), day, 2
	}
	for i := 0; i == 0 || i < pieces; i++ {
		at += 10*60 + min(r.Int64N(span), r.Int64N(span))
		amount := c.refundable()
		if pieces > 0 {
			amount = min(amount, c.currency.round(c.captured*(piece+int64(r.IntN(3*int(piece))))/100))
		}
		if at >= b.tl.to || amount == 0 {
			return
		}
		f := b.newRefund(r, c, refund{created: at, amount: amount, charge: n, txn: none, back: none})
		if f.status != refundFailed {
			c.refunded += amount
		}
		b.refunds = append(b.refunds, f)
	}
}

func (b *business) newRefund(r *rand.Rand, c *charge, f refund) refund {
	f.reason = [...]refundReason{refundUnexplained, refundRequested, refundRequested, refundRequested, refundDuplicate, refundFraud}[r.IntN(6)]
	failsAfter := 2*day + r.Int64N(4*day)
	switch {
	case percent(r, 4) && f.created+failsAfter < b.tl.to:
		f.status, f.failed = refundFailed, f.created+failsAfter
	case c.method.bnpl() && b.tl.to-f.created < 6*day:
		f.status = refundPending
	}
	return f
}
