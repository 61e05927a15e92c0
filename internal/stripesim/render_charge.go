package stripesim

func (b *business) renderCharge(w *writer, n int) {
	was := b.chargeAt(n, w.at)
	c, v := &was, b.variantOf(idCharge, n)
	w.open('{')
	w.ref("id", b.appendChargeID, int32(n))
	w.str("object", "charge")
	w.int("amount", c.amount)
	w.int("amount_captured", c.captured)
	w.int("amount_refunded", c.refunded+c.released)
	w.nulls("application", "application_fee", "application_fee_amount")
	w.ref("balance_transaction", b.appendTxnID, c.txn)
	b.renderBilling(w, c, n)
	w.strOrNull("calculated_statement_descriptor", v.text(shopDescriptor))
	w.bool("captured", c.isCaptured())
	w.int("created", c.created)
	w.str("currency", c.currency.String())
	w.ref("customer", b.appendCustomerID, c.customer)
	w.strOrNull("description", c.description())
	w.null("destination") // Stripe: like dispute, order and source in no published schema, but in every response
	w.ref("dispute", b.appendDisputeID, b.disputeOf(c, n, w.at))
	w.bool("disputed", c.disputed)
	w.null("failure_balance_transaction")
	b.renderFailure(w, c)
	w.emptyObject("fraud_details")
	if w.version < versionBasil {
		w.ref("invoice", b.appendInvoiceID, c.invoice(n))
	}
	w.bool("livemode", false)
	b.renderOrder(w, c, n)
	w.nulls("on_behalf_of", "order")
	if v == variantSparse {
		w.null("outcome")
	} else {
		renderOutcome(w, c, b.diceOf(idCharge, n), v)
	}
	w.bool("paid", c.state != chargeFailed && c.state != chargePending)
	w.ref("payment_intent", b.appendIntentID, b.intentOf(int32(n)))
	if v == variantSparse {
		w.null("payment_method")
	} else {
		w.quote("payment_method")
		w.buf = b.appendPaymentMethodID(w.buf, c, n)
		w.unquote()
	}
	b.renderMethod(w, c, n)
	b.renderReceipt(w, c, n)
	w.bool("refunded", c.refunded+c.released == c.amount)
	if w.refunds || w.version < versionRefundsUnexpanded {
		b.renderEmbeddedRefunds(w, n)
	}
	w.null("review")
	b.renderShipping(w, c, n)
	w.nulls("source", "source_transfer", "statement_descriptor", "statement_descriptor_suffix")
	w.str("status", c.status())
	w.nulls("transfer_data", "transfer_group")
	w.end()
}

const shopDescriptor = "TIDEPOOL GOODS"

func (c *charge) isCaptured() bool { return c.state == chargePaid || c.state == chargePending }

// status returns the status. Stripe: an authorisation is succeeded although
// nothing is captured.
func (c *charge) status() string {
	switch c.state {
	case chargeFailed:
		return "failed"
	case chargePending:
		return "pending"
	}
	return "succeeded"
}

func (c *charge) description() string {
	switch {
	case c.sub == none:
		return ""
	case c.first:
		return "Subscription creation"
	}
	return "Subscription update"
}

// invoice returns the number from which the id of the charge's invoice is
// derived.
func (c *charge) invoice(n int) int32 {
	if c.sub == none {
		return none
	}
	return int32(n)
}

// payer returns the dice of the customer, or of the charge itself for a guest.
func (b *business) payer(c *charge, n int) dice {
	if c.customer == none {
		return b.diceOf(idCharge, n)
	}
	return b.diceOf(idCustomer, int(c.customer))
}

func (b *business) appendPayerEmail(buf []byte, c *charge, n int) []byte {
	if c.customer == none {
		return b.payer(c, n).appendEmail(append(buf, "guest."...), n)
	}
	return b.payer(c, n).appendEmail(buf, int(c.customer))
}

