package stripesim

import "iter"

// A Payment is a charge with everything that followed from it.
type Payment struct {
	Charge
	Country   string     // of the payer; "" where neither a card nor an address says it
	PaysLater bool       // on credit: neither by card nor with Klarna's pay_now, which is settled at once
	Settled   Settlement // the effect of it, its refunds and its disputes on the balance
}

// A Settlement is a sum of balance transactions. Amounts are in minor units of
// Currency, which is "" where there are none.
type Settlement struct {
	Currency  string
	Taken     int64 // by the charge, less the amount that was not captured
	Withdrawn int64 // by disputes, less the amount won back; negative
	Fee, Net  int64
	Disputed  bool // there are movements of a dispute
}

// Sold reports whether a charge took money.
func (c Charge) Sold() bool { return c.Status == "succeeded" && c.IsCaptured }

// Payments yields every charge with everything that followed from it.
func (l Ledger) Payments() iter.Seq[Payment] {
	return func(yield func(Payment) bool) {
		settled := l.settlements()
		payments := records(l, "charges", func(b *business, n int, at int64) Payment {
			c := &b.charges[n]
			return Payment{
				Charge: b.chargeRecord(n, at), Settled: settled[int32(n)], Country: b.countryOf(c, n),
				PaysLater: c.method.bnpl() && (c.method != methodKlarna || klarnaCategories[c.category] != "pay_now"),
			}
		})
		for p := range payments {
			if !yield(p) {
				return
			}
		}
	}
}

// settlements adds up the balance transactions of each charge.
func (l Ledger) settlements() map[int32]Settlement {
	type movement struct {
		charge int32
		txn
	}
	moved := records(l, "balance_transactions", func(b *business, n int, _ int64) movement {
		return movement{b.chargeOf(&b.txns[n]), b.txns[n]}
	})
	settled := map[int32]Settlement{}
	for m := range moved {
		s := settled[m.charge]
		switch m.entry {
		case entryCharge, entryCaptureReversal, entryRelease:
			s.Taken += m.amount
		case entryDispute, entryDisputeReversal:
			s.Withdrawn, s.Disputed = s.Withdrawn+m.amount, true
		}
		s.Currency, s.Fee, s.Net = m.currency.String(), s.Fee+m.fees(), s.Net+m.net()
		settled[m.charge] = s
	}
	return settled
}

// chargeOf returns the charge for which money moved, or none.
func (b *business) chargeOf(t *txn) int32 {
	switch t.entry {
	case entryRefund, entryRefundFailure, entryRelease:
		return b.refunds[t.source].charge
	case entryDispute, entryDisputeReversal:
		return b.disputes[t.source].charge
	case entryCharge, entryCaptureReversal:
		return t.source
	}
	return none
}

// A Total is a sum of payments. Amounts are in minor units, so a sum must not
// mix currencies.
type Total struct {
	Attempts, Payments         int64 // charges, and those that took money
	Customers                  int64 // who paid; guests are not counted
	Later                      int64 // payments on credit
	RefundedPayments, Disputes int64 // payments given back in whole or part, and disputed
	Gross, LaterGross          int64 // money taken, and the part of it on credit
	Refunded                   int64
	Fee                        int64 // of payments, in minor units of the settlement currency
}

// Totals adds up payments by key. It leaves out those for which key returns
// false.
func Totals[K comparable](payments iter.Seq[Payment], key func(Payment) (K, bool)) map[K]Total {
	type paid struct {
		key      K
		customer string
	}
	totals, seen := map[K]Total{}, map[paid]bool{}
	for p := range payments {
		k, ok := key(p)
		if !ok {
			continue
		}
		t := totals[k]
		t.Attempts++
		if p.Sold() {
			t.add(p)
			if who := (paid{k, p.Customer}); p.Customer != "" && !seen[who] {
				seen[who] = true
				t.Customers++
			}
		}
		totals[k] = t
	}
	return totals
}

func (t *Total) add(p Payment) {
	t.Payments++
	t.Gross += p.Captured
	t.Refunded += p.Refunded
	t.Fee += p.Settled.Fee
	if p.PaysLater {
		t.Later++
		t.LaterGross += p.Captured
	}
	if p.Refunded > 0 {
		t.RefundedPayments++
	}
	if p.IsDisputed {
		t.Disputes++
	}
}
