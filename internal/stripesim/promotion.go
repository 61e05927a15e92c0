package stripesim

// A promotion is a code that customers type to get a coupon.
type promotion struct {
	created  int64
	coupon   int32
	customer int32 // the only one who may use it; none for anybody
	expires  int64 // 0 for never
	least    int64 // US cents that an order must be worth; 0 for any
	first    bool  // only for somebody's first order
}

// promote returns all promotion codes, oldest first.
func (b *business) promote() []promotion {
	r := streamPromotions.rand(b.cfg.Seed)
	coupons := b.further.coupons()
	var promotions []promotion
	for _, at := range b.plan.draw(r, 12+min(b.cfg.Charges/200, 2000), 10) {
		p := promotion{created: at, coupon: int32(r.IntN(countUntil(coupons, at, func(c *coupon) int64 { return c.created }))), customer: none}
		if arrived := countUntil(b.customers, at, func(c *customer) int64 { return c.created }); percent(r, 30) && arrived > 0 {
			p.customer = int32(r.IntN(arrived))
		}
		if percent(r, 30) {
			p.expires = at + 10*day + r.Int64N(60*day)
		}
		if percent(r, 30) {
			p.least = int64(1000 * (1 + r.IntN(9)))
		}
		p.first = percent(r, 20)
		if at <= b.truncatedAt {
			promotions = append(promotions, p)
		}
	}
	return promotions
}

// endedAt returns when the merchant ended a promotion; 0 for never.
func (b *business) endedAt(n int) int64 {
	if !b.cfg.Wide || !b.diceOf(idPromotion, n).oneIn(dFirst, 3) {
		return 0
	}
	return b.afterwards(idPromotion, n, b.further.promotions()[n].created, 90*day)
}

func (b *business) isPromoted(n int, at int64) bool {
	p := &b.further.promotions()[n]
	return !happened(b.endedAt(n), at) && !happened(p.expires, at)
}

func (b *business) promotionCode(n int) string {
	return "TIDE" + string(appendBase62(nil, b.ids.encipher(idPromotion, uint64(n))>>20, 5))
}

func (b *business) appendPromotionID(buf []byte, n int) []byte {
	return b.ids.appendLong(buf, "promo_1", idPromotion, b.further.promotions()[n].created, n)
}

func (b *business) promotionList() *resource {
	promotions := b.further.promotions()
	return &resource{
		name: "promotion_codes", object: "promotion_code", count: len(promotions), render: b.renderPromotion,
		params: paramsOf("promotion_codes"), expands: expandsOf["promotion_codes"],
		created: func(n int) int64 { return promotions[n].created }, appendID: b.appendPromotionID, match: b.matchPromotion,
		find: func(id string) (int, bool) { return b.find(idPromotion, b.appendPromotionID, len(promotions), id) },
	}
}

func (b *business) matchPromotion(p, value string, at int64) (matcher, bool) {
	promotions := b.further.promotions()
	switch p {
	case "active":
		return func(n int) bool { return b.isPromoted(n, at) == (value == "true") }, true
	case "code":
		return func(n int) bool { return b.promotionCode(n) == value }, true
	case "coupon":
		c, ok := b.findCoupon(value)
		return func(n int) bool { return int(promotions[n].coupon) == c }, ok
	}
	who, ok := b.findCustomer(value)
	return func(n int) bool { return int(promotions[n].customer) == who }, ok
}

// renderPromotion writes a promotion code. Stripe: older versions show the
// whole coupon, newer ones its id.
func (b *business) renderPromotion(w *writer, n int) {
	p := &b.further.promotions()[n]
	w.open('{')
	w.ref("id", b.appendPromotionID, int32(n))
	w.str("object", "promotion_code")
	w.bool("active", b.isPromoted(n, w.at))
	w.str("code", b.promotionCode(n))
	if w.version < versionBasil {
		w.key("coupon")
		b.renderCoupon(w, int(p.coupon))
	}
	w.int("created", p.created)
	w.refOr("customer", b.appendCustomerID, p.customer, b.renderCustomer)
	if w.version >= versionBasil {
		w.null("customer_account")
	}
	w.timeOrNull("expires_at", p.expires)
	w.bool("livemode", false)
	w.null("max_redemptions")
	w.emptyObject("metadata")
	if w.version >= versionBasil {
		w.object("promotion")
		w.ref("coupon", b.appendCouponID, p.coupon)
		w.str("type", "coupon")
		w.end()
	}
	w.object("restrictions")
	w.bool("first_time_transaction", p.first)
	if p.least > 0 {
		w.int("minimum_amount", p.least)
		w.str("minimum_amount_currency", usd.String())
	} else {
		w.nulls("minimum_amount", "minimum_amount_currency")
	}
	w.end()
	w.int("times_redeemed", int64(b.diceOf(idPromotion, n).n(dHouse, 9)))
	w.end()
}

func promotionHappenings() []happening {
	count := func(b *business) int { return len(b.further.promotions()) }
	render := func(b *business, w *writer, n int) { b.renderPromotion(w, n) }
	return []happening{
		once("promotion_code.created", count, func(b *business, n int) int64 { return b.further.promotions()[n].created }, render),
		once("promotion_code.updated", count, (*business).endedAt, render),
	}
}
