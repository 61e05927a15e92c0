package stripesim

import (
	"math/rand/v2"
)

// A subStatus is an index into subStatuses.
type subStatus uint8

const (
	subActive subStatus = iota
	subTrialing
	subPastDue
	subUnpaid
	subPaused
	subIncomplete
	subExpired
	subCanceled
)

var subStatuses = [...]string{"active", "trialing", "past_due", "unpaid", "paused", "incomplete", "incomplete_expired", "canceled"}

func (s subStatus) String() string { return subStatuses[s] }

type subscription struct {
	created    int64
	ended      int64 // 0 if it has not ended
	trialEnd   int64 // 0 without a trial
	turned     int64 // when a mutation set leaving or onHold; 0 for none
	currency   currency
	customer   int32
	firstItem  int32
	items      int32
	lastCharge int32 // number of a charge; none before the first
	status     subStatus
	yearly     bool
	leaving    bool // cancel_at_period_end
	onHold     bool // pause_collection
}

// none is used in place of a record's number where there is no record.
const none = int32(-1)

type item struct {
	price    int32
	sub      int32
	quantity int32 // 0 for a metered price, which has none
}

const (
	trialSpan      = 30 * day
	incompleteSpan = 23 * hour // Stripe: an incomplete subscription expires after 23 hours
)

// subscribe makes about six subscriptions for a hundred charges. It makes fewer
// when the business is so long that renewals would crowd out the orders.
func (b *business) subscribe() {
	r := streamSubscriptions.rand(b.cfg.Seed)
	months := max(1, int((b.tl.to-b.tl.from)/(30*day)))
	n := max(1, min(b.cfg.Charges*6/100, b.cfg.Charges*8/10/months))
	times := b.signUps(b.tl.draw(r, n, 4))
	if at := b.tl.to - hour; at > times[n-1] && b.tl.second == 0 {
		times[n-1] = at // so that one is always incomplete and just signed up
	}
	arrived := 0
	for i, at := range times {
		for arrived < len(b.customers) && b.customers[arrived].created <= at {
			arrived++
		}
		if who, ok := b.pickSubscriber(r, arrived); ok {
			b.addSubscription(r, at, who, i == n-1)
		}
	}
}

// pickSubscriber draws an existing customer in whose currency there is a main
// price.
func (b *business) pickSubscriber(r *rand.Rand, arrived int) (int32, bool) {
	for range 40 {
		who := r.IntN(max(arrived, 1))
		if who >= arrived {
			return 0, false
		}
		if _, ok := b.mainPrice(markets[b.customers[who].market].currency, false); ok {
			return int32(who), true
		}
	}
	return 0, false
}

// mainPrice returns the price of the main product in a currency.
func (b *business) mainPrice(c currency, yearly bool) (int32, bool) {
	for i, pc := range subscriptionCurrencies {
		if pc == c {
			return b.mainPrices[i][btoi(yearly)], true
		}
	}
	return 0, false
}

func btoi(v bool) int {
	if v {
		return 1
	}
	return 0
}

func (b *business) addSubscription(r *rand.Rand, at int64, who int32, last bool) {
	s := subscription{created: at, customer: who, currency: markets[b.customers[who].market].currency, firstItem: int32(len(b.items)), lastCharge: none, yearly: percent(r, 15)}
	c, sub := s.currency, int32(len(b.subs))
	main, _ := b.mainPrice(c, s.yearly)
	if b.cfg.Pricing && sub%3 == 0 {
		main, _ = b.mainPrice(usd, s.yearly) // which has an amount in their currency too
	}
	b.items = append(b.items, item{price: main, sub: sub, quantity: int32(1 + r.IntN(3)/2)})
	if c == usd && !s.yearly {
		for _, add := range r.Perm(len(b.addOns))[:b.extraItems(r)] {
			p := b.addOns[add]
			q := int32(0)
			if !b.prices[p].metered {
				q = b.unitsOf(&b.prices[p], int32(1+r.IntN(5)))
			}
			b.items = append(b.items, item{price: p, sub: sub, quantity: q})
		}
	}
	s.items = int32(len(b.items)) - s.firstItem
	b.decideOutcome(r, &s, last)
	b.customers[who].subscriber = true
	b.customers[who].delinquent = s.status == subPastDue || s.status == subUnpaid
	b.subs = append(b.subs, s)
}

// extraItems draws the number of add-ons of a dollar subscription: mostly none,
// now and then more than the ten items that Stripe embeds in a subscription.
func (b *business) extraItems(r *rand.Rand) int {
	if b.cfg.LongLists && !percent(r, 30) {
		return embeddedItems + r.IntN(len(b.addOns)-embeddedItems+1)
	}
	switch roll := r.IntN(100); {
	case roll < 78:
		return 0
	case roll < 96:
		return 1 + r.IntN(3)
	default:
		return 10 + r.IntN(addOns-9)
	}
}

// decideOutcome decides the state of a subscription at the end of the business.
func (b *business) decideOutcome(r *rand.Rand, s *subscription, last bool) {
	left := b.tl.to - s.created
	roll := r.IntN(100)
	renewed := addMonths(s.created, s.months())+2*hour < b.tl.to
	switch {
	case left < incompleteSpan && (last || roll < 30):
		s.status = subIncomplete
	case left < trialSpan && roll < 35:
		s.status, s.trialEnd = subTrialing, s.created+trialSpan
	case roll < 34:
		b.cancel(r, s)
	case roll < 37 && left > incompleteSpan:
		s.status, s.ended = subExpired, s.created+incompleteSpan
	case roll < 42 && renewed:
		s.status = subPastDue
	case roll < 44 && renewed:
		s.status = subUnpaid
	case roll < 46 && left > trialSpan:
		s.status, s.trialEnd = subPaused, s.created+trialSpan
	default:
		s.leaving, s.onHold = roll < 51, roll >= 51 && roll < 54
		if percent(r, 20) && left > trialSpan {
			s.trialEnd = s.created + trialSpan
		}
	}
}

func (b *business) cancel(r *rand.Rand, s *subscription) {
	at := s.created + hour + r.Int64N(240*day)
	if at >= b.tl.to {
		s.leaving = true
		return
	}
	s.status, s.ended = subCanceled, at
}

// months returns the length of a billing period.
func (s *subscription) months() int {
	if s.yearly {
		return 12
	}
	return 1
}

// firstBilling returns the beginning of the first period that costs money.
func (s *subscription) firstBilling() int64 { return max(s.created, s.trialEnd) }

// period returns the billing period that contains the time at, or the last one
// before.
func (s *subscription) period(at int64) (start, end int64) {
	if s.trialEnd > 0 && at < s.trialEnd {
		return s.created, s.trialEnd
	}
	anchor := s.firstBilling()
	for k := 0; ; k++ {
		end = addMonths(anchor, (k+1)*s.months())
		if end > at {
			return addMonths(anchor, k*s.months()), end
		}
	}
}

// amount returns the amount of an invoice of subscription n at a time, without
// metered usage.
func (b *business) amount(s *subscription, n int, at int64) int64 {
	var sum int64
	for _, it := range b.items[s.firstItem : s.firstItem+s.items] {
		cost, _ := b.cost(it, s.currency)
		sum += cost
	}
	return (b.currentDiscount(s, n, at).applyTo(sum) + 50_000) / 100_000
}
