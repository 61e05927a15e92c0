package stripesim

func (b *business) renderPrice(w *writer, n int) {
	was := b.priceAt(n, w.at)
	p := &was
	w.open('{')
	w.ref("id", b.appendPriceID, int32(n))
	w.str("object", "price")
	w.bool("active", p.active)
	w.str("billing_scheme", p.billingScheme())
	w.int("created", p.created)
	w.str("currency", p.currency.String())
	if w.options && p.options {
		renderOptions(w, p)
	}
	v := b.variantOf(idPrice, n)
	if v != variantSparse {
		renderCustomAmount(w, p)
	}
	w.bool("livemode", false)
	w.nulls("lookup_key")
	w.object("metadata")
	b.renderRevision(w, idPrice, n)
	w.end()
	w.strOrNull("nickname", b.nickname(p, n))
	w.quote("product")
	w.buf = b.appendProductID(w.buf, p.product)
	w.unquote()
	renderRecurring(w, p, v)
	if v != variantSparse {
		w.str("tax_behavior", "unspecified")
	}
	if w.tiers && p.scheme == schemeTiered {
		b.renderTiers(w, p, n)
	}
	w.strOrNull("tiers_mode", p.tiersMode())
	renderPackages(w, p, "transform_quantity")
	w.str("type", p.kind())
	renderUnitAmount(w, p, "unit_amount", "unit_amount_decimal")
	w.end()
}

func (p *price) billingScheme() string {
	if p.scheme == schemeTiered {
		return "tiered"
	}
	return "per_unit"
}

func (p *price) tiersMode() string {
	if p.scheme == schemeTiered {
		return "graduated"
	}
	return ""
}

func (p *price) kind() string {
	if p.recurring() {
		return "recurring"
	}
	return "one_time"
}

func (p *price) usage() string {
	if p.metered {
		return "metered"
	}
	return "licensed"
}

func (b *business) nickname(p *price, n int) string {
	switch {
	case b.variantOf(idPrice, n) == variantSparse:
		return ""
	case p.product == 0:
		return "Crew"
	case int(p.product) <= len(b.addOns):
		return "Add-on"
	}
	return ""
}

func renderCustomAmount(w *writer, p *price) {
	if p.scheme != schemeCustom {
		w.null("custom_unit_amount")
		return
	}
	w.object("custom_unit_amount")
	w.null("maximum")
	w.int("minimum", p.currency.fromUSD(100))
	w.int("preset", p.amount)
	w.end()
}

func renderRecurring(w *writer, p *price, v variant) {
	if !p.recurring() {
		w.null("recurring")
		return
	}
	w.object("recurring")
	w.strOrNull("aggregate_usage", p.aggregate())
	w.str("interval", p.interval)
	w.int("interval_count", 1)
	if v == variantLater {
		w.null("meter")
	}
	w.null("trial_period_days")
	w.str("usage_type", p.usage())
	w.end()
}

func (p *price) aggregate() string {
	if p.metered {
		return "sum"
	}
	return ""
}

// renderUnitAmount writes both unit amounts. Stripe: the integer is null when
// the amount has a part smaller than the minor unit, and both are null when
// there is no single amount.
func renderUnitAmount(w *writer, p *price, whole, decimal string) {
	switch p.scheme {
	case schemeFlat:
		w.int(whole, p.amount)
		w.quote(decimal)
		w.buf = appendInt(w.buf, p.amount)
		w.unquote()
	case schemeFraction:
		w.null(whole)
		w.quote(decimal)
		w.buf = appendMillionths(w.buf, p.amount*10_000)
		w.unquote()
	default:
		w.nulls(whole, decimal)
	}
}

// renderPlan writes Stripe's plan: the older form of a price, which
// subscription items still have. It is in no published schema, but in every
// response.
func (b *business) renderPlan(w *writer, n int) {
	was := b.priceAt(n, w.at)
	p := &was
	w.open('{')
	w.ref("id", b.appendPriceID, int32(n))
	w.str("object", "plan")
	w.bool("active", p.active)
	w.strOrNull("aggregate_usage", p.aggregate())
	renderUnitAmount(w, p, "amount", "amount_decimal")
	w.str("billing_scheme", p.billingScheme())
	w.int("created", p.created)
	w.str("currency", p.currency.String())
	w.str("interval", p.interval)
	w.int("interval_count", 1)
	w.bool("livemode", false)
	w.emptyObject("metadata")
	w.strOrNull("nickname", b.nickname(p, n))
	w.quote("product")
	w.buf = b.appendProductID(w.buf, p.product)
	w.unquote()
	w.strOrNull("tiers_mode", p.tiersMode())
	renderPackages(w, p, "transform_usage")
	w.null("trial_period_days")
	w.str("usage_type", p.usage())
	w.end()
}
