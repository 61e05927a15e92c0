package stripesim

import "slices"

// A payout sends what is available to the bank account of one currency.
type payout struct {
	created  int64
	currency currency
	amount   int64
}

const week = 7 * day

// payOut makes a payout every week, in each settlement currency, of what became
// available since the last one. A week that lost money is settled in the next
// one.
func (b *business) payOut() {
	weeks := int((b.tl.to-b.tl.from)/week) + 1
	var sums [len(currencies)][]int64
	for c := range sums {
		sums[c] = make([]int64, weeks)
	}
	for n := range b.txns {
		if w := b.payoutWeek(&b.txns[n]); w < weeks {
			sums[b.txns[n].currency][w] += b.txns[n].net()
		}
	}
	for w := range weeks {
		for c := range sums {
			b.payWeek(w, currency(c), sums[c])
		}
	}
}

func (b *business) payWeek(w int, c currency, sums []int64) {
	at := b.tl.from + int64(w)*week + 6*hour
	if sums[w] <= 0 || at >= b.tl.to {
		if w+1 < len(sums) {
			sums[w+1] += sums[w]
		}
		return
	}
	b.txns = append(b.txns, txn{
		created: at, available: (at/day + 1) * day, amount: -sums[w],
		source: int32(len(b.payouts)), entry: entryPayout, currency: c,
	})
	b.payouts = append(b.payouts, payout{created: at, currency: c, amount: sums[w]})
}

// payoutWeek returns the first week whose payout can contain t.
func (b *business) payoutWeek(t *txn) int {
	return int((t.available - b.tl.from - 6*hour + week - 1) / week)
}

// payoutOf returns the number of the payout that contains t, or none.
func (b *business) payoutOf(t *txn) int32 {
	if t.entry == entryPayout {
		return t.source
	}
	earliest := b.tl.from + int64(b.payoutWeek(t))*week + 6*hour
	i, _ := slices.BinarySearchFunc(b.payouts, earliest, func(p payout, at int64) int {
		if p.created < at {
			return -1
		}
		return 1
	})
	for ; i < len(b.payouts); i++ {
		if b.payouts[i].currency == t.currency {
			return int32(i)
		}
	}
	return none
}
