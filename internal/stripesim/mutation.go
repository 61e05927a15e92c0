package stripesim

import (
	"math/rand/v2"
	"slices"
)

// mutation returns the mutation of an action at a time; false for an unknown
// action.
func (b *business) mutation(action Action, r *rand.Rand, at int64) (mutation, bool) {
	w := mutator{b: b, r: r, at: at, books: bookkeeper{b: b}}
	for _, mutations := range []map[Action]mutation{w.customerMutations(), w.chargeMutations(), w.refundMutations(), w.subscriptionMutations(), w.priceMutations()} {
		if d, ok := mutations[action]; ok {
			return d, true
		}
	}
	return mutation{}, false
}

func (m *mutator) customerMutations() map[Action]mutation {
	return map[Action]mutation{
		CreateCustomer: {do: func(int32) record { return m.createCustomer() }},
		UpdateCustomer: {target: idCustomer, can: m.exists, do: m.updater(idCustomer)},
		DeleteCustomer: {target: idCustomer, can: m.exists, do: m.deleteCustomer},
	}
}

func (m *mutator) chargeMutations() map[Action]mutation {
	created := func(outcome chargeState) mutation {
		return mutation{target: idCustomer, optional: true, can: m.exists, do: func(n int32) record { return m.createCharge(n, outcome) }}
	}
	open := func(n int32) bool { return m.b.charges[n].state == chargeAuthorised }
	whole := func(n int32) bool { return m.refundable(n) && m.b.charges[n].refunded == 0 }
	disputed := func(n int32) bool { return m.b.charges[n].disputed && m.b.charges[n].part(4) > 0 }
	return map[Action]mutation{
		CreateCharge:    created(chargePaid),
		FailCharge:      created(chargeFailed),
		AuthorizeCharge: created(chargeAuthorised),
		CaptureCharge:   {target: idCharge, can: open, do: func(n int32) record { return m.captureCharge(n, m.b.charges[n].amount) }},
		CapturePart:     {target: idCharge, can: open, do: func(n int32) record { return m.captureCharge(n, m.b.charges[n].part(3)*2) }},
		ReleaseCharge:   {target: idCharge, can: open, do: m.releaseCharge},
		UpdateCharge:    {target: idCharge, can: anyRecord, do: m.updater(idCharge)},
		DisputeCharge:   {target: idCharge, can: whole, do: func(n int32) record { return m.createDispute(n, m.b.charges[n].captured) }},
		DisputeAgain:    {target: idCharge, can: disputed, do: func(n int32) record { return m.createDispute(n, m.b.charges[n].part(4)) }},
	}
}

func (m *mutator) refundMutations() map[Action]mutation {
	booked := func(n int32) bool {
		f := &m.b.refunds[n]
		return f.status != refundFailed && f.txn != none && !f.isRelease()
	}
	rest := func(n int32) record { return m.createRefund(n, m.b.charges[n].refundable()) }
	quarter := func(n int32) record {
		c := &m.b.charges[n]
		return m.createRefund(n, min(c.refundable(), c.currency.round(c.refundable()/4)))
	}
	return map[Action]mutation{
		CreateRefund:  {target: idCharge, can: m.refundable, do: rest},
		PartialRefund: {target: idCharge, can: m.refundable, do: quarter},
		FailRefund:    {target: idRefund, can: booked, do: m.failRefund},
		UpdateRefund:  {target: idRefund, can: anyRecord, do: m.updater(idRefund)},
	}
}

func (m *mutator) subscriptionMutations() map[Action]mutation {
	served := func(n int32) bool {
		_, ok := m.b.mainPrice(markets[m.b.customers[n].market].currency, false)
		return ok && m.exists(n)
	}
	content := func(n int32) bool { s := &m.b.subs[n]; return s.status == subActive && !s.leaving && !s.onHold }
	running := func(n int32) bool { return m.b.subs[n].status == subActive || m.b.subs[n].status == subTrialing }
	return map[Action]mutation{
		CreateSubscription: {target: idCustomer, can: served, do: m.createSubscription},
		LeaveSubscription:  {target: idSubscription, can: content, do: m.cancelAtPeriodEnd},
		CancelSubscription: {target: idSubscription, can: running, do: m.cancelSubscription},
		UpdateSubscription: {target: idSubscription, can: anyRecord, do: m.updater(idSubscription)},
	}
}

func (m *mutator) priceMutations() map[Action]mutation {
	there := func(n int32) bool { return m.b.prices[n].deleted == 0 }
	active := func(n int32) bool { return m.b.prices[n].active && there(n) }
	unsold := func(n int32) bool {
		sells := func(plans [2]int32) bool { return slices.Contains(plans[:], n) }
		return there(n) && !slices.Contains(m.b.addOns, n) && !slices.ContainsFunc(m.b.mainPrices[:], sells)
	}
	return map[Action]mutation{
		CreatePrice:     {do: func(int32) record { return m.createPrice() }},
		DeactivatePrice: {target: idPrice, can: active, do: m.deactivatePrice},
		UpdatePrice:     {target: idPrice, can: there, do: m.updater(idPrice)},
		DeletePrice:     {target: idPrice, can: unsold, do: m.deletePrice},
	}
}

func anyRecord(int32) bool { return true }

func (m *mutator) exists(n int32) bool { return m.b.customers[n].deleted == 0 }

func (m *mutator) refundable(n int32) bool {
	return m.b.charges[n].refundable() > 0 && !m.b.charges[n].disputed
}

// A mutator writes what happens at one time, which is after everything that
// happened before. So appending keeps the records in order of time.
type mutator struct {
	b     *business
	r     *rand.Rand
	at    int64
	books bookkeeper
}