func (b *business) renderBilling(w *writer, c *charge, n int) {
	d, v := b.payer(c, n), b.variantOf(idCharge, n)
	if v == variantSparse {
		renderNoBilling(w)
		return
	}
	w.object("billing_details")
	w.object("address")
	renderAddress(w, d, &markets[c.market])
	w.end()
	w.quote("email")
	w.buf = b.appendPayerEmail(w.buf, c, n)
	w.unquote()
	w.name("name", d)
	w.null("phone")
	if v == variantLater {
		w.null("tax_id")
	}
	w.end()
}

func (b *business) renderFailure(w *writer, c *charge) {
	if c.state != chargeFailed {
		w.nulls("failure_code", "failure_message")
		return
	}
	w.str("failure_code", c.declined().code)
	w.str("failure_message", c.declined().message)
}

// renderOutcome writes the outcome. Stripe: Radar scores only cards; other
// payments have no score.
func renderOutcome(w *writer, c *charge, d dice, v variant) {
	w.object("outcome")
	if v == variantLater {
		w.nulls("network_advice_code", "network_decline_code")
	}
	risk, score := "normal", int64(d.n(dExpiry, 60))
	if c.state != chargeFailed {
		w.str("network_status", "approved_by_network")
		w.null("reason")
	} else {
		w.str("network_status", c.declined().network)
		w.str("reason", c.declined().reason)
	}
	if c.state == chargeFailed && c.declined().kind == "blocked" {
		risk, score = "highest", 75+score/3
	}
	if c.method.bnpl() {
		w.str("risk_level", "not_assessed")
	} else {
		w.str("risk_level", risk)
		w.int("risk_score", score)
	}
	if c.state == chargeFailed {
		w.str("seller_message", c.declined().seller)
		w.str("type", c.declined().kind)
	} else {
		w.str("seller_message", "Payment complete.")
		w.str("type", "authorized")
	}
	w.end()
}

func (b *business) renderReceipt(w *writer, c *charge, n int) {
	if c.state == chargeFailed || c.state == chargePending {
		w.nulls("receipt_email", "receipt_number", "receipt_url")
		return
	}
	w.quote("receipt_email")
	w.buf = b.appendPayerEmail(w.buf, c, n)
	w.unquote()
	w.null("receipt_number")
	w.quote("receipt_url")
	w.buf = append(w.buf, "https://pay.stripe.com/receipts/payment/"...)
	w.buf = b.appendIntentID(w.buf, n)
	w.unquote()
}

func (b *business) renderShipping(w *writer, c *charge, n int) {
	d := b.payer(c, n)
	if c.sub != none || c.customer == none || d.n(dShipping, 3) > 0 {
		w.null("shipping")
		return
	}
	w.object("shipping")
	w.object("address")
	if b.variantOf(idCharge, n) == variantSparse {
		w.str("city", markets[c.market].places[0].city)
		w.null("country")
		w.str("line1", streets[0])
		w.nulls("line2", "postal_code", "state")
	} else {
		renderAddress(w, d, &markets[c.market])
	}
	w.end()
	w.null("carrier")
	w.name("name", d)
	w.nulls("phone", "tracking_number")
	w.end()
}

// name writes the person's name.
func (w *writer) name(k string, d dice) {
	w.key(k)
	var buf [64]byte
	w.buf = appendQuoted(w.buf, string(d.appendName(buf[:0])))
}

// renderAddress writes the members of an address.
func renderAddress(w *writer, d dice, m *market) {
	at := &m.places[d.n(dPlace, len(m.places))]
	w.str("city", at.city)
	w.str("country", m.country)
	w.quote("line1")
	w.buf = appendInt(w.buf, int64(1+d.n(dHouse, 180)))
	w.buf = append(w.buf, ' ')
	w.buf = append(w.buf, streets[d.n(dStreet, len(streets))]...)
	w.unquote()
	w.null("line2")
	w.str("postal_code", at.postal)
	w.strOrNull("state", at.state)
}
