package stripesim

import (
	"math/rand/v2"
	"slices"
)

// deed is how an action is done at a moment; false for an unknown one.
func (b *business) deed(action Action, r *rand.Rand, at int64) (deed, bool) {
	w := author{b: b, r: r, at: at, book: bookkeeper{b: b}}
	for _, deeds := range []map[Action]deed{w.customerDeeds(), w.chargeDeeds(), w.refundDeeds(), w.subscriptionDeeds(), w.priceDeeds()} {
		if d, ok := deeds[action]; ok {
			return d, true
		}
	}
	return deed{}, false
}

func (w *author) customerDeeds() map[Action]deed {
	return map[Action]deed{
		CreateCustomer: {do: func(int32) record { return w.welcome() }},
		UpdateCustomer: {target: idCustomer, can: w.alive, do: w.editor(idCustomer)},
		DeleteCustomer: {target: idCustomer, can: w.alive, do: w.forget},
	}
}

func (w *author) chargeDeeds() map[Action]deed {
	sold := func(outcome chargeState) deed {
		return deed{target: idCustomer, optional: true, can: w.alive, do: func(n int32) record { return w.sell(n, outcome) }}
	}
	open := func(n int32) bool { return w.b.charges[n].state == chargeAuthorised }
	whole := func(n int32) bool { return w.refundable(n) && w.b.charges[n].refunded == 0 }
	disputed := func(n int32) bool { return w.b.charges[n].disputed && w.b.charges[n].part(4) > 0 }
	return map[Action]deed{
		CreateCharge:    sold(chargePaid),
		FailCharge:      sold(chargeFailed),
		AuthorizeCharge: sold(chargeAuthorised),
		CaptureCharge:   {target: idCharge, can: open, do: func(n int32) record { return w.capture(n, w.b.charges[n].amount) }},
		CapturePart:     {target: idCharge, can: open, do: func(n int32) record { return w.capture(n, w.b.charges[n].part(3)*2) }},
		ReleaseCharge:   {target: idCharge, can: open, do: w.release},
		UpdateCharge:    {target: idCharge, can: anyRecord, do: w.editor(idCharge)},
		DisputeCharge:   {target: idCharge, can: whole, do: func(n int32) record { return w.dispute(n, w.b.charges[n].captured) }},
		DisputeAgain:    {target: idCharge, can: disputed, do: func(n int32) record { return w.dispute(n, w.b.charges[n].part(4)) }},
	}
}

func (w *author) refundDeeds() map[Action]deed {
	booked := func(n int32) bool {
		f := &w.b.refunds[n]
		return f.status != refundFailed && f.txn != none && !f.isRelease()
	}
	rest := func(n int32) record { return w.refund(n, w.b.charges[n].refundable()) }
	quarter := func(n int32) record {
		c := &w.b.charges[n]
		return w.refund(n, min(c.refundable(), c.currency.round(c.refundable()/4)))
	}
	return map[Action]deed{
		CreateRefund:  {target: idCharge, can: w.refundable, do: rest},
		PartialRefund: {target: idCharge, can: w.refundable, do: quarter},
		FailRefund:    {target: idRefund, can: booked, do: w.fail},
		UpdateRefund:  {target: idRefund, can: anyRecord, do: w.editor(idRefund)},
	}
}

func (w *author) subscriptionDeeds() map[Action]deed {
	served := func(n int32) bool {
		_, ok := w.b.plan(markets[w.b.customers[n].market].currency, false)
		return ok && w.alive(n)
	}
	content := func(n int32) bool { s := &w.b.subs[n]; return s.status == subActive && !s.leaving && !s.onHold }
	running := func(n int32) bool { return w.b.subs[n].status == subActive || w.b.subs[n].status == subTrialing }
	return map[Action]deed{
		CreateSubscription: {target: idCustomer, can: served, do: w.subscribe},
		LeaveSubscription:  {target: idSubscription, can: content, do: w.leave},
		CancelSubscription: {target: idSubscription, can: running, do: w.cancel},
		UpdateSubscription: {target: idSubscription, can: anyRecord, do: w.editor(idSubscription)},
	}
}

func (w *author) priceDeeds() map[Action]deed {
	there := func(n int32) bool { return w.b.prices[n].deleted == 0 }
	active := func(n int32) bool { return w.b.prices[n].active && there(n) }
	unsold := func(n int32) bool {
		sells := func(plans [2]int32) bool { return slices.Contains(plans[:], n) }
		return there(n) && !slices.Contains(w.b.addOns, n) && !slices.ContainsFunc(w.b.plans[:], sells)
	}
	return map[Action]deed{
		CreatePrice:     {do: func(int32) record { return w.price() }},
		DeactivatePrice: {target: idPrice, can: active, do: w.retire},
		UpdatePrice:     {target: idPrice, can: there, do: w.editor(idPrice)},
		DeletePrice:     {target: idPrice, can: unsold, do: w.remove},
	}
}

func anyRecord(int32) bool { return true }

func (w *author) alive(n int32) bool { return w.b.customers[n].deleted == 0 }

func (w *author) refundable(n int32) bool {
	return w.b.charges[n].refundable() > 0 && !w.b.charges[n].disputed
}

// An author writes what happens at one moment, which is after everything that
// happened before, so records stay in order of time by appending.
type author struct {
	b    *business
	r    *rand.Rand
	at   int64
	book bookkeeper
}

