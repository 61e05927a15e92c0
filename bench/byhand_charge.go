package main

// charge picks the columns of one charge, for today's API versions. The older
// forms, which the mapping also reads, would cost this rival more.
func (h *byHand) charge(c object) object {
	pm := c.member("payment_method_details")
	card, present, interac := pm.member("card"), pm.member("card_present"), pm.member("interac_present")
	currency := c["currency"]
	row := c.pick("id", "livemode", "paid", "captured", "disputed", "transfer_group", "failure_code", "failure_message",
		"receipt_email", "receipt_number", "receipt_url", "statement_descriptor", "statement_descriptor_suffix",
		"calculated_statement_descriptor", "description", "metadata")
	row["created"] = unix(c["created"])
	row["fully_refunded"], row["refunded"] = c["refunded"], c["refunded"]
	row["status"], row["status_as_sent"] = firstSet(h.lookup("charge_status", c["status"]), c["status"]), c["status"]
	row["currency"] = upper(currency)
	for _, name := range []string{"amount", "amount_captured", "amount_refunded", "application_fee_amount"} {
		h.money(row, name, c[name], currency)
	}
	captured, ok := c["amount_captured"].(float64)
	refunded, ok2 := c["amount_refunded"].(float64)
	if c["captured"] == false {
		h.money(row, "amount_net", float64(0), currency)
	} else if ok && ok2 {
		h.money(row, "amount_net", captured-refunded, currency)
	}
	if presented := c.member("presentment_details"); presented["presentment_currency"] != nil {
		p := object{"currency": upper(presented["presentment_currency"])}
		h.money(p, "amount", presented["presentment_amount"], presented["presentment_currency"])
		row["presentment"] = p
	}
	for column, path := range map[string]string{
		"customer_id": "customer", "payment_intent_id": "payment_intent", "balance_transaction_id": "balance_transaction",
		"failure_balance_transaction_id": "failure_balance_transaction", "invoice_id": "invoice", "dispute_id": "dispute",
		"review_id": "review", "application_id": "application", "application_fee_id": "application_fee",
		"on_behalf_of_id": "on_behalf_of", "transfer_id": "transfer", "source_transfer_id": "source_transfer", "order_ref": "order",
	} {
		row[column] = c.reference(path)
	}
	row["payment_method_id"] = c["payment_method"]
	row["destination_id"] = firstSet(c.reference("transfer_data", "destination"), c.reference("destination"))
	h.money(row, "transfer_amount", c.value("transfer_data", "amount"), currency)
	row["payment_method"] = h.method(pm, card, present, interac)
	row["card"] = h.card(c, card)
	row["bnpl"] = h.bnpl(pm)
	row["billing"] = billing(c.member("billing_details"))
	if shipping := c.member("shipping"); shipping != nil {
		s := shipping.pick("name", "phone", "carrier", "tracking_number")
		s["address"] = address(shipping.member("address"))
		row["shipping"] = s
	}
	if outcome := c.member("outcome"); outcome != nil {
		o := outcome.pick("type", "network_status", "reason", "risk_level", "risk_score", "seller_message", "network_decline_code",
			"network_advice_code", "advice_code")
		o["rule_id"] = outcome.reference("rule")
		row["outcome"] = o
	}
	if fraud := c.member("fraud_details"); fraud != nil {
		row["fraud"] = fraud.pick("stripe_report", "user_report")
	}
	row["radar_session_id"] = c.value("radar_options", "session")
	row["order_id"] = c.value("metadata", "order_id")
	return row
}

