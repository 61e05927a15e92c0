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

func (w *mutator) customerMutations() map[Action]mutation {
	return map[Action]mutation{
		CreateCustomer: {do: func(int32) record { return w.createCustomer() }},
		UpdateCustomer: {target: idCustomer, can: w.exists, do: w.updater(idCustomer)},
		DeleteCustomer: {target: idCustomer, can: w.exists, do: w.deleteCustomer},
	}
}

func (w *mutator) chargeMutations() map[Action]mutation {
	created := func(outcome chargeState) mutation {
		return mutation{target: idCustomer, optional: true, can: w.exists, do: func(n int32) record { return w.createCharge(n, outcome) }}
	}
	open := func(n int32) bool { return w.b.charges[n].state == chargeAuthorised }
	whole := func(n int32) bool { return w.refundable(n) && w.b.charges[n].refunded == 0 }
	disputed := func(n int32) bool { return w.b.charges[n].disputed && w.b.charges[n].part(4) > 0 }
	return map[Action]mutation{
		CreateCharge:    created(chargePaid),
		FailCharge:      created(chargeFailed),
		AuthorizeCharge: created(chargeAuthorised),
		CaptureCharge:   {target: idCharge, can: open, do: func(n int32) record { return w.captureCharge(n, w.b.charges[n].amount) }},
		CapturePart:     {target: idCharge, can: open, do: func(n int32) record { return w.captureCharge(n, w.b.charges[n].part(3)*2) }},
		ReleaseCharge:   {target: idCharge, can: open, do: w.releaseCharge},
		UpdateCharge:    {target: idCharge, can: anyRecord, do: w.updater(idCharge)},
		DisputeCharge:   {target: idCharge, can: whole, do: func(n int32) record { return w.createDispute(n, w.b.charges[n].captured) }},
		DisputeAgain:    {target: idCharge, can: disputed, do: func(n int32) record { return w.createDispute(n, w.b.charges[n].part(4)) }},
	}
}

func (w *mutator) refundMutations() map[Action]mutation {
	booked := func(n int32) bool {
		f := &w.b.refunds[n]
		return f.status != refundFailed && f.txn != none && !f.isRelease()
	}
	rest := func(n int32) record { return w.createRefund(n, w.b.charges[n].refundable()) }
	quarter := func(n int32) record {
		c := &w.b.charges[n]
		return w.createRefund(n, min(c.refundable(), c.currency.round(c.refundable()/4)))
	}
	return map[Action]mutation{
		CreateRefund:  {target: idCharge, can: w.refundable, do: rest},
		PartialRefund: {target: idCharge, can: w.refundable, do: quarter},
		FailRefund:    {target: idRefund, can: booked, do: w.failRefund},
		UpdateRefund:  {target: idRefund, can: anyRecord, do: w.updater(idRefund)},
	}
}

func (w *mutator) subscriptionMutations() map[Action]mutation {
	served := func(n int32) bool {
		_, ok := w.b.mainPrice(markets[w.b.customers[n].market].currency, false)
		return ok && w.exists(n)
	}
	content := func(n int32) bool { s := &w.b.subs[n]; return s.status == subActive && !s.leaving && !s.onHold }
	running := func(n int32) bool { return w.b.subs[n].status == subActive || w.b.subs[n].status == subTrialing }
	return map[Action]mutation{
		CreateSubscription: {target: idCustomer, can: served, do: w.createSubscription},
		LeaveSubscription:  {target: idSubscription, can: content, do: w.cancelAtPeriodEnd},
		CancelSubscription: {target: idSubscription, can: running, do: w.cancelSubscription},
		UpdateSubscription: {target: idSubscription, can: anyRecord, do: w.updater(idSubscription)},
	}
}

func (w *mutator) priceMutations() map[Action]mutation {
	there := func(n int32) bool { return w.b.prices[n].deleted == 0 }
	active := func(n int32) bool { return w.b.prices[n].active && there(n) }
	unsold := func(n int32) bool {
		sells := func(plans [2]int32) bool { return slices.Contains(plans[:], n) }
		return there(n) && !slices.Contains(w.b.addOns, n) && !slices.ContainsFunc(w.b.mainPrices[:], sells)
	}
	return map[Action]mutation{
		CreatePrice:     {do: func(int32) record { return w.createPrice() }},
		DeactivatePrice: {target: idPrice, can: active, do: w.deactivatePrice},
		UpdatePrice:     {target: idPrice, can: there, do: w.updater(idPrice)},
		DeletePrice:     {target: idPrice, can: unsold, do: w.deletePrice},
	}
}

func anyRecord(int32) bool { return true }

func (w *mutator) exists(n int32) bool { return w.b.customers[n].deleted == 0 }

