package stripesim

// A variant is a way in which an object of Stripe's may look: recordings show
// all three. With [Config.Variants] at zero everything is usual.
type variant uint8

const (
	variantUsual  variant = iota
	variantSparse         // null, or nothing, wherever Stripe may have it
	variantLater          // with the fields that came since 2024, in every API version
)

// variantOf is how record n of a kind looks.
func (b *business) variantOf(kind idKind, n int) variant {
	if b.cfg.Variants == 0 {
		return variantUsual
	}
	d := b.diceOf(kind, n)
	switch {
	case d.n(dVariant, 1000) >= b.cfg.Variants:
		return variantUsual
	case d.oneIn(dVariant+100, 2):
		return variantSparse
	}
	return variantLater
}

// text is what stands in a field that a spare object leaves null; "" for null.
func (v variant) text(s string) string {
	if v == variantSparse {
		return ""
	}
	return s
}

// intentOf is what the payment intent's id of a charge is derived from. Stripe:
// a charge that was made without one, as all were until 2019, has none, nor have
// its refunds and disputes.
func (b *business) intentOf(charge int32) int32 {
	if b.variantOf(idCharge, int(charge)) == variantSparse {
		return none
	}
	return charge
}

// countryOf is where a charge says that who paid lives: a card has a country,
// and other methods only an address.
func (b *business) countryOf(c *charge, n int) string {
	if c.method != methodCard && b.variantOf(idCharge, n) == variantSparse {
		return ""
	}
	return markets[c.market].country
}

// email is a customer's; "" for one who gave none.
func (b *business) email(customer int) string {
	if b.variantOf(idCustomer, customer) == variantSparse {
		return ""
	}
	return string(b.diceOf(idCustomer, customer).appendEmail(nil, customer))
}

// renderNoBilling is of a payment that told nothing but the card.
func renderNoBilling(w *writer) {
	w.object("billing_details")
	w.object("address")
	w.nulls("city", "country", "line1", "line2", "postal_code", "state")
	w.end()
	w.nulls("email", "name", "phone")
	w.end()
}

// renderLaterCard writes the fields of a card that came since 2024, after the
// others.
func renderLaterCard(w *writer, c *charge, d dice) {
	if c.state == chargeFailed {
		w.nulls("amount_authorized", "authorization_code")
	} else {
		w.int("amount_authorized", c.amount)
		w.quote("authorization_code")
		w.buf = appendDigits(w.buf, d.n(dVariant+200, 1_000_000), 6)
		w.unquote()
	}
	if c.state == chargeAuthorised || c.capture > 0 {
		w.int("capture_before", c.created+7*day)
	}
	for _, feature := range [...]string{"extended_authorization", "incremental_authorization", "multicapture"} {
		w.object(feature)
		if feature == "multicapture" {
			w.str("status", "unavailable")
		} else {
			w.str("status", "disabled")
		}
		w.end()
	}
	w.object("network_token")
	w.bool("used", d.oneIn(dVariant+300, 3))
	w.end()
	w.object("overcapture")
	w.int("maximum_amount_capturable", c.amount)
	w.str("status", "unavailable")
	w.end()
	w.str("regulated_status", "unregulated")
}
