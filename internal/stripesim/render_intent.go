package stripesim

// renderIntent writes a payment intent. Stripe: whoever has its client_secret
// can finish the payment, so it is not to be stored.
func (b *business) renderIntent(w *writer, number int) {
	n := int32(number)
	c, status := b.intentAt(n, w.at)
	later := w.version >= versionBasil
	w.open('{')
	w.str("id", string(b.appendAnyIntentID(nil, number)))
	w.str("object", "payment_intent")
	if later {
		w.null("allowed_payment_method_types")
	}
	w.int("amount", c.amount)
	w.int("amount_capturable", ifState(&c, chargeAuthorised, c.amount))
	b.renderAmountDetails(w, &c, n)
	w.int("amount_received", ifState(&c, chargePaid, c.captured))
	w.nulls("application", "application_fee_amount")
	if d := b.diceOfIntent(n); d.oneIn(dHouse, 2) && c.sub == none {
		w.object("automatic_payment_methods")
		w.str("allow_redirects", "always")
		w.bool("enabled", true)
		w.end()
	} else {
		w.null("automatic_payment_methods")
	}
	b.renderIntentEnd(w, &c, n, status)
	w.str("capture_method", [...]string{"automatic", "manual"}[btoi(c.capture > 0 || c.state == chargeAuthorised)])
	w.str("client_secret", b.secretOf(string(b.appendAnyIntentID(nil, number)), b.diceOfIntent(n)))
	w.str("confirmation_method", "automatic")
	w.int("created", c.created)
	w.str("currency", c.currency.String())
	w.refOr("customer", b.appendCustomerID, c.customer, b.renderCustomer)
	if later {
		w.null("customer_account")
	}
	w.strOrNull("description", c.description())
	if later {
		w.null("excluded_payment_method_types")
	} else {
		w.ref("invoice", b.appendInvoiceID, c.invoice(number))
	}
	b.renderIntentError(w, &c, n)
	if n < 0 {
		w.null("latest_charge")
	} else {
		w.refOr("latest_charge", b.appendChargeID, n, b.renderCharge)
	}
	w.bool("livemode", false)
	b.renderIntentMetadata(w, &c, number)
	b.renderNextAction(w, status, n)
	w.null("on_behalf_of")
	b.renderIntentMethod(w, &c, n)
	w.nulls("review", "setup_future_usage")
	if n < 0 {
		w.null("shipping")
	} else {
		b.renderShipping(w, &c, number)
	}
	w.nulls("statement_descriptor", "statement_descriptor_suffix")
	w.str("status", status)
	w.nulls("transfer_data", "transfer_group")
	w.end()
}

// ifState returns an amount that is zero in other states.
func ifState(c *charge, state chargeState, amount int64) int64 {
	if c.state != state {
		return 0
	}
	return amount
}

// renderAmountDetails writes the lines of the basket. Stripe: only where the
// request expands them, in newer versions, and the first ten.
func (b *business) renderAmountDetails(w *writer, c *charge, n int32) {
	w.object("amount_details")
	if w.version >= versionBasil && w.expands("amount_details.line_items") && c.sub == none {
		lines := b.diceOfIntent(n).basketOf(c.amount)
		_, discount, tax := basketSums(lines)
		w.int("discount_amount", discount)
		w.embed("line_items", len(lines), func(i int) { b.renderBasketLine(w, n, i, &lines[i]) })
		w.str("url", "/v1/payment_intents/"+string(b.appendAnyIntentID(nil, int(n)))+"/amount_details_line_items")
		w.end()
		w.object("tax")
		w.int("total_tax_amount", tax)
		w.end()
	}
	w.emptyObject("tip")
	w.end()
}

func (b *business) renderBasketLine(w *writer, n int32, place int, l *basketLine) {
	w.open('{')
	w.str("id", b.basketLineID(n, place))
	w.str("object", "payment_intent_amount_details_line_item")
	if l.discount > 0 {
		w.int("discount_amount", l.discount)
	} else {
		w.null("discount_amount")
	}
	w.null("payment_method_options")
	w.str("product_code", l.code)
	w.str("product_name", l.name)
	w.int("quantity", l.quantity)
	w.object("tax")
	w.int("total_tax_amount", l.tax)
	w.end()
	w.int("unit_cost", l.unit)
	w.null("unit_of_measure")
	w.end()
}

func (b *business) renderIntentEnd(w *writer, c *charge, n int32, status string) {
	switch {
	case status != "canceled":
		w.nulls("canceled_at", "cancellation_reason")
	case n < 0:
		w.int("canceled_at", b.givenUpAt(n))
		w.str("cancellation_reason", "abandoned")
	default:
		w.int("canceled_at", c.capture)
		w.str("cancellation_reason", "automatic")
	}
}

// secretOf returns the secret of an intent, in the shape of Stripe's.
func (b *business) secretOf(id string, d dice) string {
	return id + "_secret_" + string(appendBase62(nil, d.hash(dFingerprint)>>8, 10))
}

// clientSecret returns the secret of the payment intent of a charge.
func (b *business) clientSecret(n int) string {
	return b.secretOf(string(b.appendIntentID(nil, n)), b.diceOfIntent(int32(n)))
}

func (b *business) renderIntentError(w *writer, c *charge, n int32) {
	if n < 0 || c.state != chargeFailed {
		w.null("last_payment_error")
		return
	}
	w.object("last_payment_error")
	w.ref("charge", b.appendChargeID, n)
	w.str("code", c.declined().code)
	w.str("decline_code", c.declined().reason)
	w.str("doc_url", "https://stripe.com/docs/error-codes/card-declined")
	w.str("message", c.declined().message)
	w.str("type", "card_error")
	w.end()
}

// renderIntentMetadata writes the order number, as the charge has it.
func (b *business) renderIntentMetadata(w *writer, c *charge, n int) {
	w.object("metadata")
	if c.sub == none && n >= 0 {
		w.pair("order_id", "TP-"+string(appendDigits(nil, n+1, 7)))
	}
	w.end()
}

func (b *business) renderNextAction(w *writer, status string, n int32) {
	if status != "requires_action" {
		w.null("next_action")
		return
	}
	w.object("next_action")
	w.object("redirect_to_url")
	w.str("return_url", "https://tidepool.example.com/return")
	w.str("url", "https://pm-redirects.stripe.com/authorize/"+b.ids.account+"/"+string(b.appendAnyIntentID(nil, int(n))))
	w.end()
	w.str("type", "redirect_to_url")
	w.end()
}

func (b *business) renderIntentMethod(w *writer, c *charge, n int32) {
	if n < 0 || c.state == chargeFailed && c.sub == none {
		w.null("payment_method")
	} else {
		w.str("payment_method", string(b.appendPaymentMethodID(nil, c, int(n))))
	}
	w.null("payment_method_configuration_details")
	w.object("payment_method_options")
	w.object(c.method.String())
	if c.method == methodCard {
		w.nulls("installments", "mandate_options", "network")
		w.str("request_three_d_secure", "automatic")
	} else if c.method == methodKlarna {
		w.null("preferred_locale")
	} else if c.method == methodAfterpay {
		w.null("reference")
	}
	w.end()
	w.end()
	w.list("payment_method_types")
	w.line()
	w.buf = appendQuoted(w.buf, c.method.String())
	w.endList()
	w.null("processing")
	if n < 0 || c.state == chargeFailed {
		w.null("receipt_email")
		return
	}
	w.str("receipt_email", string(b.appendPayerEmail(nil, c, int(n))))
}