// updater returns the mutation that only updates metadata.revision.
func (m *mutator) updater(kind idKind) func(n int32) record {
	return func(n int32) record {
		if m.b.edits == nil {
			m.b.edits = map[record][]int64{}
		}
		r := record{kind, n}
		m.b.edits[r] = append(m.b.edits[r], m.at)
		return r
	}
}

func (m *mutator) createCustomer() record {
	m.b.customers = append(m.b.customers, customer{created: m.at, market: pickMarket(m.r, m.b.tl.progress(m.at))})
	return record{idCustomer, int32(len(m.b.customers) - 1)}
}

// deleteCustomer deletes a customer. Stripe: that cancels their subscriptions.
func (m *mutator) deleteCustomer(n int32) record {
	m.b.customers[n].deleted = m.at
	for k := range m.b.subs {
		if s := &m.b.subs[k]; s.customer == n && s.ended == 0 {
			m.cancelSubscription(int32(k))
		}
	}
	return record{idCustomer, n}
}

func (m *mutator) createCharge(who int32, outcome chargeState) record {
	c := m.b.newOrder(m.r, m.at, m.b.tl.progress(m.at), who, noMethod)
	c.state, c.decline, c.capture, c.captured = outcome, 0, 0, 0
	switch outcome {
	case chargePaid:
		c.captured = c.amount
	case chargeAuthorised:
		c.method, c.category = methodCard, 0
	}
	return m.addCharge(c)
}

// addCharge appends a charge and its balance transactions.
func (m *mutator) addCharge(c charge) record {
	n := int32(len(m.b.charges))
	m.b.charges = append(m.b.charges, c)
	m.book(&m.b.charges[n].txn, func() { m.books.enterCharge(n) })
	return record{idCharge, n}
}

// book runs enter and sets txn to the first balance transaction that it made.
func (m *mutator) book(txn *int32, enter func()) {
	first := len(m.b.txns)
	enter()
	if len(m.b.txns) > first {
		*txn = int32(first)
	}
}

// part returns an amount that fits n times into a charge.
func (c *charge) part(n int64) int64 { return c.currency.round(c.amount / n) }

func (m *mutator) captureCharge(n int32, amount int64) record {
	c := &m.b.charges[n]
	c.state, c.capture, c.captured = chargePaid, m.at, amount
	released := c.captured < c.amount && m.b.refundsReleases(m.at)
	if released {
		m.b.release(n, m.at)
	}
	m.book(&c.txn, func() { m.books.enterCharge(n) })
	if f := int32(len(m.b.refunds) - 1); released {
		m.book(&m.b.refunds[f].txn, func() { m.books.enterRefund(f) })
	}
	return record{idCharge, n}
}

func (m *mutator) releaseCharge(n int32) record {
	c := &m.b.charges[n]
	c.state, c.capture = chargeExpired, m.at
	if m.b.cfg.CapturesSince.IsZero() || m.b.refundsReleases(m.at) {
		m.b.release(n, m.at)
	}
	return record{idCharge, n}
}

func (m *mutator) createRefund(charge int32, amount int64) record {
	c, n := &m.b.charges[charge], int32(len(m.b.refunds))
	f := refund{created: m.at, amount: amount, charge: charge, txn: none, back: none, reason: refundRequested}
	if c.method.bnpl() {
		f.status = refundPending // the provider has not confirmed it yet
	}
	c.refunded += amount
	m.b.refunds = append(m.b.refunds, f)
	m.book(&m.b.refunds[n].txn, func() { m.books.enterRefund(n) })
	return record{idRefund, n}
}

func (m *mutator) failRefund(n int32) record {
	f := &m.b.refunds[n]
	c := &m.b.charges[f.charge]
	if at := m.b.confirmed(f); at <= m.at {
		f.confirmedAt = at
	}
	f.status, f.failed = refundFailed, m.at
	c.refunded -= f.amount
	m.book(&f.back, func() { m.books.enter(entryRefundFailure, n, m.at, c, f.amount, 0) })
	return record{idRefund, n}
}

func (m *mutator) createDispute(charge int32, amount int64) record {
	n := int32(len(m.b.disputes))
	m.b.disputes = append(m.b.disputes, dispute{created: m.at, charge: charge, amount: amount})
	m.b.charges[charge].disputed = true
	m.books.enterDispute(n)
	return record{idCharge, charge}
}

func (m *mutator) createSubscription(who int32) record {
	n := int32(len(m.b.subs))
	m.b.addSubscription(m.r, m.at, who, false)
	s := &m.b.subs[n]
	s.status, s.trialEnd, s.ended, s.leaving, s.onHold = subActive, 0, 0, false, false
	m.b.customers[who].delinquent = false
	for _, bill := range m.b.appendBills(nil, int(n)) {
		s.lastCharge = m.addCharge(bill).n
	}
	return record{idSubscription, n}
}

func (m *mutator) cancelAtPeriodEnd(n int32) record {
	m.b.subs[n].leaving, m.b.subs[n].turned = true, m.at
	return record{idSubscription, n}
}

func (m *mutator) cancelSubscription(n int32) record {
	m.b.subs[n].status, m.b.subs[n].ended = subCanceled, m.at
	return record{idSubscription, n}
}

func (m *mutator) createPrice() record {
	n := len(m.b.prices)
	p := newPrice(m.r, m.at, n, len(m.b.addOns)-addOns)
	p.active = true
	m.b.prices = append(m.b.prices, p)
	return record{idPrice, int32(n)}
}

func (m *mutator) deactivatePrice(n int32) record {
	m.b.prices[n].active, m.b.prices[n].deactivated = false, m.at
	return record{idPrice, n}
}

func (m *mutator) deletePrice(n int32) record {
	m.b.prices[n].deleted = m.at
	return record{idPrice, n}
}
