package stripesim

func (b *business) renderInvoice(w *writer, n int32) {
	v := b.invoiceAt(n, w.at)
	b.renderInvoiceAs(w, &v, n)
}

// renderInvoiceAs writes an invoice, which need not be in the list: an upcoming
// one has no id. Stripe: since 2025-03-31.basil payments and what an invoice is
// for are objects of their own.
func (b *business) renderInvoiceAs(w *writer, v *invoice, n int32) {
	s := &b.subs[v.sub]
	later := w.version >= versionBasil
	w.open('{')
	if !v.draft {
		w.str("id", string(b.appendAnyInvoiceID(nil, int(n))))
	}
	w.str("object", "invoice")
	w.str("account_country", "US")
	w.str("account_name", "Tidepool Goods")
	w.null("account_tax_ids")
	paid := v.paidAmount()
	w.int("amount_due", v.total)
	if later {
		w.int("amount_overpaid", 0)
	}
	w.int("amount_paid", paid)
	if later {
		w.int("amount_paid_off_stripe", 0)
	}
	w.int("amount_remaining", v.total-paid)
	w.int("amount_shipping", 0)
	w.null("application")
	if !later {
		w.null("application_fee_amount")
	}
	w.int("attempt_count", v.attempts)
	w.bool("attempted", !v.draft)
	w.bool("auto_advance", v.nextAttempt > 0)
	w.object("automatic_tax")
	if later {
		w.null("disabled_reason")
	}
	w.bool("enabled", false)
	if later {
		w.nulls("liability", "provider")
	}
	w.null("status")
	w.end()
	if later {
		w.null("automatically_finalizes_at")
	}
	w.str("billing_reason", v.reason())
	if !later {
		w.refOr("charge", b.appendChargeID, v.charge, b.renderCharge)
	}
	w.str("collection_method", "charge_automatically")
	b.renderConfirmation(w, v)
	w.int("created", v.created)
	w.str("currency", s.currency.String())
	b.renderInvoiced(w, s)
	b.renderInvoiceTerms(w, v, later)
	b.renderInvoiceLines(w, v, n)
	w.bool("livemode", false)
	w.emptyObject("metadata")
	w.timeOrNull("next_payment_attempt", v.nextAttempt)
	if v.draft {
		w.null("number")
	} else {
		w.str("number", "TIDE"+string(appendDigits(nil, int(v.sub), 6))+"-"+string(appendDigits(nil, int(n&0xffff), 5)))
	}
	w.null("on_behalf_of")
	b.renderInvoicePayment(w, v, later)
	w.int("period_end", v.to)
	w.int("period_start", v.from)
	w.int("post_payment_credit_notes_amount", b.credited(v.charge, w.at))
	w.int("pre_payment_credit_notes_amount", 0)
	if !later {
		w.null("quote")
	}
	w.nulls("receipt_number", "rendering", "shipping_cost", "shipping_details")
	w.int("starting_balance", 0)
	w.null("statement_descriptor")
	w.str("status", v.status())
	b.renderInvoiceTransitions(w, v)
	b.renderInvoiceTotals(w, v, later)
	w.end()
}

func (v *invoice) paidAmount() int64 {
	if v.paid > 0 {
		return v.total
	}
	return 0
}

func (v *invoice) reason() string {
	switch {
	case v.draft:
		return "upcoming"
	case v.isFirst:
		return "subscription_create"
	}
	return "subscription_cycle"
}

// renderInvoiced writes the customer as the invoice names them.
func (b *business) renderInvoiced(w *writer, s *subscription) {
	d := b.diceOf(idCustomer, int(s.customer))
	w.null("custom_fields")
	w.refOr("customer", b.appendCustomerID, s.customer, b.renderCustomer)
	if w.version >= versionBasil {
		w.null("customer_account")
	}
	if d.hasAddress() {
		w.object("customer_address")
		renderAddress(w, d, &markets[b.customers[s.customer].market])
		w.end()
	} else {
		w.null("customer_address")
	}
	w.strOrNull("customer_email", b.email(int(s.customer)))
	if b.variantOf(idCustomer, int(s.customer)) == variantSparse {
		w.null("customer_name")
	} else {
		w.name("customer_name", d)
	}
	w.nulls("customer_phone", "customer_shipping")
	w.str("customer_tax_exempt", "none")
	w.emptyList("customer_tax_ids")
	w.nulls("default_payment_method", "default_source")
	w.emptyList("default_tax_rates")
}

