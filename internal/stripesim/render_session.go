package stripesim

func (b *business) renderSession(w *writer, number int) {
	n := int32(number)
	c, later := b.orderOf(n), w.version >= versionBasil
	status := b.sessionStatus(n, w.at)
	lines := b.sessionLines(n)
	w.open('{')
	w.str("id", string(b.appendSessionID(nil, number)))
	w.str("object", "checkout.session")
	w.nulls("after_expiration", "allow_promotion_codes")
	b.renderSessionSums(w, lines, c.amount)
	w.object("automatic_tax")
	w.bool("enabled", false)
	if later {
		w.nulls("liability", "provider")
	}
	w.null("status")
	w.end()
	w.null("billing_address_collection")
	w.str("cancel_url", "https://tidepool.example.com/cart")
	w.nulls("client_reference_id", "client_secret")
	if later {
		w.null("collected_information")
	}
	w.nulls("consent", "consent_collection")
	w.int("created", c.created)
	w.str("currency", c.currency.String())
	w.null("currency_conversion")
	w.emptyList("custom_fields")
	w.object("custom_text")
	w.nulls("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
	w.end()
	w.refOr("customer", b.appendCustomerID, c.customer, b.renderCustomer)
	if later {
		w.null("customer_account")
	}
	w.str("customer_creation", "if_required")
	b.renderSessionCustomer(w, c, n, status)
	if later {
		w.emptyList("discounts")
	}
	w.int("expires_at", c.created+abandonedSpan)
	b.renderSessionInvoice(w, c, n)
	if w.expands("line_items") {
		b.renderSessionLines(w, n, lines)
	}
	w.bool("livemode", false)
	w.null("locale")
	w.object("metadata")
	if c.sub == none && n >= 0 {
		w.pair("order_id", "TP-"+string(appendDigits(nil, number+1, 7)))
	}
	w.end()
	b.renderSessionPayment(w, c, n, status)
	b.renderSessionShipping(w, c, later)
	w.str("status", status)
	w.null("submit_type")
	b.renderSessionEnd(w, c, n, lines, status, later)
	w.end()
}

func (b *business) renderSessionSums(w *writer, lines []sessionLine, total int64) {
	subtotal := int64(0)
	for i := range lines {
		subtotal += lines[i].amount()
	}
	w.int("amount_subtotal", subtotal)
	w.int("amount_total", total)
}

// renderSessionCustomer writes what the customer typed in, once they have.
func (b *business) renderSessionCustomer(w *writer, c *charge, n int32, status string) {
	if status != "complete" {
		w.nulls("customer_details", "customer_email")
		return
	}
	d := b.payer(c, int(n))
	w.object("customer_details")
	w.object("address")
	renderAddress(w, d, &markets[c.market])
	w.end()
	if w.version >= versionBasil {
		w.null("business_name")
	}
	w.str("email", string(b.appendPayerEmail(nil, c, int(n))))
	if w.version >= versionBasil {
		w.null("individual_name")
	}
	w.name("name", d)
	w.null("phone")
	w.str("tax_exempt", "none")
	w.emptyList("tax_ids")
	w.end()
	w.null("customer_email")
}

func (b *business) renderSessionInvoice(w *writer, c *charge, n int32) {
	if n < 0 || c.sub == none {
		w.null("invoice")
	} else {
		w.ref("invoice", b.appendInvoiceID, n)
	}
	w.null("invoice_creation")
}

// renderSessionPayment writes mode and payment. Stripe: a session for a
// subscription has no payment intent of its own.
func (b *business) renderSessionPayment(w *writer, c *charge, n int32, status string) {
	w.str("mode", [...]string{"payment", "subscription"}[btoi(c.sub != none)])
	if c.sub != none {
		w.null("payment_intent")
	} else {
		w.str("payment_intent", string(b.appendAnyIntentID(nil, int(n))))
	}
	w.null("payment_link")
	w.str("payment_method_collection", [...]string{"if_required", "always"}[btoi(c.sub != none)])
	w.null("payment_method_configuration_details")
	w.emptyObject("payment_method_options")
	w.list("payment_method_types")
	w.line()
	w.buf = appendQuoted(w.buf, c.method.String())
	w.endList()
	w.str("payment_status", [...]string{"unpaid", "paid"}[btoi(status == "complete")])
	w.object("phone_number_collection")
	w.bool("enabled", false)
	w.end()
	w.nulls("recovered_from", "setup_intent")
}

func (b *business) renderSessionShipping(w *writer, _ *charge, later bool) {
	w.nulls("shipping_address_collection", "shipping_cost")
	if !later {
		w.null("shipping_details")
	}
	w.emptyList("shipping_options")
}

func (b *business) renderSessionEnd(w *writer, c *charge, n int32, lines []sessionLine, status string, later bool) {
	w.ref("subscription", b.appendSubscriptionID, c.sub)
	w.str("success_url", "https://tidepool.example.com/thanks")
	discount, tax := int64(0), int64(0)
	for i := range lines {
		discount, tax = discount+lines[i].discount, tax+lines[i].tax
	}
	w.object("total_details")
	w.int("amount_discount", discount)
	w.int("amount_shipping", 0)
	w.int("amount_tax", tax)
	w.end()
	w.str("ui_mode", [...]string{"hosted", "hosted_page"}[btoi(later)])
	if status != "open" {
		w.null("url")
		return
	}
	w.str("url", "https://checkout.stripe.com/c/pay/"+string(b.appendSessionID(nil, int(n)))+"#fid"+string(appendBase62(nil, b.diceOfIntent(n).hash(dSession), 11)))
}

// renderSessionLines writes the first ten lines.
func (b *business) renderSessionLines(w *writer, n int32, lines []sessionLine) {
	w.embed("line_items", len(lines), func(i int) { b.renderSessionLine(w, n, i, &lines[i]) })
	w.str("url", "/v1/checkout/sessions/"+string(b.appendSessionID(nil, int(n)))+"/line_items")
	w.end()
}

func (b *business) renderSessionLine(w *writer, n int32, place int, l *sessionLine) {
	w.open('{')
	w.str("id", b.sessionLineID(n, place))
	w.str("object", "item")
	w.int("amount_discount", l.discount)
	w.int("amount_subtotal", l.amount())
	w.int("amount_tax", l.tax)
	w.int("amount_total", l.amount()-l.discount+l.tax)
	w.str("currency", b.orderOf(n).currency.String())
	w.str("description", l.name)
	if l.price == none {
		w.null("price") // a real one would be of this session only
	} else {
		w.key("price")
		b.renderPrice(w, int(l.price))
	}
	w.int("quantity", l.quantity)
	w.end()
}
