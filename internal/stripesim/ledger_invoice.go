package stripesim

import "iter"

// An Invoice is the ledger's record of an invoice. Amounts are in minor units
// of Currency.
type Invoice struct {
	ID, Charge, Customer, Subscription string // Charge is "" of a trial's
	Created                            int64
	Subtotal, Total, Paid              int64
	Currency, Status                   string
	Lines                              int // which add up to Subtotal
}

// Invoices yields every invoice.
func (l Ledger) Invoices() iter.Seq[Invoice] {
	return records(l, "invoices", (*business).invoiceRecord)
}

func (b *business) invoiceRecord(k int, at int64) Invoice {
	n := b.further.invoices().numbers[k]
	v := b.invoiceAt(n, at)
	s := &b.subs[v.sub]
	return Invoice{
		ID: string(b.appendAnyInvoiceID(nil, int(n))), Charge: namer(b.appendChargeID).name(v.charge),
		Customer: namer(b.appendCustomerID).name(s.customer), Subscription: namer(b.appendSubscriptionID).name(v.sub),
		Created: v.created, Subtotal: v.subtotal, Total: v.total, Paid: v.paidAmount(),
		Currency: s.currency.String(), Status: v.status(), Lines: int(s.items),
	}
}
