package stripesim

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// A chargeState is the state of a charge at the end of the business.
type chargeState uint8

const (
	chargePaid       chargeState = iota // captured, in full or in part
	chargeAuthorised                    // captured:false, still open
	chargeExpired                       // captured:false, released; Stripe shows it as refunded
	chargePending                       // captured, the provider has not confirmed yet
	chargeFailed
)

type charge struct {
	created  int64
	amount   int64 // minor units of currency
	captured int64
	refunded int64 // refunded; of an expired authorisation, released
	released int64 // the rest of a partial capture, if Stripe counts it as refunded too
	capture  int64 // when it was captured, or released; 0 if at once
	customer int32 // none for a guest
	sub      int32 // none for an order
	txn      int32 // number of its balance transaction, or none
	market   uint8
	currency currency
	method   method
	state    chargeState
	category uint8 // of Klarna, an index into klarnaCategories
	decline  uint8 // of a failed charge, an index into declines
	first    bool  // the first charge of its subscription
	disputed bool
}

// refundable returns the amount that can still be refunded.
func (c *charge) refundable() int64 {
	if c.state != chargePaid {
		return 0
	}
	return c.captured - c.refunded
}

// bill makes the charges of all subscriptions, in order of time.
func (b *business) bill() []charge {
	var bills []charge
	for n := range b.subs {
		bills = b.appendBills(bills, n)
	}
	slices.SortStableFunc(bills, func(x, y charge) int { return cmp.Compare(x.created, y.created) })
	return bills[:min(len(bills), b.cfg.Charges)]
}

func (b *business) appendBills(bills []charge, n int) []charge {
	s := &b.subs[n]
	if s.status == subPaused || s.status == subTrialing {
		return bills
	}
	until := b.tl.to
	if s.ended > 0 {
		until = s.ended
	}
	first := len(bills)
	for k := 0; ; k++ {
		at := addMonths(s.firstBilling(), k*s.months())
		if k > 0 {
			at += hour + int64(n%60) // Stripe: a renewal is charged about an hour after the period began
		}
		if at >= until {
			break
		}
		who, amount := &b.customers[s.customer], b.amount(s, n, at)
		bills = append(bills, charge{
			created: at, amount: amount, captured: amount, customer: s.customer, sub: int32(n), txn: none, market: who.market,
			currency: markets[who.market].currency, method: methodCard, first: k == 0,
		})
		if s.status == subIncomplete || s.status == subExpired {
			break
		}
	}
	markUnpaid(bills[first:], s.status)
	return bills
}

// markUnpaid fails the charge that is the reason for the subscription's status.
func markUnpaid(bills []charge, status subStatus) {
	switch status {
	case subPastDue, subUnpaid, subIncomplete, subExpired:
		if len(bills) > 0 {
			bills[len(bills)-1].state, bills[len(bills)-1].captured = chargeFailed, 0
		}
	}
}

// An orderBook records who bought and how they paid, while orders are made in
// order of time.
type orderBook struct {
	b       *business
	r       *rand.Rand
	arrived int      // customers[:arrived] exist
	next    int      // customers[:next] have made their first order
	last    []method // what each customer paid with last
}

// order makes n charges that belong to no subscription, in order of time.
func (b *business) order(n int) []charge {
	book := orderBook{b: b, r: streamOrders.rand(b.cfg.Seed), last: make([]method, len(b.customers))}
	for i := range book.last {
		book.last[i] = noMethod
	}
	orders := make([]charge, n)
	for i, at := range b.tl.draw(book.r, n, 3) {
		orders[i] = book.take(at)
	}
	return orders
}

func (k *orderBook) take(at int64) charge {
	for k.arrived < len(k.b.customers) && k.b.customers[k.arrived].created <= at {
		k.arrived++
	}
	who, last := k.buyer(), noMethod
	if who != none {
		last = k.last[who]
	}
	c := k.b.newOrder(k.r, at, k.b.tl.progress(at), who, last)
	if who != none {
		k.last[who] = c.method
	}
	k.b.decide(k.r, &c)
	return c
}

// newOrder returns an order whose outcome is still open.
func (b *business) newOrder(r *rand.Rand, at int64, progress int, who int32, last method) charge {
	m := uint8(0)
	if who == none {
		m = pickMarket(r, progress)
	} else {
		m = b.customers[who].market
	}
	cents := basket(r)
	c := charge{created: at, customer: who, sub: none, txn: none, market: m, currency: markets[m].currency}
	c.method = pickMethod(r, c.currency, cents, progress, last)
	c.amount = c.currency.fromUSD(cents)
	if c.method == methodKlarna {
		c.category = pickKlarnaCategory(r, markets[m].country, cents)
	}
	return c
}

