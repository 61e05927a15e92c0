package stripesim

var cardBrands = [...]string{"visa", "visa", "visa", "mastercard", "mastercard", "amex"}

var cardFundings = [...]string{"credit", "debit", "debit", "prepaid"}

// appendPaymentMethodID appends a payment method's id. A customer pays with the
// same card each time.
func (b *business) appendPaymentMethodID(buf []byte, c *charge, n int) []byte {
	if c.customer == none || c.method.bnpl() {
		return b.ids.appendLong(buf, "pm_1", idPaymentMethod, c.created, n<<1|1)
	}
	return b.ids.appendLong(buf, "pm_1", idPaymentMethod, b.customers[c.customer].created, int(c.customer)<<1)
}

func (b *business) renderMethod(w *writer, c *charge, n int) {
	w.object("payment_method_details")
	w.object(c.method.openType(w))
	switch c.method {
	case methodCard:
		b.renderCard(w, c, b.payer(c, n), b.variantOf(idCharge, n))
	case methodKlarna:
		w.str("payment_method_category", klarnaCategories[c.category])
		w.str("preferred_locale", markets[c.market].locale)
	case methodAfterpay:
		w.quote("order_id")
		w.buf = appendInt(w.buf, 100_000_000_000+int64(b.diceOf(idCharge, n).n(dLast4, 900_000_000)))
		w.unquote()
		w.quote("reference")
		w.buf = b.appendIntentID(w.buf, n)
		w.unquote()
	}
	w.end()
	c.method.closeType(w)
	w.end()
}

// openType and closeType write type before or after the block with the method's
// own name: Stripe sorts keys, and zip comes after type.
func (m method) openType(w *writer) string {
	if m == methodZip {
		w.str("type", m.String())
	}
	return m.String()
}

func (m method) closeType(w *writer) {
	if m != methodZip {
		w.str("type", m.String())
	}
}

func (b *business) renderCard(w *writer, c *charge, d dice, v variant) {
	brand := cardBrands[d.n(dBrand, len(cardBrands))]
	w.str("brand", brand)
	w.object("checks")
	w.null("address_line1_check")
	w.strOrNull("address_postal_code_check", v.text("pass"))
	if c.sub != none && !c.first {
		w.null("cvc_check") // nobody types it in for a renewal
	} else {
		w.str("cvc_check", "pass")
	}
	w.end()
	w.str("country", markets[c.market].country)
	w.int("exp_month", int64(1+d.n(dExpiry, 12)))
	w.int("exp_year", b.cardYear+int64(d.n(dExpiry, 5)))
	w.quote("fingerprint")
	w.buf = appendBase62(appendBase62(w.buf, d.hash(dFingerprint), 8), d.hash(dFingerprint+100), 8)
	w.unquote()
	w.str("funding", cardFundings[d.n(dFunding, len(cardFundings))])
	w.null("installments")
	w.quote("last4")
	w.buf = appendDigits(w.buf, d.n(dLast4, 10_000), 4)
	w.unquote()
	w.null("mandate")
	w.str("network", brand)
	b.renderThreeDSecure(w, c)
	renderWallet(w, c, d)
	if v == variantLater {
		renderLaterCard(w, c, d)
	}
}

// renderThreeDSecure writes three_d_secure. In Europe a card payment needs
// strong authentication if the payer is present.
func (b *business) renderThreeDSecure(w *writer, c *charge) {
	here := c.sub == none || c.first
	if !here || c.currency != eur && c.currency != gbp && c.currency != sek {
		w.null("three_d_secure")
		return
	}
	w.object("three_d_secure")
	w.str("authentication_flow", "frictionless")
	w.str("electronic_commerce_indicator", "05")
	w.null("exemption_indicator")
	w.str("result", "authenticated")
	w.nulls("result_reason", "transaction_id")
	w.str("version", "2.2.0")
	w.end()
}

func renderWallet(w *writer, c *charge, d dice) {
	if c.sub != none || d.n(dWallet, 6) > 0 {
		w.null("wallet")
		return
	}
	w.object("wallet")
	w.emptyObject("apple_pay")
	w.quote("dynamic_last4")
	w.buf = appendDigits(w.buf, d.n(dWallet+100, 10_000), 4)
	w.unquote()
	w.str("type", "apple_pay")
	w.end()
}

// appendDigits writes n with zeros in front.
func appendDigits(b []byte, n, width int) []byte {
	at := len(b)
	for range width {
		b = append(b, '0')
	}
	for i := width - 1; i >= 0; i-- {
		b[at+i] = '0' + byte(n%10)
		n /= 10
	}
	return b
}
