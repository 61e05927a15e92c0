package stripesim

import "math/rand/v2"

// A transfer sends a share of an order to one of the sellers, who are connected
// accounts. There are some with Config.Wide only, because their money is in the
// balance transactions.
type transfer struct {
	created  int64
	amount   int64 // minor units of currency, in which the charge was settled
	returned int64 // when a part of it came back; 0 for never
	back     int64 // that part
	charge   int32
	seller   uint8
	currency currency
}

const sellers = 3

// sellerAccount returns the id of a seller. With Config.Accounts it is that of a
// connected account.
func (b *business) sellerAccount(n uint8) string {
	return newIdentity(b.cfg.Seed + int64(n+1)*accountStride).account
}

func (b *business) makeTransfers() {
	if !b.cfg.Wide {
		return
	}
	r := streamTransfers.rand(b.cfg.Seed)
	for n := range b.charges {
		c := &b.charges[n]
		at := max(c.created, c.capture) + hour
		if c.state != chargePaid || c.sub != none || !percent(r, 4) || at >= b.tl.to {
			continue
		}
		b.transfers = append(b.transfers, b.newTransfer(r, int32(n), at))
	}
	byCreated(b.transfers, func(t *transfer) int64 { return t.created })
}

func (b *business) newTransfer(r *rand.Rand, n int32, at int64) transfer {
	c := &b.charges[n]
	settled := convert(c.captured, b.fx.at(c.currency, max(c.created, c.capture)))
	t := transfer{created: at, charge: n, seller: uint8(r.IntN(sellers)), currency: currencies[c.currency].settles, amount: max(settled*7/10, 1)}
	if returned := at + day + r.Int64N(20*day); percent(r, 15) && returned < b.tl.to {
		t.returned, t.back = returned, max(t.amount/int64(1+r.IntN(2)), 1)
	}
	return t
}

// transferAt returns a transfer as of a time.
func (b *business) transferAt(n int, at int64) transfer {
	t := b.transfers[n]
	if t.returned > at {
		t.returned, t.back = 0, 0
	}
	return t
}

// enterTransfer books what a transfer took, and what came back.
func (k *bookkeeper) enterTransfer(n int32) {
	t := &k.b.transfers[n]
	k.b.txns = append(k.b.txns, txn{
		created: t.created, available: (t.created/day + 1) * day, amount: -t.amount, source: n, entry: entryTransfer, currency: t.currency,
	})
	if t.returned > 0 {
		k.b.txns = append(k.b.txns, txn{
			created: t.returned, available: (t.returned/day + 1) * day, amount: t.back, source: n, entry: entryTransferReversal, currency: t.currency,
		})
	}
}

func (b *business) appendTransferID(buf []byte, n int) []byte {
	return b.ids.appendLong(buf, "tr_3", idTransfer, b.transfers[n].created, n)
}

func (b *business) findTransfer(id string) (int, bool) {
	return b.find(idTransfer, b.appendTransferID, len(b.transfers), id)
}

func (b *business) transferList() *resource {
	return &resource{
		name: "transfers", object: "transfer", params: paramsOf("transfers"), expands: expandsOf["transfers"], count: len(b.transfers),
		created: func(n int) int64 { return b.transfers[n].created }, render: b.renderTransfer, appendID: b.appendTransferID, find: b.findTransfer,
		match: func(p, value string, _ int64) (matcher, bool) {
			if p == "destination" {
				return func(n int) bool { return b.sellerAccount(b.transfers[n].seller) == value }, true
			}
			return func(n int) bool { return b.transferGroup(n) == value }, true
		},
		below: map[string]func(n int) *resource{"reversals": b.reversalList},
	}
}

func (b *business) transferGroup(n int) string {
	return "group_" + namer(b.appendChargeID).name(b.transfers[n].charge)
}

// reversalList returns the list of what came back of a transfer.
func (b *business) reversalList(n int) *resource {
	t := &b.transfers[n]
	return &resource{
		name: "transfers/" + string(b.appendTransferID(nil, n)) + "/reversals", object: "transfer_reversal", count: btoi(t.returned > 0),
		created: func(int) int64 { return t.returned }, render: func(w *writer, _ int) { b.renderReversal(w, n) },
		find: func(id string) (int, bool) { return 0, id == string(b.appendReversalID(nil, n)) },
	}
}

func (b *business) appendReversalID(buf []byte, n int) []byte {
	return b.ids.appendLong(buf, "trr_1", idReversal, b.transfers[n].created, n)
}

// moneyOf returns the first balance transaction of a source with an entry, or
// none.
func (b *business) moneyOf(kind idKind, n int, e entry, at int64) int32 {
	for _, k := range b.movedUntil(kind, n, at) {
		if b.txns[k].entry == e {
			return k
		}
	}
	return none
}

func (b *business) renderTransfer(w *writer, n int) {
	t := b.transferAt(n, w.at)
	w.open('{')
	w.ref("id", b.appendTransferID, int32(n))
	w.str("object", "transfer")
	w.int("amount", t.amount)
	w.int("amount_reversed", t.back)
	w.refOr("balance_transaction", b.appendTxnID, b.moneyOf(idTransfer, n, entryTransfer, w.at), b.renderTxn)
	w.int("created", t.created)
	w.str("currency", t.currency.String())
	w.str("description", "The seller’s share")
	w.str("destination", b.sellerAccount(t.seller))
	w.str("destination_payment", string(b.ids.appendLong(nil, "py_1", idTransfer, t.created, n)))
	w.bool("livemode", false)
	w.emptyObject("metadata")
	w.embed("reversals", btoi(t.returned > 0), func(int) { b.renderReversal(w, n) })
	w.int("total_count", int64(btoi(t.returned > 0)))
	w.str("url", "/v1/transfers/"+string(b.appendTransferID(nil, n))+"/reversals")
	w.end()
	w.bool("reversed", t.back == t.amount)
	w.refOr("source_transaction", b.appendChargeID, t.charge, b.renderCharge)
	w.str("source_type", "card")
	w.str("transfer_group", b.transferGroup(n))
	w.end()
}

func (b *business) renderReversal(w *writer, n int) {
	t := &b.transfers[n]
	w.open('{')
	w.ref("id", b.appendReversalID, int32(n))
	w.str("object", "transfer_reversal")
	w.int("amount", t.back)
	w.ref("balance_transaction", b.appendTxnID, b.moneyOf(idTransfer, n, entryTransferReversal, w.at))
	w.int("created", t.returned)
	w.str("currency", t.currency.String())
	w.null("destination_payment_refund")
	w.emptyObject("metadata")
	w.null("source_refund")
	w.ref("transfer", b.appendTransferID, int32(n))
	w.end()
}

func transferHappenings() []happening {
	count := func(b *business) int { return len(b.transfers) }
	render := func(b *business, w *writer, n int) { b.renderTransfer(w, n) }
	return []happening{
		once("transfer.created", count, func(b *business, n int) int64 { return b.transfers[n].created }, render),
		once("transfer.reversed", count, func(b *business, n int) int64 { return b.transfers[n].returned }, render),
	}
}
