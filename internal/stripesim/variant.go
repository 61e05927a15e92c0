package stripesim

// A variant is a form that an object of Stripe's may have. Recordings show all
// three. Where [Config.Variants] is zero every object is usual.
type variant uint8

const (
	variantUsual  variant = iota
	variantSparse         // with null, or no member, wherever Stripe's may
	variantLater          // with the fields that came since 2024, in every API version
)

// variantOf returns the variant of record n of a kind.
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

// text returns s, or "" (rendered as null) for the sparse variant.
func (v variant) text(s string) string {
	if v == variantSparse {
		return ""
	}
	return s
}

// intentOf returns the number from which the id of a charge's payment intent is
// derived, or none. Stripe: a charge that was made without a payment intent, as
// all were until 2019, has none, nor have its refunds and disputes.
func (b *business) intentOf(charge int32) int32 {
	if b.variantOf(idCharge, int(charge)) == variantSparse {
		return none
	}
	return charge
}

// countryOf returns the payer's country as far as a charge shows it: a card has
// a country, other methods have only an address.
func (b *business) countryOf(c *charge, n int) string {
	if c.method != methodCard && b.variantOf(idCharge, n) == variantSparse {
		return ""
	}
	return markets[c.market].country
}

// email returns a customer's address; "" for one who gave none.
func (b *business) email(customer int) string {
	if b.variantOf(idCustomer, customer) == variantSparse {
		return ""
	}
	return string(b.diceOf(idCustomer, customer).appendEmail(nil, customer))
}

// renderNoBilling writes the billing details of a payment that has only those
// of the card.
func renderNoBilling(w *writer) {
	w.object("billing_details")
	w.object("address")
	w.nulls("city", "country", "line1", "line2", "postal_code", "state")
	w.end()
	w.nulls("email", "name", "phone")
	w.end()
}

// renderLaterCard writes the fields of a card that Stripe added since 2024,
// after the others.
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
