package stripesim

// [Config.Pricing] adds prices that are more than an amount, and coupons. All
// of it follows from record numbers and draws no random ones, so that the rest
// of the business is the same without it.

// unshownOption is a currency whose amounts no price shows, as if the account's
// list left them out.
const unshownOption = gbp

// vary turns add-on i into one of the kinds of price that a subscription can
// have.
func (p *price) vary(i int) {
	switch i % 4 {
	case 0:
		p.packageOf, p.roundsDown = int64(2+i%3), i%8 == 0
	case 1:
		p.scheme, p.amount = schemeFraction, int64(1250+i)
	case 2:
		p.scheme = schemeTiered
	}
}

// unitsOf returns the quantity that is bought of a price. Of a price with
// packages, tiers or fractions it is five times as high.
func (b *business) unitsOf(p *price, q int32) int32 {
	if b.cfg.Pricing && (p.packageOf > 0 || p.scheme != schemeFlat) && !p.metered {
		return 5 * q
	}
	return q
}

// optionFor returns the amount of a dollar price in another currency.
func (p *price) optionFor(c currency) int64 {
	if c == p.currency {
		return p.amount
	}
	return c.fromUSD(p.amount) + 1
}

// A tier ends with a unit, none for the last one; its amount is in hundredths of
// a minor unit.
type tier struct{ upTo, hundredths int64 }

// tiersOf returns the tiers of price n. The last one has no end and costs less
// than a minor unit.
func (b *business) tiersOf(p *price, n int) []tier {
	tiers := make([]tier, 2)
	if b.cfg.LongLists {
		tiers = make([]tier, 12+b.diceOf(idPrice, n).n(dTiers, 9))
	}
	for i := range tiers {
		amount := max(p.amount-int64(10*i), 5)
		tiers[i] = tier{upTo: int64(10 * (i + 1)), hundredths: 100 * amount}
		if i == len(tiers)-1 {
			tiers[i] = tier{upTo: int64(none), hundredths: amount}
		}
	}
	return tiers
}

// cost returns the cost of an item for a period, in hundredths of a minor unit
// of its subscription's currency. It returns false where the usage or the
// customer decides.
func (b *business) cost(it item, c currency) (hundredths int64, ok bool) {
	p, q := &b.prices[it.price], int64(it.quantity)
	if !p.recurring() || p.metered {
		return 0, false
	}
	switch {
	case p.packageOf > 0 && p.roundsDown:
		q /= p.packageOf
	case p.packageOf > 0:
		q = (q + p.packageOf - 1) / p.packageOf
	}
	switch p.scheme {
	case schemeFlat:
		return 100 * p.optionFor(c) * q, true
	case schemeFraction:
		return p.amount * q, true
	case schemeTiered:
		from := int64(0)
		for _, t := range b.tiersOf(p, int(it.price)) {
			if q > from && t.upTo != int64(none) {
				hundredths += t.hundredths * (min(q, t.upTo) - from)
			} else if q > from {
				hundredths += t.hundredths * (q - from)
			}
			from = t.upTo
			if t.upTo == int64(none) {
				break
			}
		}
		return hundredths, true
	}
	return 0, false
}

// A discount is a coupon as one subscription or customer has it. Stripe: amounts
// off are off each invoice.
type discount struct {
	coupon     string
	duration   string
	percent    int64 // tenths
	off        int64 // minor units of currency
	currency   currency
	months     int // of a repeating one
	start, end int64
	number     int
}

// newDiscount returns one of five discounts, from a time on. Stripe removes a
// discount from the object when it ends; here it stays, with its end.
func newDiscount(number int, c currency, start int64) *discount {
	d := &discount{duration: "forever", currency: c, start: start, number: number}
	switch number % 5 {
	case 0:
		d.coupon, d.percent = "EIGHTH", 125
	case 1:
		d.coupon, d.off = "LESS", c.fromUSD(300)
	case 2:
		d.coupon, d.percent, d.duration, d.months = "THREE", 200, "repeating", 3
		d.end = addMonths(start, d.months)
	case 3:
		d.coupon, d.off, d.duration = "ONCE", c.fromUSD(500), "once"
	case 4:
		d.coupon, d.percent, d.end = "HALF", 500, start+60*day
	}
	return d
}

// discountOf returns the discount of subscription n itself, or nil.
func (b *business) discountOf(s *subscription, n int) *discount {
	if !b.cfg.Pricing || n%4 != 1 {
		return nil
	}
	return newDiscount(n/4, s.currency, s.created)
}

