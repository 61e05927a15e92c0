package stripesim

import (
	"cmp"
	"slices"
)

// A record identifies an object of the business.
type record struct {
	kind idKind
	n    int32
}

// A change is something that happened to an object and has an event at Stripe.
// It is derived from the record, in the same way each time, so that an event
// needs no memory: its id holds kind, n and k.
type change struct {
	at   int64
	tie  uint32 // orders the changes of one second, independently of cause
	n    int32
	k    uint16 // number among the record's changes of this kind, in order of time
	kind changeKind
}

// A changeKind says what happened. The type of the event follows from it.
type changeKind uint8

const (
	chargeCreated changeKind = iota
	chargeSettled            // captured or expired
	chargeEdited
	chargeRefunded // n is the number of the refund
	refundMoved
	refundEdited
	refundCreated // newer API versions send it in addition to chargeRefunded
	refundUpdated // and this in addition to refundMoved
	disputeCreated
	disputeWithdrawn
	disputeClosed
	disputeReinstated
	subCreated
	subUpdated
	subPausedNow
	subTrialEnds
	subDeleted
	subEdited
	customerCreated
	customerUpdated
	customerDeleted
	customerEdited
	priceCreated
	priceUpdated
	priceEdited
	priceDeleted
	furtherHappened // what k says, to an object beyond the six; see further_event.go
	changeKinds
)

// subject returns the kind of record that n is the number of.
func (k changeKind) subject() idKind {
	switch {
	case k <= chargeEdited:
		return idCharge
	case k <= refundUpdated:
		return idRefund
	case k <= disputeReinstated:
		return idDispute
	case k <= subEdited:
		return idSubscription
	case k <= customerEdited:
		return idCustomer
	}
	return idPrice
}

// A changelog holds all changes since from, oldest first. It is made at the
// first request for events.
type changelog struct {
	from    int64
	changes []change
}

// eventSpan is how long an event can be read. Stripe: 30 days.
const eventSpan = 30 * day

// log returns a changelog that holds at least the events that can be read at
// now.
func (b *business) log(now int64) *changelog {
	from := now - eventSpan
	if l := b.changelog.Load(); l != nil && l.from <= from {
		return l
	}
	l := &changelog{from: from}
	keep := func(c change) {
		if c.at >= from {
			l.changes = append(l.changes, b.withTie(c))
		}
	}
	for _, kind := range [...]idKind{idCharge, idRefund, idDispute, idSubscription, idCustomer, idPrice} {
		for n := range b.count(kind) {
			b.changesOf(kind, n, keep)
		}
	}
	b.eachHappening(keep)
	slices.SortFunc(l.changes, compareChanges)
	b.changelog.Store(l)
	return l
}

// compareChanges compares changes in a total order.
func compareChanges(x, y change) int {
	return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.tie, y.tie),
		cmp.Compare(x.kind, y.kind), cmp.Compare(x.n, y.n), cmp.Compare(x.k, y.k))
}

func (b *business) withTie(c change) change {
	c.tie = uint32(mix(b.ids.key ^ c.code()))
	return c
}

const (
	changeBitsN = 27 // maxCharges fits
	changeBitsK = 14
)

// code is the change as a number of 46 bits.
func (c change) code() uint64 {
	return uint64(c.kind)<<(changeBitsN+changeBitsK) | uint64(c.n)<<changeBitsK | uint64(c.k)
}

// changesOf derives all changes of a record.
func (b *business) changesOf(kind idKind, n int, emit func(change)) {
	e := emitter{b: b, n: int32(n), emit: emit}
	switch kind {
	case idCharge:
		e.charge()
	case idRefund:
		e.refund()
	case idDispute:
		e.dispute()
	case idSubscription:
		e.subscription()
	case idCustomer:
		e.customer()
	case idPrice:
		e.price()
	}
}

// An emitter derives the changes of one record.
type emitter struct {
	b    *business
	n    int32
	emit func(change)
}

func (e *emitter) at(kind changeKind, times ...int64) {
	for k, at := range times {
		if at > 0 {
			e.emit(change{at: at, n: e.n, k: uint16(k), kind: kind})
		}
	}
}

func (e *emitter) edits(kind changeKind) {
	e.at(kind, e.b.edits[record{kind.subject(), e.n}]...)
}