func (w *mutator) refundable(n int32) bool {
	return w.b.charges[n].refundable() > 0 && !w.b.charges[n].disputed
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
func (w *mutator) updater(kind idKind) func(n int32) record {
	return func(n int32) record {
		if w.b.edits == nil {
			w.b.edits = map[record][]int64{}
		}
		r := record{kind, n}
		w.b.edits[r] = append(w.b.edits[r], w.at)
		return r
	}
}

func (w *mutator) createCustomer() record {
	w.b.customers = append(w.b.customers, customer{created: w.at, market: pickMarket(w.r, w.b.tl.progress(w.at))})
	return record{idCustomer, int32(len(w.b.customers) - 1)}
}

// deleteCustomer deletes a customer. Stripe: that cancels their subscriptions.
func (w *mutator) deleteCustomer(n int32) record {
	w.b.customers[n].deleted = w.at
	for k := range w.b.subs {
		if s := &w.b.subs[k]; s.customer == n && s.ended == 0 {
			w.cancelSubscription(int32(k))
		}
	}
	return record{idCustomer, n}
}

func (w *mutator) createCharge(who int32, outcome chargeState) record {
	c := w.b.newOrder(w.r, w.at, who, noMethod)
	c.state, c.decline, c.capture, c.captured = outcome, 0, 0, 0
	switch outcome {
	case chargePaid:
		c.captured = c.amount
	case chargeAuthorised:
		c.method, c.category = methodCard, 0
	}
	return w.addCharge(c)
}

// addCharge appends a charge and its balance transactions.
func (w *mutator) addCharge(c charge) record {
	n := int32(len(w.b.charges))
	w.b.charges = append(w.b.charges, c)
	w.book(&w.b.charges[n].txn, func() { w.books.enterCharge(n) })
	return record{idCharge, n}
}

// book runs enter and sets txn to the first balance transaction that it made.
func (w *mutator) book(txn *int32, book func()) {
	first := len(w.b.txns)
	book()
	if len(w.b.txns) > first {
		*txn = int32(first)
	}
}

// part returns an amount that fits n times into a charge.
func (c *charge) part(n int64) int64 { return c.currency.round(c.amount / n) }

func (w *mutator) captureCharge(n int32, amount int64) record {
	c := &w.b.charges[n]
	c.state, c.capture, c.captured = chargePaid, w.at, amount
	released := c.captured < c.amount && w.b.refundsReleases(w.at)
	if released {
		w.b.release(n, w.at)
	}
	w.book(&c.txn, func() { w.books.enterCharge(n) })
	if f := int32(len(w.b.refunds) - 1); released {
		w.book(&w.b.refunds[f].txn, func() { w.books.enterRefund(f) })
	}
	return record{idCharge, n}
}

func (w *mutator) releaseCharge(n int32) record {
	c := &w.b.charges[n]
	c.state, c.capture = chargeExpired, w.at
	if w.b.cfg.CapturesSince.IsZero() || w.b.refundsReleases(w.at) {
		w.b.release(n, w.at)
	}
	return record{idCharge, n}
}

func (w *mutator) createRefund(charge int32, amount int64) record {
	c, n := &w.b.charges[charge], int32(len(w.b.refunds))
	f := refund{created: w.at, amount: amount, charge: charge, txn: none, back: none, reason: refundRequested}
	if c.method.bnpl() {
		f.status = refundPending // the provider has not confirmed it yet
	}
	c.refunded += amount
	w.b.refunds = append(w.b.refunds, f)
	w.book(&w.b.refunds[n].txn, func() { w.books.enterRefund(n) })
	return record{idRefund, n}
}

func (w *mutator) failRefund(n int32) record {
	f := &w.b.refunds[n]
	c := &w.b.charges[f.charge]
	if at := w.b.confirmed(f); at <= w.at {
		f.confirmedAt = at
	}
	f.status, f.failed = refundFailed, w.at
	c.refunded -= f.amount
	w.book(&f.back, func() { w.books.enter(entryRefundFailure, n, w.at, c, f.amount, 0) })
	return record{idRefund, n}
}

func (w *mutator) createDispute(charge int32, amount int64) record {
	n := int32(len(w.b.disputes))
	w.b.disputes = append(w.b.disputes, dispute{created: w.at, charge: charge, amount: amount})
	w.b.charges[charge].disputed = true
	w.books.enterDispute(n)
	return record{idCharge, charge}
}

func (w *mutator) createSubscription(who int32) record {
	n := int32(len(w.b.subs))
	w.b.addSubscription(w.r, w.at, who, false)
	s := &w.b.subs[n]
	s.status, s.trialEnd, s.ended, s.leaving, s.onHold = subActive, 0, 0, false, false
	w.b.customers[who].delinquent = false
	for _, bill := range w.b.appendBills(nil, int(n)) {
		s.lastCharge = w.addCharge(bill).n
	}
	return record{idSubscription, n}
}

func (w *mutator) cancelAtPeriodEnd(n int32) record {
	w.b.subs[n].leaving, w.b.subs[n].turned = true, w.at
	return record{idSubscription, n}
}

func (w *mutator) cancelSubscription(n int32) record {
	w.b.subs[n].status, w.b.subs[n].ended = subCanceled, w.at
	return record{idSubscription, n}
}

func (w *mutator) createPrice() record {
	n := len(w.b.prices)
	p := newPrice(w.r, w.at, n, len(w.b.addOns)-addOns)
	p.active = true
	w.b.prices = append(w.b.prices, p)
	return record{idPrice, int32(n)}
}

func (w *mutator) deactivatePrice(n int32) record {
	w.b.prices[n].active, w.b.prices[n].deactivated = false, w.at
	return record{idPrice, n}
}

func (w *mutator) deletePrice(n int32) record {
	w.b.prices[n].deleted = w.at
	return record{idPrice, n}
}
