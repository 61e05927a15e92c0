package stripesim

// A resource is one list of objects, oldest first: object n was created no
// later than object n+1. It is a struct of funcs so that invented and recorded
// objects are listed by the same code.
type resource struct {
	name         string // as in the path: charges
	object       string // as in the object: charge
	count        int
	params       []param
	timeless     bool                         // created is not a filter of it
	created      func(n int) int64            // Unix seconds; noCreated for an object without one
	render       func(w *writer, n int)       // one JSON value
	appendID     func(b []byte, n int) []byte // appends nothing for an object without one
	find         func(id string) (int, bool)
	match        func(p, value string, at int64) (matcher, bool) // returns false if value names an object that does not exist
	deleted      func(n int, at int64) bool                      // whether n is deleted at at; nil if nothing ever is
	stubs        bool                                            // a deleted object is a stub by its id, not a 404
	matchAny     func(types []string) matcher                    // of events
	expands      []string                                        // what expand may name
	oldest       int64                                           // an older object has expired; 0 if none ever does
	since        string                                          // the first API version that has it; "" for all
	createdSince string                                          // the first API version in which created is a filter of it; "" for all
	below        map[string]func(n int) *resource                // the lists below an object, by their name in the path
}

// noCreated is the created of an object without one. It is older than
// everything, so such an object is listed last, inside every upper bound and
// outside every lower one.
const noCreated = -1 << 63

// A matcher reports whether object n passes a filter.
type matcher func(n int) bool

// resources returns the lists of the business, in the order of resourceNames.
func (b *business) resources() []resource {
	return []resource{
		{
			name: "balance_transactions", params: paramsOf("balance_transactions"), object: "balance_transaction", count: len(b.txns), render: b.renderTxn,
			created: func(n int) int64 { return b.txns[n].created }, appendID: b.appendTxnID,
			find: b.findTxn, match: b.matchTxn,
		},
		{
			name: "charges", params: paramsOf("charges"), object: "charge", count: len(b.charges), render: b.renderCharge,
			created: func(n int) int64 { return b.charges[n].created }, appendID: b.appendChargeID,
			find: b.findCharge, match: b.matchCharge, expands: expandsOf["charges"],
		},
		{
			name: "customers", params: paramsOf("customers"), object: "customer", count: len(b.customers), render: b.renderCustomer,
			created: func(n int) int64 { return b.customers[n].created }, appendID: b.appendCustomerID,
			find: b.findCustomer, match: b.matchCustomer, deleted: b.isCustomerDeleted, stubs: true, expands: expandsOf["customers"],
		},
		{
			name: "prices", params: paramsOf("prices"), object: "price", count: len(b.prices), render: b.renderPrice,
			created: func(n int) int64 { return b.prices[n].created }, appendID: b.appendPriceID,
			find: b.findPrice, match: b.matchPrice, deleted: b.isPriceDeleted, expands: expandsOf["prices"],
		},
		{
			name: "refunds", params: paramsOf("refunds"), object: "refund", count: len(b.refunds), render: b.renderRefund,
			created: func(n int) int64 { return b.refunds[n].created }, appendID: b.appendRefundID,
			find: b.findRefund, match: b.matchRefund,
		},
		{
			name: "subscriptions", params: paramsOf("subscriptions"), object: "subscription", count: len(b.subs), render: b.renderSubscription,
			created: func(n int) int64 { return b.subs[n].created }, appendID: b.appendSubscriptionID,
			find: b.findSubscription, match: b.matchSubscription, expands: expandsOf["subscriptions"],
		},
	}
}

// isNotFound reports whether an object is deleted at a time and has no stub
// either.
func (res *resource) isNotFound(n int, at int64) bool {
	return res.deleted != nil && !res.stubs && res.deleted(n, at)
}

func (b *business) findTxn(id string) (int, bool) {
	return b.find(idTxn, b.appendTxnID, len(b.txns), id)
}

func (b *business) findCharge(id string) (int, bool) {
	return b.find(idCharge, b.appendChargeID, len(b.charges), id)
}

// findIntent finds the charge that a payment intent made.
func (b *business) findIntent(id string) (int, bool) {
	n, ok := b.find(idIntent, b.appendIntentID, len(b.charges), id)
	return n, ok && b.intentOf(int32(n)) != none
}

func (b *business) findCustomer(id string) (int, bool) {
	return b.find(idCustomer, b.appendCustomerID, len(b.customers), id)
}

func (b *business) findPrice(id string) (int, bool) {
	return b.find(idPrice, b.appendPriceID, len(b.prices), id)
}

func (b *business) findRefund(id string) (int, bool) {
	return b.find(idRefund, b.appendRefundID, len(b.refunds), id)
}

func (b *business) findSubscription(id string) (int, bool) {
	return b.find(idSubscription, b.appendSubscriptionID, len(b.subs), id)
}

func (b *business) findPayout(id string) (int, bool) {
	return b.find(idPayout, b.appendPayoutID, len(b.payouts), id)
}

func (b *business) findItem(id string) (int, bool) {
	return b.find(idItem, b.appendItemID, len(b.items), id)
}