func (e *emitter) charge() {
	c := &e.b.charges[e.n]
	e.at(chargeCreated, c.created)
	e.at(chargeSettled, c.capture)
	e.edits(chargeEdited)
}

// refund emits the changes of a refund. Stripe: before 2024-10-28.acacia only
// the charge's events show them.
func (e *emitter) refund() {
	f := &e.b.refunds[e.n]
	moved := []int64{max(f.failed, e.b.confirmed(f))}
	if f.confirmedAt > 0 { // each move is an event of its own
		moved = []int64{f.confirmedAt, f.failed}
	}
	e.at(chargeRefunded, f.created)
	e.at(refundMoved, moved...)
	e.edits(refundEdited)
	if e.b.cfg.EventVersion >= versionAcacia {
		e.at(refundCreated, f.created)
		e.at(refundUpdated, moved...)
	}
}

func (e *emitter) dispute() {
	d := &e.b.disputes[e.n]
	e.at(disputeCreated, d.created)
	if !d.inquiry {
		e.at(disputeWithdrawn, d.created)
	}
	e.at(disputeClosed, d.closed)
	if d.won {
		e.at(disputeReinstated, d.closed)
	}
}

func (e *emitter) subscription() {
	s := &e.b.subs[e.n]
	e.at(subCreated, s.created)
	e.at(subUpdated, e.b.transitions(int(e.n))...)
	e.edits(subEdited)
	if s.trialEnd > 0 {
		e.at(subTrialEnds, s.trialEnd-3*day)
	}
	if s.status == subPaused {
		e.at(subPausedNow, s.trialEnd)
	}
	if s.status == subCanceled {
		e.at(subDeleted, s.ended)
	}
}

// transitions returns the times at which a subscription's state changes, in
// order. A subscription whose first payment succeeds at once changes in the
// second of its creation.
func (b *business) transitions(n int) []int64 {
	s := &b.subs[n]
	end := b.now(s, b.renews)
	var times []int64
	if b.startsIncomplete(n) {
		times = append(times, s.created)
	}
	for _, k := range b.index().bills.of(int32(n)) {
		if at := b.charges[k].created; at > s.created {
			times = append(times, at)
		}
	}
	for k := 0; ; k++ {
		at := addMonths(s.firstBilling(), k*s.months())
		if at > end {
			break
		}
		if at > s.created {
			times = append(times, at)
		}
	}
	if s.status == subExpired {
		times = append(times, s.ended)
	}
	if at := b.turnedAt(n); at > s.created {
		times = append(times, at)
	}
	slices.Sort(times)
	return slices.Compact(times)
}

// startsIncomplete reports whether a subscription is incomplete first and paid
// in the same second. Stripe: a subscription is incomplete until its first
// payment succeeds, often within the same second, so two events contradict each
// other.
func (b *business) startsIncomplete(n int) bool {
	s := &b.subs[n]
	bills := b.index().bills.of(int32(n))
	return s.trialEnd == 0 && s.status != subIncomplete && s.status != subExpired &&
		len(bills) > 0 && b.charges[bills[0]].created == s.created
}

func (e *emitter) customer() {
	c := &e.b.customers[e.n]
	e.at(customerCreated, c.created)
	e.at(customerUpdated, e.b.customerTransitions(int(e.n))...)
	e.at(customerDeleted, c.deleted)
	e.edits(customerEdited)
}

// customerTransitions returns the times at which a customer's state changes.
func (b *business) customerTransitions(n int) []int64 {
	c := &b.customers[n]
	times := []int64{b.introducedAt(n)}
	for _, k := range b.index().subs.of(int32(n)) {
		s := &b.subs[k]
		times = append(times, s.created)
		if s.lastCharge != none {
			times = append(times, b.charges[s.lastCharge].created)
		}
	}
	slices.Sort(times)
	return slices.DeleteFunc(slices.Compact(times), func(at int64) bool {
		return at <= c.created || c.deleted > 0 && at >= c.deleted || b.customerAt(n, at) == b.customerAt(n, at-1)
	})
}

func (e *emitter) price() {
	e.at(priceCreated, e.b.prices[e.n].created)
	e.at(priceUpdated, e.b.deactivatedAt(int(e.n)))
	e.edits(priceEdited)
	e.at(priceDeleted, e.b.prices[e.n].deleted)
}
