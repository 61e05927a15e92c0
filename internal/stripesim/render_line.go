package stripesim

// renderLine writes a line of an invoice. Stripe: a metered item without usage
// has a line of zero.
func (b *business) renderLine(w *writer, v *invoice, n int32, l line) {
	it := &b.items[l.item]
	s, p := &b.subs[v.sub], &b.prices[it.price]
	later := w.version >= versionBasil
	w.open('{')
	if v.draft {
		w.str("id", "il_tmp_"+string(appendDigits(nil, int(l.item), 10)))
	} else {
		w.str("id", string(b.appendLineID(nil, n, l.place)))
	}
	w.str("object", "line_item")
	w.int("amount", l.amount)
	if !later {
		w.int("amount_excluding_tax", l.amount)
	}
	w.str("currency", s.currency.String())
	w.str("description", b.lineText(v, it, p))
	renderDiscountAmounts(w, "discount_amounts", v.discount, l.discount)
	w.bool("discountable", true)
	w.emptyList("discounts")
	if later {
		w.str("invoice", b.lineInvoice(v, n))
	}
	w.bool("livemode", false)
	w.emptyObject("metadata")
	if later {
		b.renderLineParent(w, v, l)
	}
	w.object("period")
	w.int("end", v.to)
	w.int("start", v.from)
	w.end()
	if later {
		w.emptyList("pretax_credit_amounts")
		b.renderPricing(w, it, p)
	} else {
		b.renderLinePrice(w, it)
	}
	w.int("quantity", int64(it.quantity))
	if later {
		w.str("quantity_decimal", string(appendInt(nil, int64(it.quantity))))
	}
	w.ref("subscription", b.appendSubscriptionID, v.sub)
	if later {
		w.int("subtotal", l.amount)
		w.emptyList("taxes")
	} else {
		w.ref("subscription_item", b.appendItemID, l.item)
		w.emptyList("tax_amounts")
		w.emptyList("tax_rates")
		w.str("type", "subscription")
		w.null("unit_amount_excluding_tax")
	}
	w.end()
}

// lineInvoice returns the invoice that a line names.
func (b *business) lineInvoice(v *invoice, n int32) string {
	if v.draft {
		return "upcoming_" + string(b.appendSubscriptionID(nil, int(v.sub)))
	}
	return string(b.appendAnyInvoiceID(nil, int(n)))
}

func (b *business) lineText(v *invoice, it *item, p *price) string {
	name := b.productName(p.product)
	if v.charge == none && !v.draft {
		return "Trial period for " + name
	}
	return string(appendInt(nil, int64(it.quantity))) + " × " + name + " (per " + p.interval + ")"
}

func (b *business) renderLineParent(w *writer, v *invoice, l line) {
	w.object("parent")
	w.null("invoice_item_details")
	w.object("subscription_item_details")
	w.null("invoice_item")
	w.bool("proration", false)
	w.object("proration_details")
	w.null("credited_items")
	w.end()
	w.ref("subscription", b.appendSubscriptionID, v.sub)
	w.ref("subscription_item", b.appendItemID, l.item)
	w.end()
	w.str("type", "subscription_item_details")
	w.end()
}

func (b *business) renderPricing(w *writer, it *item, p *price) {
	w.object("pricing")
	w.object("price_details")
	w.ref("price", b.appendPriceID, it.price)
	w.str("product", string(b.appendProductID(nil, p.product)))
	w.end()
	w.str("type", "price_details")
	switch p.scheme {
	case schemeFlat:
		w.str("unit_amount_decimal", string(appendInt(nil, p.amount)))
	case schemeFraction:
		w.str("unit_amount_decimal", string(appendMillionths(nil, p.amount*10_000)))
	default:
		w.null("unit_amount_decimal")
	}
	w.end()
}

// renderLinePrice writes plan, price and proration as they were until
// 2025-03-31.basil.
func (b *business) renderLinePrice(w *writer, it *item) {
	w.key("plan")
	b.renderPlan(w, int(it.price))
	w.key("price")
	b.renderPrice(w, int(it.price))
	w.bool("proration", false)
	w.object("proration_details")
	w.null("credited_items")
	w.end()
}