// discountOfCustomer returns the discount of customer n, or nil. It applies to
// subscriptions that have none of their own.
func (b *business) discountOfCustomer(n int) *discount {
	if !b.cfg.Pricing || n%5 != 0 {
		return nil
	}
	c := &b.customers[n]
	return newDiscount(n/5, markets[c.market].currency, c.created)
}

// inForce reports whether the discount applies at a time. One with the duration
// once applies for the period in which it began.
func (d *discount) inForce(at int64, months int) bool {
	if d == nil {
		return false
	}
	end := d.end
	if d.duration == "once" {
		end = addMonths(d.start, months)
	}
	return d.start <= at && (end == 0 || at < end)
}

// applyTo returns an amount less the discount, in hundred-thousandths of a
// minor unit.
func (d *discount) applyTo(hundredths int64) int64 {
	if d == nil {
		return 1000 * hundredths
	}
	return max(hundredths*(1000-d.percent)-100_000*d.off, 0)
}

// currentDiscount returns the discount that Stripe takes from an invoice at a
// time: the subscription's, or else the customer's.
func (b *business) currentDiscount(s *subscription, n int, at int64) *discount {
	if own := b.discountOf(s, n); own.inForce(at, s.months()) {
		return own
	}
	if d := b.discountOfCustomer(int(s.customer)); d.inForce(at, s.months()) {
		return d
	}
	return nil
}

// foreverDiscount returns the discount that applies at a time and lasts for
// ever.
func (b *business) foreverDiscount(s *subscription, n int, at int64) *discount {
	for _, d := range []*discount{b.discountOf(s, n), b.discountOfCustomer(int(s.customer))} {
		if d.inForce(at, s.months()) && d.duration == "forever" {
			return d
		}
	}
	return nil
}

// renderDiscount writes a discount. Stripe: a discount names its owner; sub is
// none for a discount on all that the customer has.
func (b *business) renderDiscount(w *writer, d *discount, customer, sub int32) {
	if d == nil {
		w.null("discount")
		return
	}
	w.object("discount")
	w.quote("id")
	w.buf = appendDigits(append(w.buf, "di_"...), d.number, 12)
	w.unquote()
	w.str("object", "discount")
	w.null("checkout_session")
	w.object("coupon")
	w.str("id", d.coupon)
	w.str("object", "coupon")
	if d.off > 0 {
		w.int("amount_off", d.off)
		w.str("currency", d.currency.String())
	} else {
		w.nulls("amount_off", "currency")
	}
	w.int("created", d.start)
	w.str("duration", d.duration)
	if d.months > 0 {
		w.int("duration_in_months", int64(d.months))
	} else {
		w.null("duration_in_months")
	}
	w.bool("livemode", false)
	w.null("max_redemptions")
	w.emptyObject("metadata")
	w.null("name")
	if d.percent > 0 {
		w.key("percent_off")
		w.buf = appendMillionths(w.buf, d.percent*100_000)
	} else {
		w.null("percent_off")
	}
	w.null("redeem_by")
	w.int("times_redeemed", 1)
	w.bool("valid", true)
	w.end()
	w.ref("customer", b.appendCustomerID, customer)
	w.timeOrNull("end", d.end)
	w.nulls("invoice", "invoice_item", "promotion_code")
	w.int("start", d.start)
	w.ref("subscription", b.appendSubscriptionID, sub)
	w.null("subscription_item")
	w.end()
}

// renderOptions writes a price's amounts in all currencies, its own among them.
// Stripe shows them only if asked to.
func renderOptions(w *writer, p *price) {
	w.object("currency_options")
	for _, c := range subscriptionCurrencies {
		if c == unshownOption {
			continue
		}
		w.object(c.String())
		w.null("custom_unit_amount")
		w.str("tax_behavior", "unspecified")
		renderUnitAmount(w, &price{amount: p.optionFor(c)}, "unit_amount", "unit_amount_decimal")
		w.end()
	}
	w.end()
}

// renderPackages writes transform_quantity, which plans call transform_usage.
func renderPackages(w *writer, p *price, name string) {
	if p.packageOf == 0 {
		w.null(name)
		return
	}
	w.object(name)
	w.int("divide_by", p.packageOf)
	if p.roundsDown {
		w.str("round", "down")
	} else {
		w.str("round", "up")
	}
	w.end()
}
