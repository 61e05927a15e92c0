package stripesim

import "iter"

// A Payment is a charge and all that has come of it.
type Payment struct {
	Charge
	Country   string     // of whoever paid; "" where neither a card nor an address says it
	PaysLater bool       // on credit: neither by card nor with Klarna's pay_now, which is settled at once
	Settled   Settlement // what it, its refunds and its dispute did to the balance
}

// A Settlement adds up balance transactions. Amounts are in minor units of
// Currency, "" where there are none.
type Settlement struct {
	Currency  string
	Taken     int64 // by the charge, less what was authorised and not captured
	Withdrawn int64 // for a dispute, less what was won back; negative
	Fee, Net  int64
	Disputed  bool // there are movements of a dispute
}

// Sold says whether a charge took money.
func (c Charge) Sold() bool { return c.Status == "succeeded" && c.IsCaptured }

// Payments yields every charge with what has come of it.
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

// chargeOf is the charge for which money moved, or none.
func (b *business) chargeOf(t *txn) int32 {
	switch t.entry {
	case entryRefund, entryRefundFailure, entryRelease:
		return b.refunds[t.source].charge
	case entryDispute, entryDisputeReversal:
		return b.disputes[t.source].charge
	case entryPayout:
		return none
	}
	return t.source
}

// A Total is what payments come to. Amounts are in minor units, so whoever adds
// up must keep currencies apart.
type Total struct {
	Attempts, Payments         int64 // charges, and those that took money
	Customers                  int64 // who paid; guests are not counted
	Later                      int64 // payments on credit
	RefundedPayments, Disputes int64 // payments given back in whole or part, and disputed
	Gross, LaterGross          int64 // taken, and of it on credit
	Refunded                   int64
	Fee                        int64 // of payments, in minor units of the settlement currency
}

// Totals adds payments up by what key says of each; those of which it says false
// are left out.
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
