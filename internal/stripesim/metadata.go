package stripesim

import "strings"

// awkwardMetadata are keys and values that Stripe allows and that break a
// client which turns metadata into columns: keys that are not identifiers,
// equal but for case, dotted, empty, long or in any alphabet.
var awkwardMetadata = [...][2]string{
	{"Zm9vYmFyL2Jhei1xdXV4==", "base64"},
	{"-utm:source", "newsletter"},
	{"items{0}", "SKU-7 × 2"},
	{"cart.total.net", "yes"},
	{"Order_ID", "differs in case only"},
	{"größe", "XL"},
	{"注文", "ギフト包装 🎁"},
	{"note", "line one\nline \"two\" \\ three"},
	{"coupon", ""},
	{"created", "1"},
	{"id", "not-the-id"},
	{"select", "'; --"},
}

// renderOrder writes a charge's metadata: an order number, and now and then
// something awkward, a value of 500 characters, or all 50 keys that fit.
func (b *business) renderOrder(w *writer, c *charge, n int) {
	d := b.diceOf(idCharge, n)
	w.object("metadata")
	if c.sub == none {
		w.quote("order_id")
		w.buf = append(w.buf, "TP-"...)
		w.buf = appendDigits(w.buf, n+1, 7)
		w.unquote()
	}
	if c.sub == none && d.n(dMetadata, 3) == 0 {
		w.pair("channel", [...]string{"web", "app", "pos"}[d.n(dFirst, 3)])
	}
	if d.oneIn(dMetadata+100, 30) {
		for i := range 1 + d.n(dLast, 3) {
			a := awkwardMetadata[(d.n(dStreet, len(awkwardMetadata))+i)%len(awkwardMetadata)]
			w.pair(a[0], a[1])
		}
	}
	if d.oneIn(dMetadata+200, 600) {
		w.pair("gift_message", strings.Repeat("Happy birthday! ", 32)[:500])
	}
	if d.oneIn(dMetadata+300, 900) {
		for i := range 44 {
			w.pair("attribute_"+string(appendDigits(nil, i, 2)), "x")
		}
	}
	b.renderRevision(w, idCharge, n)
	w.end()
}
