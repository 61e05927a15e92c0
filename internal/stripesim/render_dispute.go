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
	w.emptyObject("evidence")
	w.object("evidence_details")
	w.int("due_by", d.created+14*day)
	w.bool("has_evidence", d.closed > 0)
	w.bool("past_due", false)
	w.int("submission_count", int64(btoi(d.closed > 0)))
	w.end()
	w.bool("is_charge_refundable", false)
	w.bool("livemode", false)
	w.emptyObject("metadata")
	w.ref("payment_intent", b.appendIntentID, d.charge)
	w.str("reason", "fraudulent")
	w.str("status", d.status())
	w.end()
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