// buyer returns a new customer if one is waiting, else somebody who bought
// before: more often a recent customer, sometimes a regular, sometimes a guest.
func (k *orderBook) buyer() int32 {
	roll := k.r.IntN(100)
	switch {
	case roll < 4 || k.arrived == 0:
		return none
	case roll < 88 && k.next < k.arrived:
		k.next++
		return int32(k.next - 1)
	case roll%4 == 0:
		return int32(k.r.IntN(k.arrived) / 16 * 16)
	}
	return int32(max(k.r.IntN(k.arrived), k.r.IntN(k.arrived)))
}

// basket returns the value of an order in US cents: many small ones, a few
// large.
func basket(r *rand.Rand) int64 {
	tags := [...]int64{900, 1900, 2490, 2900, 3950, 4900, 5900, 7900, 9900, 12900, 19900, 34900, 59900, 129900}
	value := tags[min(r.IntN(len(tags)), r.IntN(len(tags)))]
	for percent(r, 25) {
		value += tags[r.IntN(6)]
	}
	return value + 495*int64(r.IntN(2)) // shipping
}

// decide lets the payment succeed, fail, wait or be captured later.
func (b *business) decide(r *rand.Rand, c *charge) {
	how := &providers[c.method]
	left := b.tl.to - c.created
	switch {
	case permille(r, how.failures):
		c.state, c.decline = chargeFailed, uint8(r.IntN(len(declines)))
	case c.method.bnpl() && left < 4*day && percent(r, 25):
		c.state, c.captured = chargePending, c.amount
	case how.holdDays > 0 && percent(r, 6):
		b.hold(r, c, how.holdDays*day)
	default:
		c.captured = c.amount
	}
}

// hold authorises a payment, and captures it later in full, in part, or never.
func (b *business) hold(r *rand.Rand, c *charge, span int64) {
	c.capture = c.created + 2*hour + r.Int64N(min(span, 6*day)-2*hour)
	never := percent(r, 22)
	if never {
		c.capture = c.created + span
	}
	switch {
	case c.capture >= b.tl.to:
		c.state, c.capture = chargeAuthorised, 0
	case never:
		c.state = chargeExpired
	case percent(r, 30):
		c.captured = c.currency.round(c.amount * int64(30+r.IntN(60)) / 100)
	default:
		c.captured = c.amount
	}
}

// merge combines renewals and orders in order of time, renewals first within a
// second. It stores in each subscription the number of its last charge.
func (b *business) merge(bills, orders []charge) {
	b.charges = make([]charge, 0, len(bills)+len(orders))
	for len(bills) > 0 || len(orders) > 0 {
		if len(orders) == 0 || len(bills) > 0 && bills[0].created <= orders[0].created {
			b.subs[bills[0].sub].lastCharge = int32(len(b.charges))
			b.charges = append(b.charges, bills[0])
			bills = bills[1:]
			continue
		}
		b.charges = append(b.charges, orders[0])
		orders = orders[1:]
	}
}

// A decline is the reason why a charge failed. The first four are for cards,
// the rest for providers too.
type decline struct{ code, message, network, reason, kind, seller string }

var declines = [...]decline{
	{"card_declined", "Your card has insufficient funds.", "declined_by_network", "insufficient_funds", "issuer_declined", "The bank returned the decline code `insufficient_funds`."},
	{"card_declined", "Your card was declined.", "declined_by_network", "generic_decline", "issuer_declined", "The bank did not return any further details with this decline."},
	{"expired_card", "Your card has expired.", "declined_by_network", "expired_card", "issuer_declined", "The bank returned the decline code `expired_card`."},
	{"card_declined", "Your card was declined.", "not_sent_to_network", "highest_risk_level", "blocked", "Stripe blocked this payment as too risky."},
}

// providerDecline is the decline of every failed instalment payment.
var providerDecline = decline{
	"payment_method_provider_decline", "The payment method provider declined the payment.",
	"declined_by_network", "generic_decline", "issuer_declined", "The payment method provider declined this payment.",
}

func (c *charge) declined() *decline {
	if c.method.bnpl() {
		return &providerDecline
	}
	return &declines[c.decline]
}
