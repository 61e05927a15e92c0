package stripesim

import (
	"cmp"
	"slices"
)

// An entry is the reason why money moved.
type entry uint8

const (
	entryCharge          entry = iota
	entryCaptureReversal       // the part of an authorisation that was not captured
	entryRelease               // the same, booked for the Refund that a release makes
	entryRefund
	entryRefundFailure
	entryDispute
	entryDisputeReversal
	entryPayout
	entryPayoutFailure
	entryTransfer
	entryTransferReversal
	entryApplicationFee
	entryApplicationFeeRefund
)

// source returns the kind of record that moved the money.
func (e entry) source() idKind {
	switch e {
	case entryRelease, entryRefund, entryRefundFailure:
		return idRefund
	case entryDispute, entryDisputeReversal:
		return idDispute
	case entryPayout, entryPayoutFailure:
		return idPayout
	case entryTransfer, entryTransferReversal:
		return idTransfer
	case entryApplicationFee, entryApplicationFeeRefund:
		return idApplicationFee
	}
	return idCharge
}

// A txn is a balance transaction. Its net is always the amount less the fees,
// so it is not stored.
type txn struct {
	created   int64
	available int64
	amount    int64 // minor units of currency, the settlement currency
	fee       int64 // Stripe's processing fee; negative when it is returned
	fxFee     int64 // Stripe's fee for converting
	rate      int64 // millionths; 0 without conversion
	source    int32 // number of a charge, refund, dispute or payout, depending on entry
	entry     entry
	currency  currency
}

func (t *txn) fees() int64 { return t.fee + t.fxFee }
func (t *txn) net() int64  { return t.amount - t.fees() }

const (
	fixedFee = 30  // minor units of the settlement currency, for each payment
	fxFeePct = 100 // hundredths of a percent of what was converted
	feeUnit  = 10_000
)

// A bookkeeper appends balance transactions, in no order of time.
type bookkeeper struct {
	b                 *business
	feesReturnedUntil int64 // refunds before this time return the fee, as Stripe did once
}

// bookAll appends the balance transactions of the whole business and sorts
// them.
func (b *business) bookAll() {
	book := bookkeeper{b: b, feesReturnedUntil: b.tl.from + (b.tl.to-b.tl.from)/5}
	b.txns = make([]txn, 0, len(b.charges)+2*len(b.refunds)+2*len(b.disputes))
	for n := range b.charges {
		book.enterCharge(int32(n))
	}
	for n := range b.refunds {
		book.enterRefund(int32(n))
	}
	for n := range b.disputes {
		book.enterDispute(int32(n))
	}
	for n := range b.transfers {
		book.enterTransfer(int32(n))
	}
	for n := range b.fees {
		book.enterApplicationFee(int32(n))
	}
	b.payOut()
	slices.SortFunc(b.txns, func(x, y txn) int {
		return cmp.Or(cmp.Compare(x.created, y.created), cmp.Compare(x.entry, y.entry), cmp.Compare(x.source, y.source))
	})
	b.linkTxns()
}

// enter books an amount of a payment's currency. It converts the amount, and
// with it the fees, at the rate of the day. As with Stripe, a refund therefore
// need not cancel its charge.
func (k *bookkeeper) enter(e entry, source int32, at int64, c *charge, amount, feeOf int64) {
	rate := k.b.fx.at(c.currency, at)
	t := txn{
		created: at, available: available(at, c.method), amount: convert(amount, rate), rate: rate,
		source: source, entry: e, currency: currencies[c.currency].settles,
	}
	if feeOf != 0 {
		t.fee = k.fee(c, convert(feeOf, rate))
		if rate != 0 {
			t.fxFee = share100(convert(feeOf, rate), fxFeePct)
		}
	}
	k.b.txns = append(k.b.txns, t)
}

// fee returns the payment method's share of an amount in the settlement
// currency. It has the amount's sign.
func (k *bookkeeper) fee(c *charge, amount int64) int64 {
	pct := providers[c.method].feePct
	if pct == 0 {
		pct = currencies[c.currency].feePct
	}
	return share100(amount, pct)
}

// share100 returns pct hundredths of a percent of an amount, rounded half away
// from zero.
func share100(amount, pct int64) int64 {
	if amount < 0 {
		return -share100(-amount, pct)
	}
	return (amount*pct + feeUnit/2) / feeUnit
}

// enterCharge books a captured or pending charge. Stripe: a charge that failed
// or was not captured has no entry. A partial capture has two: one of the whole
// authorisation, and a reversal of the rest, whose type is that of a refund.
// From API version 2025-03-31.basil on it has one, of the amount that was
// captured.
func (k *bookkeeper) enterCharge(n int32) {
	c := &k.b.charges[n]
	if c.state != chargePaid && c.state != chargePending {
		return
	}
	at := max(c.created, c.capture)
	whole := c.amount
	if !k.b.cfg.CapturesSince.IsZero() && !k.b.refundsReleases(at) {
		whole = c.captured
	}
	k.enter(entryCharge, n, at, c, whole, whole)
	k.b.txns[len(k.b.txns)-1].fee += fixedFee
	if c.captured < whole && c.released == 0 {
		k.enter(entryCaptureReversal, n, at, c, c.captured-c.amount, c.captured-c.amount)
	}
}

// enterRefund books the money that a refund took, and its return if the refund
// failed. Stripe: a pending refund may have no entry yet, and the release of an
// authorisation never has one.
func (k *bookkeeper) enterRefund(n int32) {
	f := &k.b.refunds[n]
	c := &k.b.charges[f.charge]
	if f.reason == refundExpired || f.status == refundPending && n%2 == 0 {
		return
	}
	if f.reason == refundReleased {
		k.enter(entryRelease, n, f.created, c, -f.amount, -f.amount)
		return
	}
	feeOf := int64(0)
	if f.created < k.feesReturnedUntil {
		feeOf = -f.amount
	}
	k.enter(entryRefund, n, f.created, c, -f.amount, feeOf)
	if f.failed > 0 {
		k.enter(entryRefundFailure, n, f.failed, c, f.amount, -feeOf)
	}
}

func (k *bookkeeper) enterDispute(n int32) {
	d := &k.b.disputes[n]
	if d.inquiry {
		return
	}
	c := &k.b.charges[d.charge]
	k.enter(entryDispute, n, d.created, c, -d.amount, 0)
	k.b.txns[len(k.b.txns)-1].fee = disputeFee
	if d.closed > 0 && d.won {
		k.enter(entryDisputeReversal, n, d.closed, c, d.amount, 0)
		if !k.b.keepsFee(n) {
			k.b.txns[len(k.b.txns)-1].fee = -disputeFee
		}
	}
}

// available returns midnight UTC two to five days later. Providers settle later
// than cards.
func available(at int64, m method) int64 {
	days := int64(2)
	if m.bnpl() {
		days = 5
	}
	return (at/day + days) * day
}

// linkTxns stores in charges and refunds the numbers of their balance
// transactions. Stripe: charge.balance_transaction names only the first of
// them.
func (b *business) linkTxns() {
	for n := range b.txns {
		t := &b.txns[n]
		switch t.entry {
		case entryCharge:
			b.charges[t.source].txn = int32(n)
		case entryRefund, entryRelease:
			b.refunds[t.source].txn = int32(n)
		case entryRefundFailure:
			b.refunds[t.source].back = int32(n)
		}
	}
}
