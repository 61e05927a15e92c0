package stripesim

// Records hold the end of every story together with the times at which it
// turned, so the state at any earlier moment is derived, not stored.

// isFinal reports whether the stored records are already the state at a time:
// the business changes nothing at or after its last second.
func (b *business) isFinal(at int64) bool { return at >= b.tl.to-1 }

// chargeAt returns a charge as of a time.
func (b *business) chargeAt(n int, at int64) charge {
	c := b.charges[n]
	if b.isFinal(at) {
		return c
	}
	if c.capture > at {
		c.state, c.captured, c.released, c.capture = chargeAuthorised, 0, 0, 0
	}
	c.refunded = 0
	for _, k := range b.index().refunds.of(int32(n)) {
		if f := &b.refunds[k]; f.reason != refundReleased && f.created <= at && (f.failed == 0 || f.failed > at) {
			c.refunded += f.amount
		}
	}
	// A refund that is going to fail counts until it does, but never makes the
	// sum larger than the amount captured.
	if c.state != chargeExpired {
		c.refunded = min(c.refunded, c.captured)
	}
	if c.disputed {
		c.disputed = b.disputes[b.index().disputes.of(int32(n))[0]].created <= at
	}
	c.txn = b.bookedAt(c.txn, at)
	return c
}

// bookedAt returns a balance transaction if it exists at a time, else none.
func (b *business) bookedAt(txn int32, at int64) int32 {
	if txn != none && b.txns[txn].created > at {
		return none
	}
	return txn
}

// providerRefundSpan is how long a provider takes to confirm a refund.
const providerRefundSpan = 6 * day

// confirmed returns when a provider confirmed a refund; 0 for a refund that was
// never pending. Stripe: refunds of instalments are asynchronous.
func (b *business) confirmed(f *refund) int64 {
	if f.status != refundSucceeded || f.isRelease() || !b.charges[f.charge].method.bnpl() {
		return 0
	}
	return f.created + providerRefundSpan
}

// refundAt returns a refund as of a time.
func (b *business) refundAt(n int, at int64) refund {
	f := b.refunds[n]
	if b.isFinal(at) {
		return f
	}
	if f.failed > at || b.confirmed(&f) > at {
		f.status, f.failed = refundPending, 0
	}
	f.txn, f.back = b.bookedAt(f.txn, at), b.bookedAt(f.back, at)
	return f
}

// disputeAt returns a dispute as of a time.
func (b *business) disputeAt(n int, at int64) dispute {
	d := b.disputes[n]
	if d.closed > at {
		d.closed = 0
	}
	return d
}

// subAt returns a subscription as of a time.
func (b *business) subAt(n int, at int64) subscription {
	s := b.subs[n]
	if b.isFinal(at) {
		return s
	}
	if at < b.turnedAt(n) {
		s.leaving, s.onHold = false, false
	}
	switch {
	case s.status == subCanceled && s.ended > at:
		s.status, s.ended = subActive, 0
	case s.status == subExpired && s.ended > at:
		s.status, s.ended = subIncomplete, 0
	case (s.status == subPastDue || s.status == subUnpaid) && b.charges[s.lastCharge].created > at:
		s.status = subActive
	}
	if at < s.trialEnd && (s.status == subActive || s.status == subPaused) {
		s.status = subTrialing
	}
	s.lastCharge = none
	for _, k := range b.index().bills.of(int32(n)) {
		if b.charges[k].created <= at {
			s.lastCharge = k
		}
	}
	return s
}

// turnedAt returns when the customer asked to leave or to be put on hold.
func (b *business) turnedAt(n int) int64 {
	s := &b.subs[n]
	if !s.leaving && !s.onHold {
		return 0
	}
	if s.turned > 0 {
		return s.turned
	}
	return max(s.created, b.afterwards(idSubscription, n, s.created, 20*day))
}

// customerAt returns a customer as of a time.
func (b *business) customerAt(n int, at int64) customer {
	c := b.customers[n]
	if c.deleted > at {
		c.deleted = 0
	}
	if b.isFinal(at) {
		return c
	}
	if c.subscriber {
		c.subscriber, c.delinquent = false, false
		for _, k := range b.index().subs.of(int32(n)) {
			if b.subs[k].created <= at {
				status := b.subAt(int(k), at).status
				c.subscriber, c.delinquent = true, status == subPastDue || status == subUnpaid
			}
		}
	}
	c.quiet = c.quiet || at < b.introducedAt(n)
	return c
}

// introducedAt returns when a customer added their phone number and address; 0
// for most, who gave them when they signed up or never.
func (b *business) introducedAt(n int) int64 {
	d := b.diceOf(idCustomer, n)
	if d.n(dIntroduced, 12) != 0 || !d.hasAddress() && !d.hasPhone() {
		return 0
	}
	return b.afterwards(idCustomer, n, b.customers[n].created, 200*day)
}

// priceAt returns a price as of a time.
func (b *business) priceAt(n int, at int64) price {
	p := b.prices[n]
	p.active = p.active || !b.isFinal(at) && at < b.deactivatedAt(n)
	return p
}

// deactivatedAt returns when a price was deactivated; 0 if it was not, or never
// was active.
func (b *business) deactivatedAt(n int) int64 {
	p := &b.prices[n]
	if p.active || p.deactivated > 0 {
		return p.deactivated
	}
	return b.afterwards(idPrice, n, p.created, 150*day)
}

// afterwards returns a random time up to span after an object's creation, from
// the object's dice; 0 if that is after the end of the invented history.
func (b *business) afterwards(kind idKind, n int, created, span int64) int64 {
	at := created + hour + int64(b.diceOf(kind, n).hash(dAfterwards)%uint64(span))
	if at >= b.cfg.To.Unix() || at > b.truncatedAt {
		return 0
	}
	return at
}
