package stripesim

import (
	"cmp"
	"slices"
)

// A Shopper is a customer who paid, in one currency.
type Shopper struct {
	Customer, Currency  string
	First, Last         string // methods of the first and of the last payment
	BeganLater          bool   // the first payment was on credit
	FirstPaid, LastPaid int64  // Unix seconds
	LaterSince          int64  // Unix seconds of the first payment on credit; 0 for none
	Payments, Later     int64  // number of payments, and of those on credit
	Switches            int64  // payments by another method than the previous one
	Basket              Average
	Before              Average // of payments before LaterSince
	Median              Average // of the Baskets of all shoppers in that currency
	AddOns              int64   // running subscriptions
}

// An Average is the average of Of amounts, whose sum is Sum, in minor units.
type Average struct{ Sum, Of int64 }

// Compare compares averages without dividing.
func (a Average) Compare(b Average) int { return cmp.Compare(a.Sum*b.Of, b.Sum*a.Of) }

func (a *Average) add(amount int64) { a.Sum, a.Of = a.Sum+amount, a.Of+1 }

// AboveMedian reports whether the shopper's basket is above the median.
func (s Shopper) AboveMedian() bool { return s.Basket.Compare(s.Median) > 0 }

// Shoppers returns all customers who paid, sorted by id and currency. Of
// several payments in one second the one with the smallest id is the first.
func (l Ledger) Shoppers() []Shopper {
	paid := slices.DeleteFunc(slices.Collect(l.Payments()), func(p Payment) bool { return !p.Sold() || p.Customer == "" })
	slices.SortFunc(paid, func(x, y Payment) int {
		return cmp.Or(cmp.Compare(x.Customer, y.Customer), cmp.Compare(x.Currency, y.Currency), cmp.Compare(x.Created, y.Created), cmp.Compare(x.ID, y.ID))
	})
	addOns := l.addOns()
	var shoppers []Shopper
	for len(paid) > 0 {
		n := 1
		for n < len(paid) && paid[n].Customer == paid[0].Customer && paid[n].Currency == paid[0].Currency {
			n++
		}
		s := shopper(paid[:n])
		s.AddOns = addOns[s.Customer]
		shoppers, paid = append(shoppers, s), paid[n:]
	}
	setMedians(shoppers)
	return shoppers
}

// shopper returns the shopper who made these payments, which are in order.
func shopper(paid []Payment) Shopper {
	first, last := paid[0], paid[len(paid)-1]
	s := Shopper{
		Customer: first.Customer, Currency: first.Currency, First: first.Method, Last: last.Method, BeganLater: first.PaysLater,
		FirstPaid: first.Created, LastPaid: last.Created, Payments: int64(len(paid)),
	}
	for i, p := range paid {
		if i > 0 && p.Method != paid[i-1].Method {
			s.Switches++
		}
		if p.PaysLater {
			s.Later++
			if s.LaterSince == 0 {
				s.LaterSince = p.Created
			}
		}
		s.Basket.add(p.Captured)
	}
	for _, p := range paid {
		if p.Created < s.LaterSince {
			s.Before.add(p.Captured)
		}
	}
	return s
}

// addOns returns the number of running subscriptions of each customer.
func (l Ledger) addOns() map[string]int64 {
	running := map[string]int64{}
	for s := range l.Subscriptions() {
		if s.Status == "active" || s.Status == "trialing" || s.Status == "past_due" {
			running[s.Customer]++
		}
	}
	return running
}

// setMedians sets the median of each shopper's currency: for an even number of
// baskets, half-way between the middle two.
func setMedians(shoppers []Shopper) {
	baskets := map[string][]Average{}
	for _, s := range shoppers {
		baskets[s.Currency] = append(baskets[s.Currency], s.Basket)
	}
	medians := map[string]Average{}
	for currency, all := range baskets {
		slices.SortFunc(all, Average.Compare)
		low, high := all[(len(all)-1)/2], all[len(all)/2]
		medians[currency] = Average{low.Sum*high.Of + high.Sum*low.Of, 2 * low.Of * high.Of}
	}
	for i := range shoppers {
		shoppers[i].Median = medians[shoppers[i].Currency]
	}
}
