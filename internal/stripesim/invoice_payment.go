package stripesim

// invoicePayments returns the list of invoice payments: one of each invoice
// that has a charge. It is numbered as the charges are. Stripe: it exists since
// 2025-03-31.basil, when charge.invoice and invoice.charge went.
func (b *business) invoicePayments() *resource {
	var numbers []int32
	for n := range b.charges {
		if b.charges[n].sub != none {
			numbers = append(numbers, int32(n))
		}
	}
	r := newRoll(numbers, func(n int32) int64 { return b.charges[n].created })
	res := r.list("invoice_payments", "invoice_payment", b.appendInvoicePaymentID, b.finder(idInvoicePayment, b.appendInvoicePaymentID, len(b.charges)), b.renderInvoicePaymentOf)
	res.since = versionBasil
	res.match = func(p, value string, at int64) (matcher, bool) { return b.matchInvoicePayment(r, p, value, at) }
	return res
}

func (b *business) appendInvoicePaymentID(buf []byte, n int) []byte {
	return b.ids.appendLong(buf, "inpay_1", idInvoicePayment, b.charges[n].created, n)
}

func (b *business) matchInvoicePayment(r roll, p, value string, at int64) (matcher, bool) {
	switch p {
	case "invoice":
		wanted, ok := b.findInvoice(value)
		return r.by(func(n int32) bool { return n == wanted }), ok
	case "payment[type]":
		return r.by(func(n int32) bool { return (b.intentOf(n) == none) == (value == "charge") }), true
	case "payment[payment_intent]":
		wanted, ok := b.findIntent(value)
		return r.by(func(n int32) bool { return int(n) == wanted }), ok
	}
	return r.by(func(n int32) bool { v := b.invoiceAt(n, at); return v.paymentStatus() == value }), true
}

func (v *invoice) paymentStatus() string {
	switch {
	case v.paid > 0:
		return "paid"
	case v.voided > 0:
		return "canceled"
	}
	return "open"
}

// renderPaymentsOf writes the payments of an invoice, which are one or none.
func (b *business) renderPaymentsOf(w *writer, v *invoice) {
	w.embed("payments", btoi(v.charge != none), func(int) { b.renderInvoicePaymentOf(w, int(v.charge)) })
	w.str("url", "/v1/invoice_payments")
	w.end()
}

func (b *business) renderInvoicePaymentOf(w *writer, n int) {
	v := b.invoiceAt(int32(n), w.at)
	w.open('{')
	w.ref("id", b.appendInvoicePaymentID, int32(n))
	w.str("object", "invoice_payment")
	if v.paid > 0 {
		w.int("amount_paid", v.total)
	} else {
		w.null("amount_paid")
	}
	w.int("amount_requested", v.total)
	w.int("created", v.created)
	w.str("currency", b.subs[v.sub].currency.String())
	w.ref("invoice", b.appendInvoiceID, int32(n))
	w.bool("is_default", true)
	w.bool("livemode", false)
	w.object("payment")
	if b.intentOf(int32(n)) == none {
		w.ref("charge", b.appendChargeID, int32(n))
		w.str("type", "charge")
	} else {
		w.ref("payment_intent", b.appendIntentID, int32(n))
		w.str("type", "payment_intent")
	}
	w.end()
	w.str("status", v.paymentStatus())
	w.object("status_transitions")
	w.timeOrNull("canceled_at", v.voided)
	w.timeOrNull("paid_at", v.paid)
	w.end()
	w.end()
}