func (b *business) renderInvoiceTerms(w *writer, v *invoice, later bool) {
	s := &b.subs[v.sub]
	w.null("description")
	if !later {
		owner := v.sub
		if !b.discountOf(s, int(v.sub)).inForce(v.created, s.months()) {
			owner = none // the customer's
		}
		b.renderDiscount(w, v.discount, s.customer, owner)
	}
	w.list("discounts")
	if v.discount != nil {
		w.line()
		w.buf = appendQuoted(w.buf, v.discount.id())
	}
	w.endList()
	w.null("due_date")
	if v.draft {
		w.null("effective_at")
	} else {
		w.int("effective_at", v.created)
	}
	if v.paid > 0 {
		w.int("ending_balance", 0)
	} else {
		w.null("ending_balance")
	}
	w.nulls("footer", "from_invoice")
	if v.draft {
		w.nulls("hosted_invoice_url", "invoice_pdf")
	} else {
		url := "https://invoice.stripe.com/i/" + b.ids.account + "/test_" + string(appendBase62(nil, b.ids.encipher(idLine, uint64(v.created)), codeLen))
		w.str("hosted_invoice_url", url)
		w.str("invoice_pdf", url+"/pdf")
	}
	if later {
		w.object("issuer")
		w.str("type", "self")
		w.end()
	}
	w.nulls("last_finalization_error", "latest_revision")
}

// id is the discount's own.
func (d *discount) id() string { return string(appendDigits([]byte("di_"), d.number, 12)) }

// renderConfirmation writes the secret with which a page confirms the payment.
// Stripe: only if the request expands it.
func (b *business) renderConfirmation(w *writer, v *invoice) {
	if !w.expands("confirmation_secret") || w.version < versionBasil || v.charge == none {
		return
	}
	w.object("confirmation_secret")
	w.str("client_secret", b.clientSecret(int(v.charge)))
	w.str("type", "payment_intent")
	w.end()
}

// renderInvoicePayment writes how the invoice was paid, and what for.
func (b *business) renderInvoicePayment(w *writer, v *invoice, later bool) {
	if !later {
		w.bool("paid", v.paid > 0)
		w.bool("paid_out_of_band", false)
		intent := none
		if v.charge != none {
			intent = b.intentOf(v.charge)
		}
		w.ref("payment_intent", b.appendIntentID, intent)
	} else {
		w.object("parent")
		w.null("quote_details")
		w.object("subscription_details")
		w.emptyObject("metadata")
		w.refOr("subscription", b.appendSubscriptionID, v.sub, b.renderSubscription)
		w.end()
		w.str("type", "subscription_details")
		w.end()
	}
	w.object("payment_settings")
	w.nulls("default_mandate", "payment_method_options", "payment_method_types")
	w.end()
	if later && w.expands("payments") {
		b.renderPaymentsOf(w, v)
	}
}

func (b *business) renderInvoiceTransitions(w *writer, v *invoice) {
	w.object("status_transitions")
	if v.draft {
		w.null("finalized_at")
	} else {
		w.int("finalized_at", v.created)
	}
	w.timeOrNull("marked_uncollectible_at", v.uncollectible)
	w.timeOrNull("paid_at", v.paid)
	w.timeOrNull("voided_at", v.voided)
	w.end()
	if w.version < versionBasil {
		w.ref("subscription", b.appendSubscriptionID, v.sub)
		w.object("subscription_details")
		w.emptyObject("metadata")
		w.end()
	}
}

func (b *business) renderInvoiceTotals(w *writer, v *invoice, later bool) {
	w.int("subtotal", v.subtotal)
	w.int("subtotal_excluding_tax", v.subtotal)
	if !later {
		w.null("tax")
	}
	w.null("test_clock")
	w.int("total", v.total)
	renderDiscountAmounts(w, "total_discount_amounts", v.discount, v.subtotal-v.total)
	w.int("total_excluding_tax", v.total)
	if later {
		w.emptyList("total_pretax_credit_amounts")
		w.emptyList("total_taxes")
	} else {
		w.emptyList("total_tax_amounts")
		w.null("transfer_data")
	}
	if v.draft {
		w.null("webhooks_delivered_at")
	} else {
		w.int("webhooks_delivered_at", v.created)
	}
}

func renderDiscountAmounts(w *writer, k string, d *discount, amount int64) {
	w.list(k)
	if d != nil {
		w.line()
		w.open('{')
		w.int("amount", amount)
		w.str("discount", d.id())
		w.end()
	}
	w.endList()
}

// renderInvoiceLines writes the first ten lines of an invoice.
func (b *business) renderInvoiceLines(w *writer, v *invoice, n int32) {
	lines := b.linesOf(v)
	w.embed("lines", len(lines), func(i int) { b.renderLine(w, v, n, lines[i]) })
	w.int("total_count", int64(len(lines)))
	w.quote("url")
	if v.draft {
		w.buf = b.appendSubscriptionID(append(w.buf, "/v1/invoices/upcoming/lines?subscription="...), int(v.sub))
	} else {
		w.buf = append(b.appendAnyInvoiceID(append(w.buf, "/v1/invoices/"...), int(n)), "/lines"...)
	}
	w.unquote()
	w.end()
}
