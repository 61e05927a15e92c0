package stripesim

import (
	"maps"
	"slices"
)

// A product is derived from its prices. It is as old as the first of them.
type product struct {
	created int64
	first   int32 // number of its first price
}

// catalogue returns the products by number.
func (b *business) catalogue() map[int32]product {
	products := map[int32]product{}
	for n := range b.prices {
		if p := &b.prices[n]; products[p.product].created == 0 {
			products[p.product] = product{p.created, int32(n)}
		}
	}
	return products
}

func (b *business) productList() *resource {
	products := b.further.products()
	numbers := slices.Sorted(maps.Keys(products))
	most := int32(0)
	for _, n := range numbers {
		most = max(most, n+1)
	}
	r := newRoll(numbers, func(n int32) int64 { return products[n].created })
	id := func(buf []byte, n int) []byte { return b.appendProductID(buf, int32(n)) }
	res := r.list("products", "product", id, b.finder(idProduct, id, int(most)), b.renderProduct)
	res.match = func(_, value string, at int64) (matcher, bool) {
		return r.by(func(n int32) bool { return b.sold(n, at) == (value == "true") }), true
	}
	return res
}

var productNames = [...]string{
	"Tide clock", "Harbour lamp", "Oilskin jacket", "Sea salt soap", "Rope doormat", "Driftwood frame", "Enamel mug", "Wool blanket",
	"Chart print", "Brass compass", "Canvas tote", "Lighthouse print", "Kelp candle", "Cork board", "Sailor’s knot kit", "Thé des îles",
}

// productName returns the name of a product. Several may have the same.
func (b *business) productName(n int32) string {
	switch {
	case n == 0:
		return "Crew membership"
	case int(n) <= len(b.addOns):
		return "Add-on " + string(appendDigits(nil, int(n), 2))
	}
	return productNames[b.diceOf(idProduct, int(n)).n(dFirst, len(productNames))]
}

// retiredAt returns when a product was taken out of the shop; 0 for never.
// Without Config.Wide none is, because no event would tell of it.
func (b *business) retiredAt(n int32) int64 {
	if !b.cfg.Wide || n == 0 || b.further.products()[n].created == 0 || !b.diceOf(idProduct, int(n)).oneIn(dLast, 4) {
		return 0
	}
	return b.afterwards(idProduct, int(n), b.further.products()[n].created, 150*day)
}

func (b *business) sold(n int32, at int64) bool { return !happened(b.retiredAt(n), at) }

// renderProduct writes a product. Stripe: attributes and type are in no
// published schema, but in every response of older versions.
func (b *business) renderProduct(w *writer, number int) {
	n := int32(number)
	p, d := b.further.products()[n], b.diceOf(idProduct, number)
	updated := p.created
	if !b.sold(n, w.at) {
		updated = b.retiredAt(n)
	}
	w.open('{')
	w.str("id", string(b.appendProductID(nil, n)))
	w.str("object", "product")
	w.bool("active", b.sold(n, w.at))
	w.emptyList("attributes")
	w.int("created", p.created)
	if d.oneIn(dPlace, 5) {
		p.first = none
	}
	w.refOr("default_price", b.appendPriceID, p.first, b.renderPrice)
	if d.oneIn(dStreet, 3) {
		w.null("description")
	} else {
		w.str("description", b.productName(n)+", made by the sea")
	}
	if w.version < versionBasil {
		w.emptyList("features")
	}
	w.emptyList("images")
	w.bool("livemode", false)
	if w.version >= versionBasil {
		w.emptyList("marketing_features")
	}
	w.object("metadata")
	if d.oneIn(dMetadata, 3) {
		w.pair("sku", "SKU-"+string(appendDigits(nil, number, 5)))
	}
	w.end()
	w.str("name", b.productName(n))
	w.nulls("package_dimensions", "shippable", "statement_descriptor", "tax_code")
	w.str("type", "service")
	if n == 0 {
		w.str("unit_label", "seat")
	} else {
		w.null("unit_label")
	}
	w.int("updated", updated)
	w.null("url")
	w.end()
}

func productHappenings() []happening {
	count := func(b *business) int { return len(b.prices) + len(b.addOns) + 1 }
	render := func(b *business, w *writer, n int) { b.renderProduct(w, n) }
	return []happening{
		once("product.created", count, func(b *business, n int) int64 { return b.further.products()[int32(n)].created }, render),
		once("product.updated", count, func(b *business, n int) int64 { return b.retiredAt(int32(n)) }, render),
	}
}
