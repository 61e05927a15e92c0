package stripesim

import (
	"cmp"
	"math"
	"slices"
	"sync/atomic"
)

// A business is the whole truth, as compact records. Each slice is sorted by
// created, oldest first. The number of a record is its index, and records refer
// to each other by number. After build only mutations change it (mutation.go).
type business struct {
	cfg         Config
	tl          timeline
	plan        timeline // tl as it was before mutations, for what is derived later
	ids         identity
	fx          rates
	cardYear    int64                                 // the earliest year in which cards expire
	mainPrices  [len(subscriptionCurrencies)][2]int32 // monthly, yearly
	addOns      []int32
	truncatedAt int64 // when the first mutation ended the invented history; else math.MaxInt64
	renews      int64 // the last second in which subscriptions renew by themselves

	prices    []price
	customers []customer
	subs      []subscription
	items     []item
	charges   []charge
	refunds   []refund
	disputes  []dispute
	payouts   []payout
	transfers []transfer
	fees      []applicationFee
	txns      []txn

	further   further
	edits     map[record][]int64 // the times of explicit updates, which change only metadata.revision
	indexes   atomic.Pointer[indexes]
	changelog atomic.Pointer[changelog]
}

// build runs the business from its first second to its last.
func build(cfg Config) *business {
	tl := newTimeline(cfg.From, cfg.To, cfg.Shape)
	b := &business{
		cfg: cfg, tl: tl, plan: tl, truncatedAt: math.MaxInt64, renews: tl.to - 1, ids: newIdentity(cfg.Seed), cardYear: int64(cfg.To.UTC().Year()), fx: newRates(cfg.Seed, tl),
		prices: newPrices(cfg, tl), customers: newCustomers(cfg, tl),
	}
	b.findMainPrices()
	b.subscribe()
	bills := b.bill()
	b.merge(bills, b.order(cfg.Charges-len(bills)))
	r := streamAfterwards.rand(cfg.Seed)
	b.makeRefunds(r)
	b.dispute(r)
	b.inquire()
	b.makeTransfers()
	b.collectFees()
	b.bookAll()
	b.deleteCustomers()
	b.further = b.deriveFurther()
	return b
}

// findMainPrices finds the prices that subscriptions are made of.
func (b *business) findMainPrices() {
	b.addOns = make([]int32, b.cfg.addOns())
	for n := range b.prices {
		p := &b.prices[n]
		switch {
		case p.product == 0:
			i := slices.Index(subscriptionCurrencies[:], p.currency)
			b.mainPrices[i][btoi(p.interval == "year")] = int32(n)
		case int(p.product) <= len(b.addOns) && b.addOns[p.product-1] == 0: // further prices of the product are no add-ons
			b.addOns[p.product-1] = int32(n)
		}
	}
}

// byCreated sorts records by created, stably.
func byCreated[T any](records []T, created func(*T) int64) {
	slices.SortStableFunc(records, func(x, y T) int { return cmp.Compare(created(&x), created(&y)) })
}
