package stripesim

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// A priceScheme is how a price turns a quantity into an amount.
type priceScheme uint8

const (
	schemeFlat     priceScheme = iota // unit_amount is set
	schemeFraction                    // less than a minor unit: only unit_amount_decimal is set
	schemeTiered                      // the amounts are in the tiers, which a list does not show
	schemeCustom                      // the customer chooses the amount
)

type price struct {
	created     int64
	deactivated int64  // when a mutation deactivated it; 0 for none
	deleted     int64  // 0 if not deleted
	amount      int64  // minor units; with schemeFraction, hundredths of one
	interval    string // "" for a one-off price
	product     int32
	currency    currency
	scheme      priceScheme
	metered     bool
	active      bool

	packageOf  int64 // units sold as one; 0 for none
	roundsDown bool  // else up
	options    bool  // sold in all subscription currencies
}

func (p *price) recurring() bool { return p.interval != "" }

// subscriptionCurrencies are the currencies in which subscriptions are sold.
var subscriptionCurrencies = [...]currency{usd, eur, gbp, aud, jpy}

// addOns returns the number of dollar add-ons in the catalogue.
func (c Config) addOns() int {
	if c.LongLists {
		return 2 * addOns
	}
	return addOns
}

// mainPriceTag is the monthly price of the first product, in US cents.
const (
	mainPriceTag = 1900
	addOns       = 12 // US dollar add-ons, so that a subscription can have more than ten items
	pricesMost   = 400
)

// newPrices invents the catalogue. The main prices and the add-ons exist from
// the first second, in groups of the same second, as a script would create
// them.
func newPrices(cfg Config, tl timeline) []price {
	r := streamPrices.rand(cfg.Seed)
	var prices []price
	for i, c := range subscriptionCurrencies {
		at := tl.from + int64(i/3)
		options := cfg.Pricing && c == usd
		prices = append(prices,
			price{created: at, amount: c.fromUSD(mainPriceTag), interval: "month", currency: c, active: true, options: options},
			price{created: at, amount: c.fromUSD(mainPriceTag * 10), interval: "year", currency: c, active: true, options: options})
	}
	for i := range cfg.addOns() {
		addOn := newAddOn(tl.from+5+int64(i/4), i)
		if cfg.Pricing {
			addOn.vary(i)
		}
		prices = append(prices, addOn)
	}
	n := min(max(24, 24+cfg.Charges/600), pricesMost) + cfg.addOns() - addOns
	for _, at := range tl.draw(r, n-len(prices), 10) {
		prices = append(prices, newPrice(r, at, len(prices), cfg.addOns()-addOns))
	}
	slices.SortStableFunc(prices, func(a, b price) int { return cmp.Compare(a.created, b.created) })
	return prices
}

// newAddOn returns a small extra to the dollar plan. Every fourth is metered
// and costs less than a cent.
func newAddOn(at int64, i int) price {
	p := price{created: at, amount: int64(200 + 100*i), interval: "month", product: int32(1 + i), active: true}
	if i%4 == 3 {
		p.amount, p.scheme, p.metered = int64(10+i), schemeFraction, true
	}
	return p
}

// newPrice returns a random price. more is the number of add-ons above the
// usual one; each has a product of its own.
func newPrice(r *rand.Rand, at int64, n, more int) price {
	c := currency(r.IntN(len(currencies)))
	p := price{
		created: at, currency: c, product: int32(1 + n/2 + more), active: !percent(r, 25),
		amount: c.fromUSD(int64(900 + 1000*r.IntN(40))),
	}
	switch r.IntN(8) {
	case 0:
		p.interval, p.scheme = "month", schemeTiered
	case 1:
		p.interval = "week"
	case 2:
		p.interval = "month"
	case 3:
		p.scheme = schemeCustom
	}
	return p
}
