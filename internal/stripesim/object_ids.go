package stripesim

// The ids of all objects. Each function appends to a buffer, so that rendering
// allocates nothing.

func (b *business) appendCustomerID(buf []byte, n int) []byte {
	if b.hasChosenID(idCustomer, n) {
		return b.appendChosenID(buf, idCustomer, n)
	}
	return b.ids.appendShort(buf, "cus_", idCustomer, b.customers[n].created, n)
}

func (b *business) appendPriceID(buf []byte, n int) []byte {
	if b.hasChosenID(idPrice, n) {
		return b.appendChosenID(buf, idPrice, n)
	}
	return b.ids.appendLong(buf, "price_1", idPrice, b.prices[n].created, n)
}

// chosenPrefixes are the beginnings of ids that merchants choose: an e-mail
// address, a plan's name, and characters that mean something in a URL.
var chosenPrefixes = [...]string{
	"ann+shop@example.com", "Professional+", "50% off/month", "a=1&b=2", "who?#1", "one, two; three", "x/../y", "%2B", "Größe", "~!$'()*[]{}|^`<>:",
}

// hasChosenID reports whether the merchant chose the id of a record.
func (b *business) hasChosenID(kind idKind, n int) bool {
	return b.cfg.ChosenIDs > 0 && b.diceOf(kind, n).n(dChosen, 1000) < b.cfg.ChosenIDs
}

func (b *business) appendChosenID(buf []byte, kind idKind, n int) []byte {
	buf = append(append(buf, chosenPrefixes[n%len(chosenPrefixes)]...), '-')
	return appendBase62(buf, b.ids.encipher(kind, uint64(n)), codeLen)
}

func (b *business) appendProductID(buf []byte, product int32) []byte {
	return b.ids.appendShort(buf, "prod_", idProduct, b.tl.from, int(product))
}

func (b *business) appendSubscriptionID(buf []byte, n int) []byte {
	return b.ids.appendLong(buf, "sub_1", idSubscription, b.subs[n].created, n)
}

func (b *business) appendItemID(buf []byte, n int) []byte {
	return b.ids.appendShort(buf, "si_", idItem, b.subs[b.items[n].sub].created, n)
}

// appendChargeID appends a charge's id. Stripe: card payments are ch_, all
// others py_.
func (b *business) appendChargeID(buf []byte, n int) []byte {
	prefix := "ch_3"
	if b.charges[n].method.bnpl() {
		prefix = "py_3"
	}
	return b.ids.appendLong(buf, prefix, idCharge, b.charges[n].created, n)
}

func (b *business) appendIntentID(buf []byte, n int) []byte {
	return b.ids.appendLong(buf, "pi_3", idIntent, b.charges[n].created, n)
}

func (b *business) appendInvoiceID(buf []byte, n int) []byte {
	return b.ids.appendLong(buf, "in_1", idInvoice, b.charges[n].created, n)
}

func (b *business) appendRefundID(buf []byte, n int) []byte {
	f := &b.refunds[n]
	prefix := "re_3"
	if b.charges[f.charge].method.bnpl() {
		prefix = "pyr_1"
	}
	return b.ids.appendLong(buf, prefix, idRefund, f.created, n)
}

func (b *business) appendTxnID(buf []byte, n int) []byte {
	return b.ids.appendLong(buf, "txn_3", idTxn, b.txns[n].created, n)
}

func (b *business) appendDisputeID(buf []byte, n int) []byte {
	return b.ids.appendLong(buf, "du_1", idDispute, b.disputes[n].created, n)
}

func (b *business) appendPayoutID(buf []byte, n int) []byte {
	return b.ids.appendLong(buf, "po_1", idPayout, b.payouts[n].created, n)
}

func (b *business) appendSourceID(buf []byte, t *txn) []byte {
	n := int(t.source)
	switch t.entry {
	case entryRefund, entryRefundFailure, entryRelease:
		return b.appendRefundID(buf, n)
	case entryDispute, entryDisputeReversal:
		return b.appendDisputeID(buf, n)
	case entryPayout, entryPayoutFailure:
		return b.appendPayoutID(buf, n)
	case entryTransfer, entryTransferReversal:
		return b.appendTransferID(buf, n)
	case entryApplicationFee, entryApplicationFeeRefund:
		return b.appendApplicationFeeID(buf, n)
	}
	return b.appendChargeID(buf, n)
}

// A namer appends the id of a record.
type namer func(buf []byte, n int) []byte

// ref writes the id of record n, or null for none.
func (w *writer) ref(k string, name namer, n int32) {
	if n == none {
		w.null(k)
		return
	}
	w.quote(k)
	w.buf = name(w.buf, int(n))
	w.unquote()
}

// find returns the number of the record with an id, in constant time.
func (b *business) find(kind idKind, name namer, count int, id string) (int, bool) {
	n, ok := b.ids.number(kind, id)
	if !ok || n >= count {
		return 0, false
	}
	var buf [64]byte
	return n, string(name(buf[:0], n)) == id
}

// finder is find for a list whose records are below count.
func (b *business) finder(kind idKind, name namer, count int) func(id string) (int32, bool) {
	return func(id string) (int32, bool) {
		n, ok := b.find(kind, name, count, id)
		return int32(n), ok
	}
}