func (h *byHand) method(pm, card, present, interac object) any {
	row := object{"type": pm["type"]}
	row["group"] = h.lookup("xdm_payment_type", firstSet(card["funding"], present["funding"], interac["funding"], pm["type"]))
	if row["group"] == nil && pm["type"] != nil {
		row["group"] = "other"
	}
	row["brand"] = firstSet(card["brand"], present["brand"], interac["brand"])
	row["funding"] = firstSet(card["funding"], present["funding"], interac["funding"])
	row["country"] = firstSet(card["country"], present["country"], interac["country"], pm.value("klarna", "payer_details", "address", "country"),
		pm.value("paypal", "country"), pm.value("sepa_debit", "country"))
	row["last4"] = firstSet(card["last4"], present["last4"], interac["last4"], pm.value("sepa_debit", "last4"), pm.value("us_bank_account", "last4"),
		pm.value("bacs_debit", "last4"), pm.value("au_becs_debit", "last4"), pm.value("acss_debit", "last4"))
	row["wallet"] = card.value("wallet", "type")
	row["bank_name"] = pm.value("us_bank_account", "bank_name")
	row["mandate_id"] = firstSet(pm.value("sepa_debit", "mandate"), pm.reference("us_bank_account", "mandate"), pm.value("bacs_debit", "mandate"),
		pm.value("au_becs_debit", "mandate"), pm.value("acss_debit", "mandate"))
	row["reference"] = firstSet(pm.value("paypal", "transaction_id"), pm.value("us_bank_account", "payment_reference"))
	return row
}

func (h *byHand) card(c, card object) any {
	row := card.pick("network", "exp_month", "exp_year", "fingerprint", "network_transaction_id", "regulated_status")
	row["mandate_id"] = card["mandate"]
	h.money(row, "amount_authorized", card["amount_authorized"], c["currency"])
	row["capture_before"] = unix(card["capture_before"])
	for _, name := range []string{"extended_authorization", "incremental_authorization", "multicapture", "overcapture"} {
		row[name] = card.value(name, "status")
	}
	h.money(row, "maximum_capturable", card.value("overcapture", "maximum_amount_capturable"), c["currency"])
	row["authorization_code"] = firstSet(card["authorization_code"], c["authorization_code"])
	row["network_token_used"] = card.value("network_token", "used")
	row["checks"] = card.member("checks").pick("address_line1_check", "address_postal_code_check", "cvc_check")
	tds := card.member("three_d_secure")
	secure := tds.pick("result", "result_reason", "version", "transaction_id")
	secure["flow"], secure["eci"] = tds["authentication_flow"], tds["electronic_commerce_indicator"]
	secure["exemption"], secure["exemption_applied"] = tds["exemption_indicator"], tds["exemption_indicator_applied"]
	row["three_d_secure"] = onlyIf(tds["version"] != nil || tds["result"] != nil || tds["authenticated"] != nil, secure)
	plan := card.member("installments", "plan")
	row["installments"] = onlyIf(plan["type"] != nil, plan.pick("type", "count", "interval"))
	return onlyIf(card["last4"] != nil || card["brand"] != nil, row)
}

func (h *byHand) bnpl(pm object) any {
	provider := h.lookup("bnpl_provider", pm["type"])
	row := object{"provider": provider, "product": pm.value("klarna", "payment_method_category")}
	row["deferred"] = row["product"] != "pay_now"
	row["installments"] = pm.value("alma", "installments", "count")
	row["payer_country"] = pm.value("klarna", "payer_details", "address", "country")
	row["locale"] = pm.value("klarna", "preferred_locale")
	row["provider_reference"] = firstSet(pm.value("affirm", "transaction_id"), pm.value("afterpay_clearpay", "reference"), pm.value("alma", "transaction_id"),
		pm.value("billie", "transaction_id"), pm.value("scalapay", "transaction_id"), pm.value("sunbit", "transaction_id"))
	row["provider_order_id"] = pm.value("afterpay_clearpay", "order_id")
	return onlyIf(provider != nil, row)
}

func billing(b object) any {
	row := b.pick("name", "email", "phone", "tax_id")
	row["address"] = address(b.member("address"))
	if row["address"] == nil {
		row["address"] = object{}
	}
	return row
}

func address(a object) any {
	if a == nil {
		return nil
	}
	return a.pick("line1", "line2", "city", "state", "postal_code", "country")
}
