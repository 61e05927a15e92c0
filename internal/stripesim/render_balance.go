package stripesim

func (b *business) renderTxn(w *writer, n int) {
	t := &b.txns[n]
	w.open('{')
	w.ref("id", b.appendTxnID, int32(n))
	w.str("object", "balance_transaction")
	w.int("amount", t.amount)
	w.int("available_on", t.available)
	if b.variantOf(idTxn, n) == variantLater || w.version >= versionBasil {
		w.str("balance_type", "payments")
	}
	w.int("created", t.created)
	w.str("currency", t.currency.String())
	b.renderTxnDescription(w, t)
	if t.rate == 0 {
		w.null("exchange_rate")
	} else {
		w.key("exchange_rate")
		w.buf = appendMillionths(w.buf, t.rate)
	}
	w.int("fee", t.fees())
	renderFees(w, t)
	w.int("net", t.net())
	w.str("reporting_category", t.entry.category())
	w.quote("source")
	w.buf = b.appendSourceID(w.buf, t)
	w.unquote()
	w.str("status", t.status(w.at))
	w.str("type", b.txnType(t))
	w.end()
}

// category returns reporting_category. Stripe: it is the stable name of what
// happened; type is not stable.
func (e entry) category() string {
	return [...]string{
		entryCharge: "charge", entryCaptureReversal: "partial_capture_reversal",
		entryRefund: "refund", entryRefundFailure: "refund_failure",
		entryDispute: "dispute", entryDisputeReversal: "dispute_reversal", entryPayout: "payout",
		entryRelease: "partial_capture_reversal", entryPayoutFailure: "payout_reversal",
		entryTransfer: "transfer", entryTransferReversal: "transfer_reversal",
		entryApplicationFee: "platform_earning", entryApplicationFeeRefund: "platform_earning_refund",
	}[e]
}

// txnType returns the type, which depends on the payment method too. Stripe:
// card payments are charge and refund, all others payment and payment_refund.
func (b *business) txnType(t *txn) string {
	bnpl := false
	switch t.entry {
	case entryCharge, entryCaptureReversal:
		bnpl = b.charges[t.source].method.bnpl()
	case entryRefund, entryRefundFailure, entryRelease:
		bnpl = b.charges[b.refunds[t.source].charge].method.bnpl()
	}
	byCard := [...]string{
		entryCharge: "charge", entryCaptureReversal: "refund", entryRefund: "refund", entryRefundFailure: "refund_failure",
		entryDispute: "adjustment", entryDisputeReversal: "adjustment", entryPayout: "payout",
		entryRelease: "refund", entryPayoutFailure: "payout_failure",
		entryTransfer: "transfer", entryTransferReversal: "transfer_refund",
		entryApplicationFee: "application_fee", entryApplicationFeeRefund: "application_fee_refund",
	}
	otherwise := [...]string{
		entryCharge: "payment", entryCaptureReversal: "payment_refund", entryRefund: "payment_refund", entryRefundFailure: "adjustment",
		entryRelease: "payment_refund",
	}
	if bnpl {
		return otherwise[t.entry]
	}
	return byCard[t.entry]
}

// status returns the status. It changes without an event.
func (t *txn) status(at int64) string {
	if t.available > at {
		return "pending"
	}
	return "available"
}

func (b *business) renderTxnDescription(w *writer, t *txn) {
	switch t.entry {
	case entryCharge:
		w.strOrNull("description", b.charges[t.source].description())
	case entryRefund:
		w.str("description", "REFUND FOR CHARGE")
	case entryDispute, entryDisputeReversal:
		w.quote("description")
		w.buf = append(w.buf, disputeText(t.entry)...)
		w.buf = b.appendChargeID(w.buf, int(b.disputes[t.source].charge))
		w.unquote()
	case entryPayout:
		w.str("description", "STRIPE PAYOUT")
	default:
		w.null("description")
	}
}

func disputeText(e entry) string {
	if e == entryDispute {
		return "Chargeback withdrawal for "
	}
	return "Chargeback reversal for "
}

// renderFees writes the fees, which are in the settlement currency and add up
// to fee.
func renderFees(w *writer, t *txn) {
	w.list("fee_details")
	renderFee(w, t, t.fxFee, "Stripe currency conversion fee")
	renderFee(w, t, t.fee, feeText(t))
	w.endList()
}

func feeText(t *txn) string {
	switch {
	case t.entry == entryDispute:
		return "Dispute fee"
	case t.entry == entryDisputeReversal:
		return "Dispute fee refund"
	case t.entry == entryPayout:
		return "Instant payout fee"
	case t.fee < 0:
		return "Stripe processing fee refund"
	}
	return "Stripe processing fees"
}

func renderFee(w *writer, t *txn, amount int64, text string) {
	if amount == 0 {
		return
	}
	w.line()
	w.open('{')
	w.int("amount", amount)
	w.null("application")
	w.str("currency", t.currency.String())
	w.str("description", text)
	w.str("type", "stripe_fee")
	w.end()
}
