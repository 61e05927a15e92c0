package stripesim

import "iter"

// A Ledger is the truth about a server's objects as of [Server.Now], for a test
// to compare with. Faults, limits and lag never change it. Records come oldest
// first. The ledger of a server from files has no records, only ids and bytes.
// A loop sees one moment even while the clock runs; mutate the business between
// loops, not inside them.
type Ledger struct{ s *Server }

// Ledger returns the truth.
func (s *Server) Ledger() Ledger { return Ledger{s} }

// Count returns the number of distinct objects of a resource, named as in the
// path, without the deleted ones.
func (l Ledger) Count(resource string) int {
	count := 0
	for range l.numbers(resource) {
		count++
	}
	return count
}

// IDs yields the ids of a resource, each once; "" for an object without one.
func (l Ledger) IDs(resource string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for n, seen := range l.numbers(resource) {
			if !yield(string(seen.res.appendID(nil, n))) {
				return
			}
		}
	}
}

// Raw yields the id and the JSON of every object of a resource that exists.
func (l Ledger) Raw(resource string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for n, seen := range l.numbers(resource) {
			if !yield(string(seen.res.appendID(nil, n)), l.json(seen, n, seen.at)) {
				return
			}
		}
	}
}

// Deleted yields the id of every object of a resource that is deleted, and its
// JSON in the second before. Only customers, prices and coupons can
// be.
func (l Ledger) Deleted(resource string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		if l.s.business == nil {
			return
		}
		seen := l.observe(resource)
		if seen.res.deleted == nil {
			return
		}
		for n := range seen.res.count {
			at := l.deleted(resource, n)
			if at == 0 || at > seen.at {
				continue
			}
			if !yield(string(seen.res.appendID(nil, n)), l.json(seen, n, at-1)) {
				return
			}
		}
	}
}

// deleted returns when an object was deleted, or 0.
func (l Ledger) deleted(resource string, n int) int64 {
	l.s.state.RLock()
	defer l.s.state.RUnlock()
	switch resource {
	case "prices":
		return l.s.business.prices[n].deleted
	case "coupons":
		return l.s.business.withdrawnAt(n)
	}
	return l.s.business.customers[n].deleted
}

// An observation is a resource at one moment.
type observation struct {
	moment
	res resource
}

func (l Ledger) observe(name string) observation {
	l.s.state.RLock()
	defer l.s.state.RUnlock()
	seen := observation{moment: l.s.moment()}
	if res := l.s.resource(name); res != nil {
		seen.res = *res
	}
	return seen
}

// numbers yields the objects that exist at one moment.
func (l Ledger) numbers(name string) iter.Seq2[int, observation] {
	return func(yield func(int, observation) bool) {
		seen := l.observe(name)
		for n := range seen.res.count {
			if l.contains(seen, n) && !yield(n, seen) {
				return
			}
		}
	}
}

// contains reports whether object n exists at the moment and was not removed by
// a mutation since.
func (l Ledger) contains(seen observation, n int) bool {
	l.s.state.RLock()
	defer l.s.state.RUnlock()
	return n < l.s.resource(seen.res.name).count && seen.res.created(n) <= seen.exists && (seen.res.deleted == nil || !seen.res.deleted(n, seen.at))
}

func (l Ledger) json(seen observation, n int, at int64) []byte {
	l.s.state.RLock()
	defer l.s.state.RUnlock()
	return seen.res.json(n, at)
}

// A Charge is the ledger's record of a charge. Amounts are in minor units of
// Currency.
type Charge struct {
	ID, Customer, PaymentIntent, BalanceTransaction string // "" for null
	Created                                         int64  // Unix seconds
	Amount, Captured, Refunded                      int64
	Released                                        int64 // the rest of a partial capture, if Stripe counts it as refunded too
	Currency                                        string
	Status                                          string // succeeded, pending or failed
	Method                                          string // payment_method_details.type
	Category                                        string // of Klarna
	BNPL                                            bool   // Method is buy now, pay later
	IsCaptured, IsRefunded, IsDisputed              bool
}

// A Refund is the ledger's record of a refund. Amount is in minor units of
// Currency.
type Refund struct {
	ID, Charge, BalanceTransaction, FailureBalanceTransaction string
	Created, Amount                                           int64
	Currency, Status, Reason                                  string
	IsRelease                                                 bool // it releases what was not captured; no money moved
}

// A BalanceTransaction is the ledger's record of a balance transaction. Amounts
// are in minor units of Currency.
type BalanceTransaction struct {
	ID, Source, Payout               string
	Created, AvailableOn             int64
	Amount, Fee, Net                 int64
	Currency, Type, Category, Status string
	RateMillionths                   int64 // exchange_rate × 1,000,000; 0 for null
}

// A Subscription is the ledger's record of a subscription.
type Subscription struct {
	ID, Customer, Status, Currency string
	Created, Ended                 int64 // Ended is 0 while it runs
	Items                          []SubscriptionItem
}

// A SubscriptionItem is one line of a subscription. Quantity is 0 where the
// item has none.
type SubscriptionItem struct {
	ID, Price string
	Quantity  int64
}

// A Customer is the ledger's record of a customer.
type Customer struct {
	ID, Email, Country string
	Created            int64
}

// A Price is the ledger's record of a price. UnitAmount is in minor units of
// Currency and is valid only if HasUnitAmount.
type Price struct {
	ID, Product, Currency, Type, Interval string
	Created, UnitAmount                   int64
	HasUnitAmount, Active                 bool
}

// records yields get's record of each existing object of a resource.
func records[T any](l Ledger, name string, get func(b *business, n int, at int64) T) iter.Seq[T] {
	return func(yield func(T) bool) {
		if l.s.business == nil {
			return
		}
		for n, seen := range l.numbers(name) {
			l.s.state.RLock()
			r := get(l.s.business, n, seen.at)
			l.s.state.RUnlock()
			if !yield(r) {
				return
			}
		}
	}
}

// Charges yields every charge.
func (l Ledger) Charges() iter.Seq[Charge] { return records(l, "charges", (*business).chargeRecord) }

// Refunds yields every refund.
func (l Ledger) Refunds() iter.Seq[Refund] { return records(l, "refunds", (*business).refundRecord) }

// BalanceTransactions yields every balance transaction.
func (l Ledger) BalanceTransactions() iter.Seq[BalanceTransaction] {
	return records(l, "balance_transactions", (*business).txnRecord)
}

// Subscriptions yields every subscription with all its items.
func (l Ledger) Subscriptions() iter.Seq[Subscription] {
	return records(l, "subscriptions", (*business).subscriptionRecord)
}

// Customers yields every customer that is not deleted.
func (l Ledger) Customers() iter.Seq[Customer] {
	return records(l, "customers", (*business).customerRecord)
}

// Prices yields every price.
func (l Ledger) Prices() iter.Seq[Price] { return records(l, "prices", (*business).priceRecord) }