// editor updates records of a kind for no reason but to be updated.
func (w *author) editor(kind idKind) func(n int32) record {
	return func(n int32) record {
		if w.b.edits == nil {
			w.b.edits = map[record][]int64{}
		}
		r := record{kind, n}
		w.b.edits[r] = append(w.b.edits[r], w.at)
		return r
	}
}

func (w *author) welcome() record {
	w.b.customers = append(w.b.customers, customer{created: w.at, market: pickMarket(w.r, w.b.tl.progress(w.at))})
	return record{idCustomer, int32(len(w.b.customers) - 1)}
}

// forget: Stripe: deleting a customer cancels their subscriptions.
func (w *author) forget(n int32) record {
	w.b.customers[n].deleted = w.at
	for k := range w.b.subs {
		if s := &w.b.subs[k]; s.customer == n && s.ended == 0 {
			w.cancel(int32(k))
		}
	}
	return record{idCustomer, n}
}

func (w *author) sell(who int32, outcome chargeState) record {
	c := w.b.newOrder(w.r, w.at, who, noMethod)
	c.state, c.decline, c.capture, c.captured = outcome, 0, 0, 0
	switch outcome {
	case chargePaid:
		c.captured = c.amount
	case chargeAuthorised:
		c.method, c.category = card, 0
	}
	return w.charge(c)
}

// charge enters a charge and its money.
func (w *author) charge(c charge) record {
	n := int32(len(w.b.charges))
	w.b.charges = append(w.b.charges, c)
	w.enter(&w.b.charges[n].txn, func() { w.book.enterCharge(n) })
	return record{idCharge, n}
}

// enter lets the bookkeeper work and points to the first entry made.
func (w *author) enter(txn *int32, book func()) {
	first := len(w.b.txns)
	book()
	if len(w.b.txns) > first {
		*txn = int32(first)
	}
}

// part is an amount of which n make a charge at most.
func (c *charge) part(n int64) int64 { return c.currency.round(c.amount / n) }

func (w *author) capture(n int32, amount int64) record {
	c := &w.b.charges[n]
	c.state, c.capture, c.captured = chargePaid, w.at, amount
	released := c.captured < c.amount && w.b.refundsReleases(w.at)
	if released {
		w.b.release(n, w.at)
	}
	w.enter(&c.txn, func() { w.book.enterCharge(n) })
	if f := int32(len(w.b.refunds) - 1); released {
		w.enter(&w.b.refunds[f].txn, func() { w.book.enterRefund(f) })
	}
	return record{idCharge, n}
}

func (w *author) release(n int32) record {
	c := &w.b.charges[n]
	c.state, c.capture = chargeExpired, w.at
	if w.b.cfg.CapturesSince.IsZero() || w.b.refundsReleases(w.at) {
		w.b.release(n, w.at)
	}
	return record{idCharge, n}
}

func (w *author) refund(charge int32, amount int64) record {
	c, n := &w.b.charges[charge], int32(len(w.b.refunds))
	f := refund{created: w.at, amount: amount, charge: charge, txn: none, back: none, reason: refundRequested}
	if c.method.bnpl() {
		f.status = refundPending // the provider has not confirmed it yet
	}
	c.refunded += amount
	w.b.refunds = append(w.b.refunds, f)
	w.enter(&w.b.refunds[n].txn, func() { w.book.enterRefund(n) })
	return record{idRefund, n}
}

func (w *author) fail(n int32) record {
	f := &w.b.refunds[n]
	c := &w.b.charges[f.charge]
	if at := w.b.confirmed(f); at <= w.at {
		f.stood = at
	}
	f.status, f.failed = refundFailed, w.at
	c.refunded -= f.amount
	w.enter(&f.back, func() { w.book.enter(entryRefundFailure, n, w.at, c, f.amount, 0) })
	return record{idRefund, n}
}

func (w *author) dispute(charge int32, amount int64) record {
	n := int32(len(w.b.disputes))
	w.b.disputes = append(w.b.disputes, dispute{created: w.at, charge: charge, amount: amount})
	w.b.charges[charge].disputed = true
	w.book.enterDispute(n)
	return record{idCharge, charge}
}

func (w *author) subscribe(who int32) record {
	n := int32(len(w.b.subs))
	w.b.addSubscription(w.r, w.at, who, false)
	s := &w.b.subs[n]
	s.status, s.trialEnd, s.ended, s.leaving, s.onHold = subActive, 0, 0, false, false
	w.b.customers[who].delinquent = false
	for _, bill := range w.b.appendBills(nil, int(n)) {
		s.lastCharge = w.charge(bill).n
	}
	return record{idSubscription, n}
}

func (w *author) leave(n int32) record {
	w.b.subs[n].leaving, w.b.subs[n].turned = true, w.at
	return record{idSubscription, n}
}

func (w *author) cancel(n int32) record {
	w.b.subs[n].status, w.b.subs[n].ended = subCanceled, w.at
	return record{idSubscription, n}
}

func (w *author) price() record {
	n := len(w.b.prices)
	p := newPrice(w.r, w.at, n, len(w.b.addOns)-addOns)
	p.active = true
	w.b.prices = append(w.b.prices, p)
	return record{idPrice, int32(n)}
}

func (w *author) retire(n int32) record {
	w.b.prices[n].active, w.b.prices[n].retired = false, w.at
	return record{idPrice, n}
}

func (w *author) remove(n int32) record {
	w.b.prices[n].deleted = w.at
	return record{idPrice, n}
}
