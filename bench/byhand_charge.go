package main

// charge picks the columns of one charge, for today's API versions: the older
// forms that the mapping also reads would cost this rival more.
func (h *byHand) charge(c object) object {
	pm := c.in("payment_method_details")
	card, present, interac := pm.in("card"), pm.in("card_present"), pm.in("interac_present")
	currency := c["currency"]
	row := c.picked("id", "livemode", "paid", "captured", "disputed", "transfer_group", "failure_code", "failure_message",
		"receipt_email", "receipt_number", "receipt_url", "statement_descriptor", "statement_descriptor_suffix",
		"calculated_statement_descriptor", "description", "metadata")
	row["created"] = unix(c["created"])
	row["fully_refunded"], row["refunded"] = c["refunded"], c["refunded"]
	row["status"], row["status_as_sent"] = first(h.lookup("charge_status", c["status"]), c["status"]), c["status"]
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
	if presented := c.in("presentment_details"); presented["presentment_currency"] != nil {
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
		row[column] = c.ref(path)
	}
	row["payment_method_id"] = c["payment_method"]
	row["destination_id"] = first(c.ref("transfer_data", "destination"), c.ref("destination"))
	h.money(row, "transfer_amount", c.at("transfer_data", "amount"), currency)
	row["payment_method"] = h.method(pm, card, present, interac)
	row["card"] = h.card(c, card)
	row["bnpl"] = h.bnpl(pm)
	row["billing"] = billing(c.in("billing_details"))
	if shipping := c.in("shipping"); shipping != nil {
		s := shipping.picked("name", "phone", "carrier", "tracking_number")
		s["address"] = address(shipping.in("address"))
		row["shipping"] = s
	}
	if outcome := c.in("outcome"); outcome != nil {
		o := outcome.picked("type", "network_status", "reason", "risk_level", "risk_score", "seller_message", "network_decline_code",
			"network_advice_code", "advice_code")
		o["rule_id"] = outcome.ref("rule")
		row["outcome"] = o
	}
	if fraud := c.in("fraud_details"); fraud != nil {
		row["fraud"] = fraud.picked("stripe_report", "user_report")
	}
	row["radar_session_id"] = c.at("radar_options", "session")
	row["order_id"] = c.at("metadata", "order_id")
	return row
}

func (h *byHand) method(pm, card, present, interac object) any {
	row := object{"type": pm["type"]}
	row["group"] = h.lookup("xdm_payment_type", first(card["funding"], present["funding"], interac["funding"], pm["type"]))
	if row["group"] == nil && pm["type"] != nil {
		row["group"] = "other"
	}
	row["brand"] = first(card["brand"], present["brand"], interac["brand"])
	row["funding"] = first(card["funding"], present["funding"], interac["funding"])
	row["country"] = first(card["country"], present["country"], interac["country"], pm.at("klarna", "payer_details", "address", "country"),
		pm.at("paypal", "country"), pm.at("sepa_debit", "country"))
	row["last4"] = first(card["last4"], present["last4"], interac["last4"], pm.at("sepa_debit", "last4"), pm.at("us_bank_account", "last4"),
		pm.at("bacs_debit", "last4"), pm.at("au_becs_debit", "last4"), pm.at("acss_debit", "last4"))
	row["wallet"] = card.at("wallet", "type")
	row["bank_name"] = pm.at("us_bank_account", "bank_name")
	row["mandate_id"] = first(pm.at("sepa_debit", "mandate"), pm.ref("us_bank_account", "mandate"), pm.at("bacs_debit", "mandate"),
		pm.at("au_becs_debit", "mandate"), pm.at("acss_debit", "mandate"))
	row["reference"] = first(pm.at("paypal", "transaction_id"), pm.at("us_bank_account", "payment_reference"))
	return row
}

func (h *byHand) card(c, card object) any {
	row := card.picked("network", "exp_month", "exp_year", "fingerprint", "network_transaction_id", "regulated_status")
	row["mandate_id"] = card["mandate"]
	h.money(row, "amount_authorized", card["amount_authorized"], c["currency"])
	row["capture_before"] = unix(card["capture_before"])
	for _, name := range []string{"extended_authorization", "incremental_authorization", "multicapture", "overcapture"} {
		row[name] = card.at(name, "status")
	}
	h.money(row, "maximum_capturable", card.at("overcapture", "maximum_amount_capturable"), c["currency"])
	row["authorization_code"] = first(card["authorization_code"], c["authorization_code"])
	row["network_token_used"] = card.at("network_token", "used")
	row["checks"] = card.in("checks").picked("address_line1_check", "address_postal_code_check", "cvc_check")
	tds := card.in("three_d_secure")
	secure := tds.picked("result", "result_reason", "version", "transaction_id")
	secure["flow"], secure["eci"] = tds["authentication_flow"], tds["electronic_commerce_indicator"]
	secure["exemption"], secure["exemption_applied"] = tds["exemption_indicator"], tds["exemption_indicator_applied"]
	row["three_d_secure"] = when(tds["version"] != nil || tds["result"] != nil || tds["authenticated"] != nil, secure)
	plan := card.in("installments", "plan")
	row["installments"] = when(plan["type"] != nil, plan.picked("type", "count", "interval"))
	return when(card["last4"] != nil || card["brand"] != nil, row)
}

func (h *byHand) bnpl(pm object) any {
	provider := h.lookup("bnpl_provider", pm["type"])
	row := object{"provider": provider, "product": pm.at("klarna", "payment_method_category")}
	row["deferred"] = row["product"] != "pay_now"
	row["installments"] = pm.at("alma", "installments", "count")
	row["payer_country"] = pm.at("klarna", "payer_details", "address", "country")
	row["locale"] = pm.at("klarna", "preferred_locale")
	row["provider_reference"] = first(pm.at("affirm", "transaction_id"), pm.at("afterpay_clearpay", "reference"), pm.at("alma", "transaction_id"),
		pm.at("billie", "transaction_id"), pm.at("scalapay", "transaction_id"), pm.at("sunbit", "transaction_id"))
	row["provider_order_id"] = pm.at("afterpay_clearpay", "order_id")
	return when(provider != nil, row)
}

func billing(b object) any {
	row := b.picked("name", "email", "phone", "tax_id")
	row["address"] = address(b.in("address"))
	if row["address"] == nil {
		row["address"] = object{}
	}
	return row
}

func address(a object) any {
	if a == nil {
		return nil
	}
	return a.picked("line1", "line2", "city", "state", "postal_code", "country")
}
