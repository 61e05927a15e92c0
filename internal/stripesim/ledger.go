package stripesim

import "iter"

// A Ledger is the truth about a server's objects, for a test to compare with.
// It shows everything, whatever SetNow hides. Records come oldest first; those
// of a server from files are empty, which has ids and bytes only.
type Ledger struct{ s *Server }

// Ledger returns the truth.
func (s *Server) Ledger() Ledger { return Ledger{s} }

// Count is the number of distinct objects of a resource, named as in the path.
func (l Ledger) Count(resource string) int {
	return l.resource(resource).count
}

// resource is empty for an unknown name.
func (l Ledger) resource(name string) *resource {
	if res := l.s.resource(name); res != nil {
		return res
	}
	return &resource{}
}

// IDs yields the ids of a resource, each once; "" for an object without one.
func (l Ledger) IDs(resource string) iter.Seq[string] {
	return func(yield func(string) bool) {
		res := l.resource(resource)
		for n := range res.count {
			if !yield(string(res.appendID(nil, n))) {
				return
			}
		}
	}
}

// Raw yields the id and the current JSON of every object of a resource.
func (l Ledger) Raw(resource string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		res := l.resource(resource)
		for n := range res.count {
			if !yield(string(res.appendID(nil, n)), res.json(n)) {
				return
			}
		}
	}
}

// A Charge is what the ledger knows of one. Amounts are in minor units of
// Currency.
type Charge struct {
	ID, Customer, PaymentIntent, BalanceTransaction string // "" for null
	Created                                         int64  // Unix seconds
	Amount, Captured, Refunded                      int64
	Currency                                        string
	Status                                          string // succeeded, pending or failed
	Method                                          string // payment_method_details.type
	Category                                        string // of Klarna
	BNPL                                            bool   // Method is buy now, pay later
	IsCaptured, IsRefunded, IsDisputed              bool
}

// A Refund is what the ledger knows of one. Amount is in minor units of
// Currency.
type Refund struct {
	ID, Charge, BalanceTransaction, FailureBalanceTransaction string
	Created, Amount                                           int64
	Currency, Status, Reason                                  string
}

// A BalanceTransaction is what the ledger knows of one. Amounts are in minor
// units of Currency.
type BalanceTransaction struct {
	ID, Source, Payout               string
	Created, AvailableOn             int64
	Amount, Fee, Net                 int64
	Currency, Type, Category, Status string
	RateMillionths                   int64 // exchange_rate × 1,000,000; 0 for null
}

// A Subscription is what the ledger knows of one.
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

// A Customer is what the ledger knows of one.
type Customer struct {
	ID, Email, Country string
	Created            int64
}

// A Price is what the ledger knows of one. UnitAmount is in minor units of
// Currency and counts only if HasUnitAmount.
type Price struct {
	ID, Product, Currency, Type, Interval string
	Created, UnitAmount                   int64
	HasUnitAmount, Active                 bool
}

// records yields what get makes of the numbers 0 to count-1.
func records[T any](count int, get func(n int) T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for n := range count {
			if !yield(get(n)) {
				return
			}
		}
	}
}

// truth is an empty business for a server from files.
func (l Ledger) truth() *business {
	if l.s.business == nil {
		return &business{}
	}
	return l.s.business
}

// Charges yields every charge.
func (l Ledger) Charges() iter.Seq[Charge] {
	b := l.truth()
	return records(len(b.charges), b.chargeRecord)
}

// Refunds yields every refund.
func (l Ledger) Refunds() iter.Seq[Refund] {
	b := l.truth()
	return records(len(b.refunds), b.refundRecord)
}

// BalanceTransactions yields every balance transaction.
func (l Ledger) BalanceTransactions() iter.Seq[BalanceTransaction] {
	b := l.truth()
	return records(len(b.txns), b.txnRecord)
}

// Subscriptions yields every subscription with all its items.
func (l Ledger) Subscriptions() iter.Seq[Subscription] {
	b := l.truth()
	return records(len(b.subs), b.subscriptionRecord)
}

// Customers yields every customer.
func (l Ledger) Customers() iter.Seq[Customer] {
	b := l.truth()
	return records(len(b.customers), b.customerRecord)
}

// Prices yields every price.
func (l Ledger) Prices() iter.Seq[Price] {
	b := l.truth()
	return records(len(b.prices), b.priceRecord)
}
