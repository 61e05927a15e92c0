package stripesim

func (b *business) renderSubscription(w *writer, n int) {
	was := b.subAt(n, w.at)
	s := &was
	start, end := s.period(b.now(s, w.at))
	if w.newborn {
		s.status, s.lastCharge = subIncomplete, none
	}
	w.open('{')
	w.ref("id", b.appendSubscriptionID, int32(n))
	w.str("object", "subscription")
	w.nulls("application", "application_fee_percent")
	w.object("automatic_tax")
	w.bool("enabled", false)
	w.null("liability")
	w.end()
	w.int("billing_cycle_anchor", s.firstBilling())
	w.null("billing_thresholds")
	renderCancellation(w, s, start, end)
	w.str("collection_method", "charge_automatically")
	w.int("created", s.created)
	w.str("currency", s.currency.String())
	if w.version < versionBasil {
		w.int("current_period_end", end)
		w.int("current_period_start", start)
	}
	w.ref("customer", b.appendCustomerID, s.customer)
	w.nulls("days_until_due", "default_payment_method", "default_source")
	w.emptyList("default_tax_rates")
	w.null("description")
	if w.version < versionBasil {
		b.renderDiscount(w, b.discountOf(s, n), s.customer, int32(n))
	} else {
		w.emptyList("discounts")
	}
	w.timeOrNull("ended_at", s.ended)
	w.object("invoice_settings")
	w.object("issuer")
	w.str("type", "self")
	w.end()
	w.end()
	b.renderEmbeddedItems(w, n)
	b.renderLatestInvoice(w, s, n)
	w.bool("livemode", false)
	w.object("metadata")
	b.renderRevision(w, idSubscription, n)
	w.end()
	w.nulls("next_pending_invoice_item_invoice", "on_behalf_of")
	b.renderTail(w, s, n)
	w.end()
}

// renderTail writes what follows on_behalf_of.
func (b *business) renderTail(w *writer, s *subscription, n int) {
	if s.onHold {
		w.object("pause_collection")
		w.str("behavior", b.heldInvoices(n))
		w.null("resumes_at")
		w.end()
	} else {
		w.null("pause_collection")
	}
	w.object("payment_settings")
	w.nulls("payment_method_options", "payment_method_types")
	w.str("save_default_payment_method", "off")
	w.end()
	w.nulls("pending_invoice_item_interval", "pending_setup_intent", "pending_update")
	b.renderOnlyItem(w, s)
	w.null("schedule")
	w.int("start_date", s.created)
	w.str("status", s.status.String())
	w.nulls("test_clock", "transfer_data")
	w.timeOrNull("trial_end", s.trialEnd)
	w.object("trial_settings")
	w.object("end_behavior")
	w.str("missing_payment_method", s.missingMethod())
	w.end()
	w.end()
	if s.trialEnd == 0 {
		w.null("trial_start")
	} else {
		w.int("trial_start", s.created)
	}
}

// renderOnlyItem writes plan and quantity. Stripe: only a subscription with one
// item has them, in no published schema but in every response.
func (b *business) renderOnlyItem(w *writer, s *subscription) {
	if s.items != 1 {
		w.nulls("plan", "quantity")
		return
	}
	it := &b.items[s.firstItem]
	w.key("plan")
	b.renderPlan(w, int(it.price))
	w.int("quantity", int64(it.quantity))
}

// heldInvoices returns what happens to invoices while a subscription is on
// hold.
func (b *business) heldInvoices(n int) string {
	if b.cfg.Pricing && n%2 == 0 {
		return "void"
	}
	return "keep_as_draft"
}

// now returns the time whose billing period the subscription shows: at, or its
// end if it has ended.
func (b *business) now(s *subscription, at int64) int64 {
	if s.ended > 0 {
		return s.ended
	}
	return min(at, b.renews)
}

func (s *subscription) missingMethod() string {
	if s.status == subPaused {
		return "pause"
	}
	return "create_invoice"
}

func renderCancellation(w *writer, s *subscription, start, end int64) {
	canceled, cancelAt, reason := int64(0), int64(0), ""
	switch {
	case s.status == subCanceled:
		canceled, reason = s.ended, "cancellation_requested"
	case s.leaving:
		// Stripe: canceled_at is when it was asked for, cancel_at when it takes effect.
		canceled, cancelAt, reason = start, end, "cancellation_requested"
	}
	w.timeOrNull("cancel_at", cancelAt)
	w.bool("cancel_at_period_end", s.leaving)
	w.timeOrNull("canceled_at", canceled)
	w.object("cancellation_details")
	w.nulls("comment", "feedback")
	w.strOrNull("reason", reason)
	w.end()
}

// embeddedItems is the number of items that a subscription shows. The rest are
// under its items' url. Stripe: ten.
const embeddedItems = 10

func (b *business) renderEmbeddedItems(w *writer, n int) {
	s := &b.subs[n]
	w.embed("items", int(s.items), func(i int) { b.renderItem(w, int(s.firstItem)+i) })
	w.int("total_count", int64(s.items))
	w.quote("url")
	w.buf = b.appendSubscriptionID(append(w.buf, "/v1/subscription_items?subscription="...), n)
	w.unquote()
	w.end()
}

func (b *business) renderItem(w *writer, n int) {
	it := &b.items[n]
	w.open('{')
	w.ref("id", b.appendItemID, int32(n))
	w.str("object", "subscription_item")
	w.null("billing_thresholds")
	w.int("created", b.subs[it.sub].created)
	if w.version >= versionBasil {
		s := b.subAt(int(it.sub), w.at)
		start, end := s.period(b.now(&s, w.at))
		w.int("current_period_end", end)
		w.int("current_period_start", start)
	}
	w.emptyObject("metadata")
	w.key("plan")
	b.renderPlan(w, int(it.price))
	w.key("price")
	b.renderPrice(w, int(it.price))
	if it.quantity > 0 {
		w.int("quantity", int64(it.quantity)) // Stripe: absent from a metered item
	}
	w.ref("subscription", b.appendSubscriptionID, it.sub)
	w.emptyList("tax_rates")
	w.end()
}

// renderLatestInvoice writes latest_invoice. Before the first charge it is the
// trial's, of zero.
func (b *business) renderLatestInvoice(w *writer, s *subscription, n int) {
	if s.lastCharge != none {
		w.ref("latest_invoice", b.appendInvoiceID, s.lastCharge)
		return
	}
	w.quote("latest_invoice")
	w.buf = b.ids.appendLong(w.buf, "in_1", idFirstInvoice, s.created, n)
	w.unquote()
}
