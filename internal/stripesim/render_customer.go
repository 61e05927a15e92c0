package stripesim

func (b *business) renderCustomer(w *writer, n int) {
	c, d := b.customerAt(n, w.at), b.diceOf(idCustomer, n)
	m, v := &markets[c.market], b.variantOf(idCustomer, n)
	if c.deleted > 0 {
		b.renderDeleted(w, n)
		return
	}
	w.open('{')
	w.ref("id", b.appendCustomerID, int32(n))
	w.str("object", "customer")
	renderCustomerAddress(w, &c, d, m)
	w.int("balance", 0)
	w.int("created", c.created)
	if c.subscriber {
		w.str("currency", m.currency.String()) // Stripe: set by the first invoice
	} else {
		w.null("currency")
	}
	if v == variantLater {
		w.null("customer_account")
	}
	w.null("default_source")
	w.bool("delinquent", c.delinquent)
	w.null("description")
	b.renderDiscount(w, b.discountOfCustomer(n), int32(n), none)
	w.strOrNull("email", b.email(n))
	w.quote("invoice_prefix")
	w.buf = appendDigits(w.buf, n, 8)
	w.unquote()
	renderInvoiceSettings(w)
	w.bool("livemode", false)
	w.object("metadata")
	if d.oneIn(dMetadata, 5) {
		w.quote("crm_id")
		w.buf = appendInt(append(w.buf, "C-"...), int64(n))
		w.unquote()
	}
	b.renderRevision(w, idCustomer, n)
	w.end()
	if v == variantSparse {
		w.null("name")
	} else {
		w.name("name", d)
	}
	w.int("next_invoice_sequence", 1)
	renderPhone(w, &c, d, m)
	renderLocales(w, d, m)
	w.null("shipping")
	w.str("tax_exempt", taxExempt(d))
	w.null("test_clock")
	w.end()
}

// A third of the customers have no address, and three in four have no phone
// number.
func (d dice) hasAddress() bool { return d.n(dAddress, 3) != 0 }
func (d dice) hasPhone() bool   { return d.n(dPhone, 4) == 0 }

func renderCustomerAddress(w *writer, c *customer, d dice, m *market) {
	if c.quiet || !d.hasAddress() {
		w.null("address")
		return
	}
	w.object("address")
	renderAddress(w, d, m)
	w.end()
}

func renderInvoiceSettings(w *writer) {
	w.object("invoice_settings")
	w.nulls("custom_fields", "default_payment_method", "footer", "rendering_options")
	w.end()
}

func renderPhone(w *writer, c *customer, d dice, m *market) {
	if c.quiet || !d.hasPhone() {
		w.null("phone")
		return
	}
	w.quote("phone")
	w.buf = append(w.buf, m.dialling...)
	w.buf = appendDigits(append(w.buf, "555"...), d.n(dPhone+100, 10_000_000), 7)
	w.unquote()
}

func renderLocales(w *writer, d dice, m *market) {
	w.list("preferred_locales")
	if d.n(dLocale, 3) == 0 {
		w.line()
		w.buf = appendQuoted(w.buf, m.locale)
	}
	w.endList()
}

func taxExempt(d dice) string {
	if d.oneIn(dTaxExempt, 80) {
		return "reverse"
	}
	return "none"
}
