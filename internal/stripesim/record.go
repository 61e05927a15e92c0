package stripesim

// name returns the id of record n, or "" for none.
func (id namer) name(n int32) string {
	if n == none {
		return ""
	}
	return string(id(nil, int(n)))
}

func (b *business) chargeRecord(n int, at int64) Charge {
	c := b.chargeAt(n, at)
	r := Charge{
		ID: namer(b.appendChargeID).name(int32(n)), Customer: namer(b.appendCustomerID).name(c.customer),
		PaymentIntent:      namer(b.appendIntentID).name(b.intentOf(int32(n))),
		BalanceTransaction: namer(b.appendTxnID).name(c.txn),
		Created:            c.created, Amount: c.amount, Captured: c.captured, Refunded: c.refunded, Released: c.released,
		Currency: c.currency.String(), Status: c.status(), Method: c.method.String(), BNPL: c.method.bnpl(),
		IsCaptured: c.isCaptured(), IsRefunded: c.refunded+c.released == c.amount, IsDisputed: c.disputed,
	}
	if c.method == methodKlarna {
		r.Category = klarnaCategories[c.category]
	}
	return r
}

func (b *business) refundRecord(n int, at int64) Refund {
	f := b.refundAt(n, at)
	return Refund{
		ID: namer(b.appendRefundID).name(int32(n)), Charge: namer(b.appendChargeID).name(f.charge),
		BalanceTransaction:        namer(b.appendTxnID).name(f.txn),
		FailureBalanceTransaction: namer(b.appendTxnID).name(f.back),
		Created:                   f.created, Amount: f.amount, Currency: b.charges[f.charge].currency.String(),
		Status: f.status.String(), Reason: refundReasons[f.reason], IsRelease: f.isRelease(),
	}
}

func (b *business) txnRecord(n int, at int64) BalanceTransaction {
	t := &b.txns[n]
	return BalanceTransaction{
		ID: namer(b.appendTxnID).name(int32(n)), Source: string(b.appendSourceID(nil, t)),
		Payout:  namer(b.appendPayoutID).name(b.payoutOf(t)),
		Created: t.created, AvailableOn: t.available, Amount: t.amount, Fee: t.fees(), Net: t.net(),
		Currency: t.currency.String(), Type: b.txnType(t), Category: t.entry.category(), Status: t.status(at),
		RateMillionths: t.rate,
	}
}

func (b *business) subscriptionRecord(n int, at int64) Subscription {
	s := b.subAt(n, at)
	r := Subscription{
		ID: namer(b.appendSubscriptionID).name(int32(n)), Customer: namer(b.appendCustomerID).name(s.customer),
		Status: s.status.String(), Currency: s.currency.String(),
		Created: s.created, Ended: s.ended,
	}
	for i := s.firstItem; i < s.firstItem+s.items; i++ {
		r.Items = append(r.Items, SubscriptionItem{
			ID: namer(b.appendItemID).name(i), Price: namer(b.appendPriceID).name(b.items[i].price),
			Quantity: int64(b.items[i].quantity),
		})
	}
	return r
}

func (b *business) customerRecord(n int, _ int64) Customer {
	c := &b.customers[n]
	return Customer{
		ID: namer(b.appendCustomerID).name(int32(n)), Email: b.email(n),
		Country: markets[c.market].country, Created: c.created,
	}
}

func (b *business) priceRecord(n int, at int64) Price {
	p := b.priceAt(n, at)
	r := Price{
		ID: namer(b.appendPriceID).name(int32(n)), Product: string(b.appendProductID(nil, p.product)),
		Currency: p.currency.String(), Type: p.kind(), Interval: p.interval, Created: p.created,
		HasUnitAmount: p.scheme == schemeFlat, Active: p.active,
	}
	if r.HasUnitAmount {
		r.UnitAmount = p.amount
	}
	return r
}
