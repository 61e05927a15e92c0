package stripesim

// An applicationFee is the platform's share of a charge that a seller made. Like
// transfers, there are some with Config.Wide only. Stripe: it is in the seller's
// currency, and so is what is given back of it; each is converted at the rate
// of its own day.
type applicationFee struct {
	created  int64
	amount   int64
	returned int64 // when a part of it was given back; 0 for never
	back     int64
	currency currency
	seller   uint8
}

// sellerCurrencies are those of the sellers.
var sellerCurrencies = [sellers]currency{eur, cad, jpy}

func (b *business) collectFees() {
	if !b.cfg.Wide {
		return
	}
	r := streamApplicationFees.rand(b.cfg.Seed)
	for _, at := range b.tl.draw(r, 12+b.cfg.Charges/40, 3) {
		seller := r.IntN(sellers)
		f := applicationFee{created: at, seller: uint8(seller), currency: sellerCurrencies[seller]}
		f.amount = f.currency.fromUSD(int64(100 + r.IntN(1900)))
		if returned := at + day + r.Int64N(30*day); percent(r, 20) && returned < b.tl.to {
			f.returned, f.back = returned, f.currency.round(f.amount/int64(1+r.IntN(2)))
		}
		b.fees = append(b.fees, f)
	}
}

// applicationFeeAt returns an application fee as of a time.
func (b *business) applicationFeeAt(n int, at int64) applicationFee {
	f := b.fees[n]
	if f.returned > at {
		f.returned, f.back = 0, 0
	}
	return f
}

// enterApplicationFee books a fee, and what was given back of it.
func (k *bookkeeper) enterApplicationFee(n int32) {
	f := &k.b.fees[n]
	enter := func(e entry, at, amount int64) {
		rate := k.b.fx.at(f.currency, at)
		k.b.txns = append(k.b.txns, txn{
			created: at, available: available(at, methodCard), amount: convert(amount, rate), rate: rate,
			source: n, entry: e, currency: currencies[f.currency].settles,
		})
	}
	enter(entryApplicationFee, f.created, f.amount)
	if f.returned > 0 {
		enter(entryApplicationFeeRefund, f.returned, -f.back)
	}
}

func (b *business) appendApplicationFeeID(buf []byte, n int) []byte {
	return b.ids.appendLong(buf, "fee_1", idApplicationFee, b.fees[n].created, n)
}

func (b *business) findApplicationFee(id string) (int, bool) {
	return b.find(idApplicationFee, b.appendApplicationFeeID, len(b.fees), id)
}

// appendSellersCharge appends the id of the seller's charge, which this account
// does not list.
func (b *business) appendSellersCharge(buf []byte, n int) []byte {
	f := &b.fees[n]
	return newIdentity(b.cfg.Seed+int64(f.seller+1)*accountStride).appendLong(buf, "ch_3", idApplicationFee, f.created, n)
}

func (b *business) applicationFeeList() *resource {
	return &resource{
		name: "application_fees", object: "application_fee", params: paramsOf("application_fees"), expands: expandsOf["application_fees"],
		count: len(b.fees), created: func(n int) int64 { return b.fees[n].created }, render: b.renderApplicationFee,
		appendID: b.appendApplicationFeeID, find: b.findApplicationFee,
		match: func(_, value string, _ int64) (matcher, bool) {
			return func(n int) bool { return string(b.appendSellersCharge(nil, n)) == value }, true
		},
		below: map[string]func(n int) *resource{"refunds": b.feeRefundList},
	}
}

// feeRefundList returns the list of what was given back of a fee.
func (b *business) feeRefundList(n int) *resource {
	f := &b.fees[n]
	return &resource{
		name: "application_fees/" + string(b.appendApplicationFeeID(nil, n)) + "/refunds", object: "fee_refund", count: btoi(f.returned > 0),
		created: func(int) int64 { return f.returned }, render: func(w *writer, _ int) { b.renderFeeRefund(w, n) },
		find: func(id string) (int, bool) { return 0, id == string(b.appendFeeRefundID(nil, n)) },
	}
}

func (b *business) appendFeeRefundID(buf []byte, n int) []byte {
	return b.ids.appendLong(buf, "fr_1", idFeeRefund, b.fees[n].created, n)
}

func (b *business) renderApplicationFee(w *writer, n int) {
	f := b.applicationFeeAt(n, w.at)
	w.open('{')
	w.ref("id", b.appendApplicationFeeID, int32(n))
	w.str("object", "application_fee")
	w.str("account", b.sellerAccount(f.seller))
	w.int("amount", f.amount)
	w.int("amount_refunded", f.back)
	w.str("application", "ca_"+string(appendBase62(nil, b.ids.key>>16, 10)))
	w.refOr("balance_transaction", b.appendTxnID, b.moneyOf(idApplicationFee, n, entryApplicationFee, w.at), b.renderTxn)
	w.str("charge", string(b.appendSellersCharge(nil, n)))
	w.int("created", f.created)
	w.str("currency", f.currency.String())
	if w.version >= versionBasil {
		w.object("fee_source")
		w.str("charge", string(b.appendSellersCharge(nil, n)))
		w.str("type", "charge")
		w.end()
	}
	w.bool("livemode", false)
	w.null("originating_transaction")
	w.bool("refunded", f.back == f.amount)
	w.embed("refunds", btoi(f.returned > 0), func(int) { b.renderFeeRefund(w, n) })
	w.str("url", "/v1/application_fees/"+string(b.appendApplicationFeeID(nil, n))+"/refunds")
	w.end()
	w.end()
}

func (b *business) renderFeeRefund(w *writer, n int) {
	f := &b.fees[n]
	w.open('{')
	w.ref("id", b.appendFeeRefundID, int32(n))
	w.str("object", "fee_refund")
	w.int("amount", f.back)
	w.ref("balance_transaction", b.appendTxnID, b.moneyOf(idApplicationFee, n, entryApplicationFeeRefund, w.at))
	w.int("created", f.returned)
	w.str("currency", f.currency.String())
	w.ref("fee", b.appendApplicationFeeID, int32(n))
	w.emptyObject("metadata")
	w.end()
}

func applicationFeeHappenings() []happening {
	count := func(b *business) int { return len(b.fees) }
	render := func(b *business, w *writer, n int) { b.renderApplicationFee(w, n) }
	return []happening{
		once("application_fee.created", count, func(b *business, n int) int64 { return b.fees[n].created }, render),
		once("application_fee.refunded", count, func(b *business, n int) int64 { return b.fees[n].returned }, render),
	}
}
