package stripesim

// Credit notes are derived: three of four refunds of a subscription's charge
// have one, for the same amount. They have the numbers of the refunds.

func (b *business) hasCreditNote(refund int32) bool {
	f := &b.refunds[refund]
	return b.charges[f.charge].sub != none && !f.isRelease() && b.diceOf(idCreditNote, int(refund)).n(dFirst, 4) > 0
}

func (b *business) creditNotes() roll {
	var numbers []int32
	for n := range b.refunds {
		if b.hasCreditNote(int32(n)) {
			numbers = append(numbers, int32(n))
		}
	}
	return newRoll(numbers, func(n int32) int64 { return b.refunds[n].created })
}

func (b *business) appendCreditNoteID(buf []byte, n int) []byte {
	return b.ids.appendLong(buf, "cn_1", idCreditNote, b.refunds[n].created, n)
}

// creditVoidedAt returns when a credit note was voided; 0 for never.
func (b *business) creditVoidedAt(n int) int64 {
	if !b.cfg.Wide || !b.hasCreditNote(int32(n)) || !b.diceOf(idCreditNote, n).oneIn(dLast, 3) {
		return 0
	}
	return b.later(b.refunds[n].created + day)
}

// credited returns the amount of the credit notes of a charge's invoice at a
// time.
func (b *business) credited(charge int32, at int64) (sum int64) {
	if charge == none {
		return 0
	}
	for _, n := range b.index().refunds.of(charge) {
		if b.hasCreditNote(n) && b.refunds[n].created <= at && !happened(b.creditVoidedAt(int(n)), at) {
			sum += b.refunds[n].amount
		}
	}
	return sum
}

// creditNoteList returns the list of credit notes. Stripe: older versions have
// no filter by created.
func (b *business) creditNoteList() *resource {
	r := b.further.credits()
	res := r.list("credit_notes", "credit_note", b.appendCreditNoteID, b.finder(idCreditNote, b.appendCreditNoteID, len(b.refunds)), b.renderCreditNote)
	res.createdSince = versionBasil
	res.match = func(p, value string, _ int64) (matcher, bool) {
		if p == "invoice" {
			wanted, ok := b.findInvoice(value)
			return r.by(func(n int32) bool { return b.refunds[n].charge == wanted }), ok
		}
		who, ok := b.findCustomer(value)
		return r.by(func(n int32) bool { return int(b.charges[b.refunds[n].charge].customer) == who }), ok
	}
	res.below = map[string]func(k int) *resource{"lines": func(k int) *resource { return b.creditLineList(int(r.numbers[k])) }}
	return res
}

func (b *business) creditLineList(n int) *resource {
	return &resource{
		name: "credit_notes/" + string(b.appendCreditNoteID(nil, n)) + "/lines", object: "credit_note_line_item", count: 1, timeless: true,
		created: func(int) int64 { return b.refunds[n].created }, render: func(w *writer, _ int) { b.renderCreditLine(w, n) },
		find: func(id string) (int, bool) { return 0, id == b.creditLineID(n) },
	}
}

func (b *business) creditLineID(n int) string {
	return string(b.ids.appendLong(nil, "cnli_1", idCreditLine, b.refunds[n].created, n))
}

func (b *business) renderCreditNote(w *writer, n int) {
	f := &b.refunds[n]
	c, voided, later := &b.charges[f.charge], b.creditVoidedAt(n), w.version >= versionBasil
	w.open('{')
	w.ref("id", b.appendCreditNoteID, int32(n))
	w.str("object", "credit_note")
	w.int("amount", f.amount)
	w.int("amount_shipping", 0)
	w.int("created", f.created)
	w.str("currency", c.currency.String())
	w.refOr("customer", b.appendCustomerID, c.customer, b.renderCustomer)
	if later {
		w.null("customer_account")
	}
	w.null("customer_balance_transaction")
	w.int("discount_amount", 0)
	w.emptyList("discount_amounts")
	w.int("effective_at", f.created)
	w.ref("invoice", b.appendInvoiceID, f.charge)
	w.embed("lines", 1, func(int) { b.renderCreditLine(w, n) })
	w.str("url", "/v1/credit_notes/"+string(b.appendCreditNoteID(nil, n))+"/lines")
	w.end()
	w.bool("livemode", false)
	w.null("memo")
	w.emptyObject("metadata")
	w.str("number", "TIDE"+string(appendDigits(nil, int(c.sub), 6))+"-CN-"+string(appendDigits(nil, n, 5)))
	w.null("out_of_band_amount")
	w.str("pdf", "https://pay.stripe.com/credit_notes/"+b.ids.account+"/test_"+b.creditLineID(n)+"/pdf")
	if later {
		w.int("post_payment_amount", f.amount)
		w.int("pre_payment_amount", 0)
		w.emptyList("pretax_credit_amounts")
	}
	w.null("reason")
	b.renderCreditRefund(w, f, n, later)
	w.null("shipping_cost")
	w.str("status", [...]string{"issued", "void"}[btoi(happened(voided, w.at))])
	w.int("subtotal", f.amount)
	w.int("subtotal_excluding_tax", f.amount)
	if !later {
		w.emptyList("tax_amounts")
	}
	w.int("total", f.amount)
	w.int("total_excluding_tax", f.amount)
	if later {
		w.emptyList("total_taxes")
	}
	w.str("type", "post_payment")
	if happened(voided, w.at) {
		w.int("voided_at", voided)
	} else {
		w.null("voided_at")
	}
	w.end()
}

// renderCreditRefund writes the refund: one id in older versions, a list in
// newer ones.
func (b *business) renderCreditRefund(w *writer, f *refund, n int, later bool) {
	if !later {
		w.ref("refund", b.appendRefundID, int32(n))
		return
	}
	w.list("refunds")
	w.line()
	w.open('{')
	w.int("amount_refunded", f.amount)
	w.ref("refund", b.appendRefundID, int32(n))
	w.str("type", "refund")
	w.end()
	w.endList()
}

func (b *business) renderCreditLine(w *writer, n int) {
	f, later := &b.refunds[n], w.version >= versionBasil
	w.open('{')
	w.str("id", b.creditLineID(n))
	w.str("object", "credit_note_line_item")
	w.int("amount", f.amount)
	if !later {
		w.int("amount_excluding_tax", f.amount)
	}
	w.str("description", "Refund")
	w.int("discount_amount", 0)
	w.emptyList("discount_amounts")
	w.bool("livemode", false)
	if later {
		w.emptyObject("metadata")
		w.emptyList("pretax_credit_amounts")
	}
	w.int("quantity", 1)
	if later {
		w.emptyList("tax_rates")
		w.emptyList("taxes")
	} else {
		w.emptyList("tax_amounts")
		w.emptyList("tax_rates")
	}
	w.str("type", "custom_line_item")
	w.int("unit_amount", f.amount)
	w.str("unit_amount_decimal", string(appendInt(nil, f.amount)))
	if !later {
		w.str("unit_amount_excluding_tax", string(appendInt(nil, f.amount)))
	}
	w.end()
}

func creditNoteHappenings() []happening {
	count := func(b *business) int { return len(b.refunds) }
	render := func(b *business, w *writer, n int) { b.renderCreditNote(w, n) }
	return []happening{
		once("credit_note.created", count, func(b *business, n int) int64 {
			if !b.hasCreditNote(int32(n)) {
				return 0
			}
			return b.refunds[n].created
		}, render),
		once("credit_note.voided", count, (*business).creditVoidedAt, render),
	}
}
