package stripesim

import (
	"math/rand/v2"
	"slices"
)

// A payout sends what is available to the bank account of one currency.
type payout struct {
	created  int64
	failed   int64 // when the bank returned it; 0 if it did not
	currency currency
	manual   bool // else automatic, and what it holds is known
	instant  bool
	amount   int64
	fee      int64 // of an instant one
}

const week = 7 * day

// manualCurrency is paid out by hand if Config.Wide says so, at times
// instantly.
const manualCurrency = gbp

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
	r := streamPayouts.rand(b.cfg.Seed)
	for w := range weeks {
		for c := range sums {
			b.payWeek(r, w, currency(c), sums[c])
		}
	}
}

func (b *business) payWeek(r *rand.Rand, w int, c currency, sums []int64) {
	at := b.tl.from + int64(w)*week + 6*hour
	if sums[w] <= 0 || at >= b.tl.to {
		if w+1 < len(sums) {
			sums[w+1] += sums[w]
		}
		return
	}
	p := payout{created: at, currency: c, amount: sums[w]}
	if b.cfg.Wide {
		b.decidePayout(r, &p)
	}
	b.txns = append(b.txns, txn{
		created: at, available: (at/day + 1) * day, amount: -p.amount, fee: p.fee,
		source: int32(len(b.payouts)), entry: entryPayout, currency: c,
	})
	if p.failed > 0 {
		b.returnPayout(&p, sums)
	}
	b.payouts = append(b.payouts, p)
}

// decidePayout draws how the money is sent and whether the bank takes it.
func (b *business) decidePayout(r *rand.Rand, p *payout) {
	roll := r.IntN(100)
	if p.manual = p.currency == manualCurrency; p.manual && roll < 25 && p.amount >= 1000 {
		p.instant, p.fee = true, p.amount/101 // about one percent of what arrives
		p.amount -= p.fee
	}
	if failed := p.created + 3*day + hour; roll >= 92 && failed < b.tl.to {
		p.failed = failed
	}
}

// returnPayout books the return of a payout that failed. A later payout sends
// the money again.
func (b *business) returnPayout(p *payout, sums []int64) {
	t := txn{
		created: p.failed, available: (p.failed/day + 1) * day, amount: p.amount,
		source: int32(len(b.payouts)), entry: entryPayoutFailure, currency: p.currency,
	}
	b.txns = append(b.txns, t)
	if w := b.payoutWeek(&t); w < len(sums) {
		sums[w] += t.net()
	}
}

// payoutWeek returns the first week whose payout can contain t.
func (b *business) payoutWeek(t *txn) int {
	return int((t.available - b.tl.from - 6*hour + week - 1) / week)
}

// payoutOf returns the number of the payout that contains t, or none. Stripe:
// it is known only of automatic ones; a payout contains its own transaction.
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
			if b.payouts[i].manual {
				return none
			}
			return int32(i)
		}
	}
	return none
}

// payoutAt returns a payout as of a time.
func (b *business) payoutAt(n int, at int64) payout {
	p := b.payouts[n]
	if p.failed > at {
		p.failed = 0
	}
	return p
}

// Times in the life of a payout.
const (
	payoutSent     = 6 * hour  // pending until then, then in transit
	reconciledSpan = 12 * hour // which is how long Stripe takes to say what an automatic payout holds
)

// arrival returns when a payout is at the bank.
func (p *payout) arrival() int64 {
	if p.instant {
		return p.created + 30*60
	}
	return (p.created/day + 2) * day
}

// reconciledAt returns when it was complete what an automatic payout holds; 0
// for never.
func (b *business) reconciledAt(p *payout) int64 {
	if p.manual {
		return 0
	}
	return b.later(p.created + reconciledSpan)
}

// later returns a time that follows from an object's age, or 0 if it is after
// the end of the invented history: then nothing happens by itself any more.
func (b *business) later(at int64) int64 {
	if at >= b.cfg.To.Unix() || at > b.truncatedAt {
		return 0
	}
	return at
}

// happened reports whether a time, 0 for never, has come.
func happened(at, now int64) bool { return at > 0 && at <= now }

func (b *business) payoutStatus(p *payout, at int64) string {
	switch {
	case p.failed > 0:
		return "failed"
	case happened(b.later(p.arrival()), at):
		return "paid"
	case p.instant || happened(b.later(p.created+payoutSent), at):
		return "in_transit"
	}
	return "pending"
}
