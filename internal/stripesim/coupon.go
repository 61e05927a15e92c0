package stripesim

import "slices"

// A coupon is a discount on offer. The first of them are those that
// subscriptions and customers have with Config.Pricing.
type coupon struct {
	id       string // "" for one that Stripe chose
	created  int64
	percent  int64 // tenths
	off      int64 // US cents
	duration string
	months   int64
	redeemBy int64 // 0 for ever
	name     string
}

// usualCoupons are those of newDiscount.
var usualCoupons = [...]coupon{
	{id: "EIGHTH", percent: 125, duration: "forever", name: "An eighth off"},
	{id: "LESS", off: 300, duration: "forever"},
	{id: "THREE", percent: 200, duration: "repeating", months: 3, name: "Three months off"},
	{id: "ONCE", off: 500, duration: "once", name: "Welcome"},
	{id: "HALF", percent: 500, duration: "forever"},
}

// offerCoupons returns all coupons, oldest first. Those that are no usual ones
// come from a stream of their own.
func (b *business) offerCoupons() []coupon {
	coupons := slices.Clone(usualCoupons[:])
	for i := range coupons {
		coupons[i].created = b.tl.from
	}
	r := streamCoupons.rand(b.cfg.Seed)
	for i, at := range b.plan.draw(r, 10+min(b.cfg.Charges/500, 200), 10) {
		c := coupon{created: at, duration: "once", percent: int64(50 * (1 + r.IntN(8))), name: "Offer " + string(appendDigits(nil, i+1, 3))}
		if percent(r, 30) {
			c.percent, c.off = 0, int64(100*(1+r.IntN(20)))
		}
		if percent(r, 25) {
			c.duration, c.months = "repeating", int64(2+r.IntN(10))
		}
		if percent(r, 40) {
			c.redeemBy = at + 30*day + r.Int64N(90*day)
		}
		if percent(r, 20) {
			c.name = ""
		}
		if at <= b.truncatedAt {
			coupons = append(coupons, c)
		}
	}
	return coupons
}

// withdrawnAt returns when a coupon was deleted; 0 for never. Stripe: it is not
// found then, and discounts keep it.
func (b *business) withdrawnAt(n int) int64 {
	if !b.cfg.Wide || n < len(usualCoupons) || !b.diceOf(idCoupon, n).oneIn(dFirst, 5) {
		return 0
	}
	return b.afterwards(idCoupon, n, b.further.coupons()[n].created, 100*day)
}

// renamedAt returns when a coupon got another name; 0 for never.
func (b *business) renamedAt(n int) int64 {
	if !b.cfg.Wide || !b.diceOf(idCoupon, n).oneIn(dLast, 4) {
		return 0
	}
	at := b.afterwards(idCoupon, n, b.further.coupons()[n].created+hour, 40*day)
	if gone := b.withdrawnAt(n); gone > 0 && at >= gone {
		return 0
	}
	return at
}

func (b *business) appendCouponID(buf []byte, n int) []byte {
	if c := b.further.coupons()[n]; c.id != "" {
		return append(buf, c.id...)
	}
	return appendBase62(buf, b.ids.encipher(idCoupon, uint64(n)), codeLen)
}

func (b *business) findCoupon(id string) (int, bool) {
	if n := slices.IndexFunc(usualCoupons[:], func(c coupon) bool { return c.id == id }); n >= 0 {
		return n, true
	}
	return b.find(idCoupon, b.appendCouponID, len(b.further.coupons()), id)
}

func (b *business) couponList() *resource {
	coupons := b.further.coupons()
	return &resource{
		name: "coupons", object: "coupon", count: len(coupons), render: b.renderCoupon, expands: expandsOf["coupons"],
		created: func(n int) int64 { return coupons[n].created }, appendID: b.appendCouponID, find: b.findCoupon,
		deleted: func(n int, at int64) bool { return happened(b.withdrawnAt(n), at) },
	}
}

func (b *business) renderCoupon(w *writer, n int) {
	c := &b.further.coupons()[n]
	w.open('{')
	w.ref("id", b.appendCouponID, int32(n))
	w.str("object", "coupon")
	if c.off > 0 {
		w.int("amount_off", c.off)
	} else {
		w.null("amount_off")
	}
	if w.expands("applies_to") && n%2 == 0 {
		w.object("applies_to")
		w.list("products")
		w.line()
		w.buf = appendQuoted(w.buf, string(b.appendProductID(nil, 0)))
		w.endList()
		w.end()
	}
	w.int("created", c.created)
	if c.off > 0 {
		w.str("currency", usd.String())
	} else {
		w.null("currency")
	}
	b.renderCouponOptions(w, c)
	w.str("duration", c.duration)
	w.timeOrNull("duration_in_months", c.months)
	w.bool("livemode", false)
	w.null("max_redemptions")
	w.emptyObject("metadata")
	if happened(b.renamedAt(n), w.at) {
		w.str("name", c.name+" (extended)")
	} else {
		w.strOrNull("name", c.name)
	}
	if c.percent > 0 {
		w.key("percent_off")
		w.buf = appendMillionths(w.buf, c.percent*100_000)
	} else {
		w.null("percent_off")
	}
	w.timeOrNull("redeem_by", c.redeemBy)
	w.int("times_redeemed", int64(b.diceOf(idCoupon, n).n(dHouse, 40)))
	w.bool("valid", c.redeemBy == 0 || w.at < c.redeemBy)
	w.end()
}

// renderCouponOptions writes the amounts off in further currencies. Stripe:
// only if the request expands them.
func (b *business) renderCouponOptions(w *writer, c *coupon) {
	if !w.options || c.off == 0 {
		return
	}
	w.object("currency_options")
	for _, currency := range [...]currency{eur, gbp} {
		w.object(currency.String())
		w.int("amount_off", currency.fromUSD(c.off))
		w.end()
	}
	w.end()
}

func couponHappenings() []happening {
	count := func(b *business) int { return len(b.further.coupons()) }
	each := func(event string, of func(b *business, n int) int64) happening {
		return once(event, count, of, func(b *business, w *writer, n int) { b.renderCoupon(w, n) })
	}
	return []happening{
		each("coupon.created", func(b *business, n int) int64 { return b.further.coupons()[n].created }),
		each("coupon.updated", (*business).renamedAt),
		each("coupon.deleted", (*business).withdrawnAt),
	}
}
