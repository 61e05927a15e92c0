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
