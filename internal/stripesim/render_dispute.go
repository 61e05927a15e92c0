package stripesim

// renderDispute writes a dispute, which only events show.
func (b *business) renderDispute(w *writer, n int) {
	d := b.disputeAt(n, w.at)
	c := &b.charges[d.charge]
	w.open('{')
	w.ref("id", b.appendDisputeID, int32(n))
	w.str("object", "dispute")
	w.int("amount", d.amount)
	w.emptyList("balance_transactions")
	w.ref("charge", b.appendChargeID, d.charge)
	w.int("created", d.created)
	w.str("currency", c.currency.String())
	w.object("evidence")
	w.nulls(evidenceFields[:]...)
	w.end()
	w.object("evidence_details")
	w.int("due_by", d.created+14*day)
	w.bool("has_evidence", d.closed > 0)
	w.bool("past_due", false)
	w.int("submission_count", int64(btoi(d.closed > 0)))
	w.end()
	w.bool("is_charge_refundable", false)
	w.bool("livemode", false)
	w.emptyObject("metadata")
	w.ref("payment_intent", b.appendIntentID, b.intentOf(d.charge))
	w.str("reason", "fraudulent")
	w.str("status", d.status())
	w.end()
}

// evidenceFields are the pieces of evidence that a merchant may send; this one
// sends none.
var evidenceFields = [...]string{
	"access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure", "cancellation_rebuttal",
	"customer_communication", "customer_email_address", "customer_name", "customer_purchase_ip", "customer_signature",
	"duplicate_charge_documentation", "duplicate_charge_explanation", "duplicate_charge_id", "product_description", "receipt",
	"refund_policy", "refund_policy_disclosure", "refund_refusal_explanation", "service_date", "service_documentation",
	"shipping_address", "shipping_carrier", "shipping_date", "shipping_documentation", "shipping_tracking_number",
	"uncategorized_file", "uncategorized_text",
}

func (d *dispute) status() string {
	switch {
	case d.closed == 0:
		return "needs_response"
	case d.won:
		return "won"
	}
	return "lost"
}
