package stripesim

// renderDispute writes a dispute, whole or as the simulator's first events
// showed it: without its balance transactions and its card.
func (b *business) renderDispute(w *writer, n int, whole bool) {
	d := b.disputeAt(n, w.at)
	c := &b.charges[d.charge]
	evidence, later := b.evidenceAt(&d, n, w.at), whole && w.version >= versionBasil
	w.open('{')
	w.ref("id", b.appendDisputeID, int32(n))
	w.str("object", "dispute")
	w.int("amount", d.amount)
	b.renderDisputeMoney(w, n, whole)
	w.refOr("charge", b.appendChargeID, d.charge, b.renderCharge)
	w.int("created", d.created)
	w.str("currency", c.currency.String())
	if later {
		w.emptyList("enhanced_eligibility_types")
	}
	b.renderEvidence(w, c, int(d.charge), evidence && b.cfg.Wide, later)
	renderEvidenceDetails(w, &d, evidence, later)
	w.bool("is_charge_refundable", d.inquiry && d.closed == 0)
	w.bool("livemode", false)
	w.emptyObject("metadata")
	w.refOr("payment_intent", b.appendIntentID, b.intentOf(d.charge), b.renderIntent)
	if whole && c.method == methodCard {
		b.renderDisputedCard(w, c, int(d.charge), d.inquiry)
	}
	w.str("reason", b.disputeReason(n))
	w.str("status", d.status(evidence))
	w.end()
}

// evidenceAt reports whether the merchant had sent evidence at a time. Without
// Config.Wide a closed dispute only says so.
func (b *business) evidenceAt(d *dispute, n int, at int64) bool {
	if !b.cfg.Wide {
		return d.closed > 0
	}
	sent := b.submittedAt(n)
	return sent > 0 && sent <= at
}

// renderDisputeMoney writes the balance transactions: none of an inquiry, else
// the withdrawal with its fee, and the reinstatement of a dispute that was won.
func (b *business) renderDisputeMoney(w *writer, n int, whole bool) {
	w.list("balance_transactions")
	if whole {
		for _, k := range b.movedUntil(idDispute, n, w.at) {
			w.line()
			b.renderTxn(w, int(k))
		}
	}
	w.endList()
}

func renderEvidenceDetails(w *writer, d *dispute, evidence, later bool) {
	w.object("evidence_details")
	w.int("due_by", d.created+14*day)
	if later {
		w.emptyObject("enhanced_eligibility")
	}
	w.bool("has_evidence", evidence)
	w.bool("past_due", false)
	w.int("submission_count", int64(btoi(evidence)))
	w.end()
}

var caseTypes = [...]string{"chargeback", "inquiry"}

func (b *business) renderDisputedCard(w *writer, c *charge, n int, inquiry bool) {
	brand := cardBrands[b.payer(c, n).n(dBrand, len(cardBrands))]
	w.object("payment_method_details")
	w.object("card")
	w.str("brand", brand)
	if w.version >= versionBasil {
		w.str("case_type", caseTypes[btoi(inquiry)])
		w.str("network", brand)
	}
	w.str("network_reason_code", "10")
	w.end()
	w.str("type", "card")
	w.end()
}

var disputeReasons = [...]string{"fraudulent", "product_not_received", "duplicate", "subscription_canceled", "general"}

// disputeReason returns the reason, which is always the same without
// Config.Wide.
func (b *business) disputeReason(n int) string {
	if !b.cfg.Wide {
		return disputeReasons[0]
	}
	return disputeReasons[b.diceOf(idDispute, n).n(dReason, len(disputeReasons))]
}

// evidenceFields are the pieces of evidence that a merchant may send.
var evidenceFields = [...]string{
	"access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure", "cancellation_rebuttal",
	"customer_communication", "customer_email_address", "customer_name", "customer_purchase_ip", "customer_signature",
	"duplicate_charge_documentation", "duplicate_charge_explanation", "duplicate_charge_id", "product_description", "receipt",
	"refund_policy", "refund_policy_disclosure", "refund_refusal_explanation", "service_date", "service_documentation",
	"shipping_address", "shipping_carrier", "shipping_date", "shipping_documentation", "shipping_tracking_number",
	"uncategorized_file", "uncategorized_text",
}

// renderEvidence writes all pieces, null where the merchant sent none. Most of
// what it sends is about a person.
func (b *business) renderEvidence(w *writer, c *charge, n int, sent, later bool) {
	d := b.payer(c, n)
	name := string(d.appendName(nil))
	pieces := map[string]string{
		"access_activity_log": name + " signed in from 203.0.113." + string(appendInt(nil, int64(d.n(dHouse, 250)))),
		"billing_address":     d.addressLine(&markets[c.market]), "shipping_address": d.addressLine(&markets[c.market]),
		"customer_email_address": string(b.appendPayerEmail(nil, c, n)), "customer_name": name,
		"customer_purchase_ip": "203.0.113." + string(appendInt(nil, int64(d.n(dHouse, 250)))),
		"product_description":  "An order of Tidepool Goods", "uncategorized_text": name + " wrote that the parcel arrived.",
		"shipping_carrier": "Post", "shipping_tracking_number": "TP" + string(appendDigits(nil, n, 10)),
	}
	w.object("evidence")
	for _, field := range evidenceFields {
		if !sent {
			pieces[field] = ""
		}
		w.strOrNull(field, pieces[field])
		if field == "duplicate_charge_id" && later {
			w.emptyObject("enhanced_evidence")
		}
	}
	w.end()
}

// addressLine returns an address as one line.
func (d dice) addressLine(m *market) string {
	at := &m.places[d.n(dPlace, len(m.places))]
	return string(appendInt(nil, int64(1+d.n(dHouse, 180)))) + " " + streets[d.n(dStreet, len(streets))] + ", " + at.postal + " " + at.city + ", " + m.country
}

// status returns the status, which of an inquiry has a name of its own.
func (d *dispute) status(evidence bool) string {
	switch {
	case d.closed > 0 && d.inquiry:
		return "warning_closed"
	case d.closed > 0 && d.won:
		return "won"
	case d.closed > 0:
		return "lost"
	case d.inquiry && evidence:
		return "warning_under_review"
	case d.inquiry:
		return "warning_needs_response"
	case evidence:
		return "under_review"
	}
	return "needs_response"
}
