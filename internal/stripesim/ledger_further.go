package stripesim

import "iter"

// A Dispute is the ledger's record of a dispute. Amount is in minor units of
// Currency, the sums of its balance transactions in those of SettledIn.
type Dispute struct {
	ID, Charge, PaymentIntent string
	Created, Closed, Amount   int64 // Closed is 0 while it is open
	Currency, Status, Reason  string
	IsInquiry                 bool     // no money moved
	BalanceTransactions       []string // oldest first
	SettledIn                 string   // "" of an inquiry
	Moved, Fee, Net           int64    // 0 in all of a dispute that was won and gave its fee back, except for rates
}

// Disputes yields every dispute, inquiries too.
func (l Ledger) Disputes() iter.Seq[Dispute] {
	return records(l, "disputes", (*business).disputeRecord)
}

func (b *business) disputeRecord(n int, at int64) Dispute {
	d := b.disputeAt(n, at)
	r := Dispute{
		ID: namer(b.appendDisputeID).name(int32(n)), Charge: namer(b.appendChargeID).name(d.charge),
		PaymentIntent: namer(b.appendIntentID).name(b.intentOf(d.charge)),
		Created:       d.created, Closed: d.closed, Amount: d.amount, Currency: b.charges[d.charge].currency.String(),
		Status: d.status(b.evidenceAt(&d, n, at)), Reason: b.disputeReason(n), IsInquiry: d.inquiry,
	}
	for _, k := range b.movedUntil(idDispute, n, at) {
		t := &b.txns[k]
		r.BalanceTransactions = append(r.BalanceTransactions, namer(b.appendTxnID).name(k))
		r.SettledIn, r.Moved, r.Fee, r.Net = t.currency.String(), r.Moved+t.amount, r.Fee+t.fees(), r.Net+t.net()
	}
	return r
}

// A Payout is the ledger's record of a payout. Amounts are in minor units of
// Currency. What an automatic payout holds are the balance transactions that
// name it: the sum of their Net, without its own, is its Amount. Of a manual
// one nobody knows.
type Payout struct {
	ID, BalanceTransaction, FailureBalanceTransaction string // "" for none
	Created, Arrival, Failed                          int64  // Failed is 0 if it has not
	Amount, Fee                                       int64  // Fee is not in Amount
	Currency, Status, Method                          string
	IsAutomatic, IsReconciled                         bool
}

// Payouts yields every payout.
func (l Ledger) Payouts() iter.Seq[Payout] { return records(l, "payouts", (*business).payoutRecord) }

func (b *business) payoutRecord(n int, at int64) Payout {
	p := b.payoutAt(n, at)
	own, back := b.payoutMoney(n, at)
	return Payout{
		ID: namer(b.appendPayoutID).name(int32(n)), BalanceTransaction: namer(b.appendTxnID).name(own),
		FailureBalanceTransaction: namer(b.appendTxnID).name(back),
		Created:                   p.created, Arrival: p.arrival(), Failed: p.failed, Amount: p.amount, Fee: p.fee,
		Currency: p.currency.String(), Status: b.payoutStatus(&p, at), Method: [...]string{"standard", "instant"}[btoi(p.instant)],
		IsAutomatic: !p.manual, IsReconciled: happened(b.reconciledAt(&p), at),
	}
}
