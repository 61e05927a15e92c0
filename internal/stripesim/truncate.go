package stripesim

import "sort"

// truncate ends the invented history at a time: records created later are
// dropped, and every other record gets its state of that time.
func (b *business) truncate(at int64) {
	subs := statesAt(b.subs, at, func(s *subscription) int64 { return s.created }, b.subAt)
	charges := statesAt(b.charges, at, func(c *charge) int64 { return c.created }, b.chargeAt)
	refunds := statesAt(b.refunds, at, func(f *refund) int64 { return f.created }, b.refundAt)
	disputes := statesAt(b.disputes, at, func(d *dispute) int64 { return d.created }, b.disputeAt)
	customers := statesAt(b.customers, at, func(c *customer) int64 { return c.created }, b.customerAt)
	payouts := statesAt(b.payouts, at, func(p *payout) int64 { return p.created }, b.payoutAt)
	transfers := statesAt(b.transfers, at, func(t *transfer) int64 { return t.created }, b.transferAt)
	fees := statesAt(b.fees, at, func(f *applicationFee) int64 { return f.created }, b.applicationFeeAt)
	prices := statesAt(b.prices, at, func(p *price) int64 { return p.created }, b.priceAt)
	// Replace the records only now: all new states are derived from the old
	// records.
	b.subs, b.charges, b.refunds, b.disputes, b.customers, b.prices = subs, charges, refunds, disputes, customers, prices
	b.txns = b.txns[:countUntil(b.txns, at, func(t *txn) int64 { return t.created })]
	b.payouts, b.transfers, b.fees = payouts, transfers, fees
	if len(b.subs) > 0 {
		last := b.subs[len(b.subs)-1]
		b.items = b.items[:last.firstItem+last.items]
	} else {
		b.items = nil
	}
	b.truncatedAt, b.renews, b.tl.to = at, min(at, b.renews), at+1
	b.findMainPrices()
}

// countUntil returns the number of records that exist at a time.
func countUntil[T any](records []T, at int64, created func(*T) int64) int {
	return sort.Search(len(records), func(n int) bool { return created(&records[n]) > at })
}

func statesAt[T any](records []T, at int64, created func(*T) int64, state func(n int, at int64) T) []T {
	states := make([]T, countUntil(records, at, created))
	for n := range states {
		states[n] = state(n, at)
	}
	return states
}
