package stripesim

// upcomingSpan is how long before its renewal a subscription's next invoice is
// announced. Stripe: the account's settings say so.
const upcomingSpan = 7 * day

// upcoming emits when the renewals of subscription n were announced.
func (b *business) upcoming(n int, emit func(at int64)) {
	s := &b.subs[n]
	if s.status == subIncomplete || s.status == subExpired || s.status == subPaused {
		return
	}
	for k := range 1 << happeningBits {
		at := b.later(addMonths(s.firstBilling(), k*s.months()) - upcomingSpan)
		switch {
		case at == 0 && k > 0:
			return
		case at <= s.created || s.ended > 0 && at >= s.ended || s.leaving && at >= b.turnedAt(n):
			at = 0
		}
		emit(at)
	}
}

// renderUpcoming writes the invoice that an event announces. Stripe: it has no
// id, and nothing that is read by an id returns it.
func (b *business) renderUpcoming(w *writer, c change) {
	s := &b.subs[c.n]
	at := addMonths(s.firstBilling(), int(c.k&(1<<happeningBits-1))*s.months())
	v := invoice{created: at, sub: c.n, charge: none, nextAttempt: at + hour, draft: true, discount: b.currentDiscount(s, int(c.n), at)}
	v.from, v.to = s.period(at)
	v.subtotal, v.total = (b.periodCost(s)+50)/100, b.amount(s, int(c.n), at)
	if v.subtotal == v.total {
		v.discount = nil
	}
	b.renderInvoiceAs(w, &v, none)
}

// invoiceHappenings are the events of invoices, first of those with a charge,
// then of trials.
func invoiceHappenings() []happening {
	charges, subs := func(b *business) int { return len(b.charges) }, func(b *business) int { return len(b.subs) }
	render := func(b *business, w *writer, n int) { b.renderInvoice(w, int32(n)) }
	billed := func(event string, of func(v *invoice) int64) happening {
		return once(event, charges, func(b *business, n int) int64 {
			if b.charges[n].sub == none {
				return 0
			}
			v := b.invoiceAt(int32(n), unsetNow)
			return of(&v)
		}, render)
	}
	free := func(event string) happening {
		of := func(b *business, n int) int64 {
			if !b.subs[n].startsFree() {
				return 0
			}
			return b.subs[n].created
		}
		return once(event, subs, of, func(b *business, w *writer, n int) { b.renderInvoice(w, trialInvoice(int32(n))) })
	}
	created, paid := func(v *invoice) int64 { return v.created }, func(v *invoice) int64 { return v.paid }
	payment := billed("invoice_payment.paid", paid)
	payment.render = func(b *business, w *writer, c change) { b.renderInvoicePaymentOf(w, int(c.n)) }
	payment.since = versionBasil
	return []happening{
		billed("invoice.created", created), billed("invoice.finalized", created),
		billed("invoice.paid", paid), billed("invoice.payment_succeeded", paid), payment,
		billed("invoice.payment_failed", func(v *invoice) int64 {
			if v.paid > 0 {
				return 0
			}
			return v.created
		}),
		billed("invoice.voided", func(v *invoice) int64 { return v.voided }),
		billed("invoice.marked_uncollectible", func(v *invoice) int64 { return v.uncollectible }),
		free("invoice.created"), free("invoice.finalized"), free("invoice.paid"),
		{event: "invoice.upcoming", count: subs, times: (*business).upcoming, render: (*business).renderUpcoming},
	}
}
