package stripesim

func (b *business) renderRefund(w *writer, n int) {
	was := b.refundAt(n, w.at)
	f := &was
	c := &b.charges[f.charge]
	w.open('{')
	w.ref("id", b.appendRefundID, int32(n))
	w.str("object", "refund")
	w.int("amount", f.amount)
	w.ref("balance_transaction", b.appendTxnID, f.txn)
	w.ref("charge", b.appendChargeID, f.charge)
	w.int("created", f.created)
	w.str("currency", c.currency.String())
	if b.variantOf(idRefund, n) != variantSparse {
		b.renderDestination(w, f, c.method, n)
	}
	if f.back != none {
		// Stripe: these two are present only on a refund that failed.
		w.ref("failure_balance_transaction", b.appendTxnID, f.back)
		w.str("failure_reason", "expired_or_canceled_card")
	}
	w.object("metadata")
	if b.diceOf(idRefund, n).oneIn(dMetadata, 6) {
		w.pair("rma", "RMA-"+string(appendDigits(nil, n, 6)))
	}
	b.renderRevision(w, idRefund, n)
	w.end()
	w.ref("payment_intent", b.appendIntentID, b.intentOf(f.charge))
	w.strOrNull("reason", refundReasons[f.reason])
	w.nulls("receipt_number", "source_transfer_reversal")
	w.str("status", f.status.String())
	w.null("transfer_reversal")
	w.end()
}

func (b *business) renderDestination(w *writer, f *refund, m method, n int) {
	d := b.diceOf(idRefund, n)
	w.object("destination_details")
	w.object(m.openType(w))
	if m == methodCard && f.isRelease() {
		w.str("type", "reversal")
	} else if m == methodCard {
		status := "pending" // Stripe: the bank's reference comes days later, or never
		if b.variantOf(idRefund, n) != variantLater {
			w.quote("reference")
			w.buf = appendDigits(w.buf, d.n(dFingerprint, 1_000_000_000), 12)
			w.unquote()
			status = "available"
		}
		w.str("reference_status", status)
		w.str("reference_type", "acquirer_reference_number")
		w.str("type", "refund")
	}
	w.end()
	m.closeType(w)
	w.end()
}
