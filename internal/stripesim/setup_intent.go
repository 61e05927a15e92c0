package stripesim

// Setup intents are derived. A subscription that began with a trial has one,
// for the card that it will be charged to; some customers gave a card, or began
// to, without buying. The list numbers the former as their subscriptions and
// the latter below zero, by customer.

const setupShare = 25 // one of so many customers

func (b *business) setups() roll {
	var numbers []int32
	for n := range b.subs {
		if b.subs[n].trialEnd > 0 {
			numbers = append(numbers, int32(n))
		}
	}
	for n := range b.customers {
		if b.setUpAt(int32(-n-1)) > 0 {
			numbers = append(numbers, int32(-n-1))
		}
	}
	return newRoll(numbers, b.setUpAt)
}

// setUpAt returns when a setup intent was created, or 0.
func (b *business) setUpAt(n int32) int64 {
	if n >= 0 {
		return b.subs[n].created
	}
	c := &b.customers[-n-1]
	if !b.diceOf(idSetup, int(-n-1)).oneIn(dFirst, setupShare) {
		return 0
	}
	if at := b.afterwards(idSetup, int(-n-1), c.created, 60*day); c.deleted == 0 || at < c.deleted {
		return at
	}
	return 0
}

// setUpEnds returns when a customer's setup intent was canceled; 0 for never.
func (b *business) setUpEnds(n int32) int64 {
	at := int64(0)
	if n < 0 && b.diceOf(idSetup, int(-n-1)).n(dLast, 3) == 0 {
		at = b.setUpAt(n)
	}
	if at == 0 {
		return 0
	}
	return b.later(at + 2*day)
}

func (b *business) setUpStatus(n int32, at int64) string {
	switch {
	case n >= 0 || b.diceOf(idSetup, int(-n-1)).n(dLast, 3) == 1:
		return "succeeded"
	case happened(b.setUpEnds(n), at):
		return "canceled"
	}
	return "requires_payment_method"
}

func (b *business) appendSetupID(buf []byte, n int) []byte {
	if n < 0 {
		return b.ids.appendLong(buf, "seti_1", idCustomerSetup, b.customers[-n-1].created, -n-1)
	}
	return b.ids.appendLong(buf, "seti_1", idSetup, b.subs[n].created, n)
}

func (b *business) findSetup(id string) (int32, bool) {
	if n, ok := b.find(idSetup, b.appendSetupID, len(b.subs), id); ok {
		return int32(n), b.subs[n].trialEnd > 0
	}
	k, ok := b.find(idCustomerSetup, func(buf []byte, k int) []byte { return b.appendSetupID(buf, -k-1) }, len(b.customers), id)
	return int32(-k - 1), ok && b.setUpAt(int32(-k-1)) > 0
}

func (b *business) setUpCustomer(n int32) int32 {
	if n < 0 {
		return -n - 1
	}
	return b.subs[n].customer
}

func (b *business) setupList() *resource {
	r := b.further.setups()
	res := r.list("setup_intents", "setup_intent", b.appendSetupID, b.findSetup, b.renderSetup)
	res.match = func(_, value string, _ int64) (matcher, bool) {
		who, ok := b.findCustomer(value)
		return r.by(func(n int32) bool { return int(b.setUpCustomer(n)) == who }), ok
	}
	return res
}

func (b *business) renderSetup(w *writer, number int) {
	n := int32(number)
	status, who, later := b.setUpStatus(n, w.at), b.setUpCustomer(n), w.version >= versionBasil
	id := string(b.appendSetupID(nil, number))
	w.open('{')
	w.str("id", id)
	w.str("object", "setup_intent")
	w.nulls("application", "automatic_payment_methods")
	if status == "canceled" {
		w.str("cancellation_reason", "abandoned")
	} else {
		w.null("cancellation_reason")
	}
	w.str("client_secret", b.secretOf(id, b.diceOf(idSetup, max(number, -number))))
	w.int("created", b.setUpAt(n))
	w.refOr("customer", b.appendCustomerID, who, b.renderCustomer)
	if later {
		w.null("customer_account")
	}
	w.null("description")
	if later {
		w.null("excluded_payment_method_types")
	}
	w.nulls("flow_directions", "last_setup_error", "latest_attempt")
	w.bool("livemode", false)
	w.null("mandate")
	w.emptyObject("metadata")
	w.nulls("next_action", "on_behalf_of")
	if status == "succeeded" {
		w.str("payment_method", string(b.ids.appendLong(nil, "pm_1", idPaymentMethod, b.customers[who].created, int(who)<<1)))
	} else {
		w.null("payment_method")
	}
	w.null("payment_method_configuration_details")
	w.object("payment_method_options")
	w.object("card")
	w.nulls("mandate_options", "network")
	w.str("request_three_d_secure", "automatic")
	w.end()
	w.end()
	w.list("payment_method_types")
	w.line()
	w.buf = appendQuoted(w.buf, "card")
	w.endList()
	w.null("single_use_mandate")
	w.str("status", status)
	w.str("usage", "off_session")
	w.end()
}

func setupHappenings() []happening {
	subs := func(event string) happening {
		return once(event, func(b *business) int { return len(b.subs) }, func(b *business, n int) int64 {
			if b.subs[n].trialEnd == 0 {
				return 0
			}
			return b.subs[n].created
		}, func(b *business, w *writer, n int) { b.renderSetup(w, n) })
	}
	customers := func(event string, of func(b *business, n int32) int64) happening {
		return once(event, func(b *business) int { return len(b.customers) }, func(b *business, k int) int64 { return of(b, int32(-k-1)) },
			func(b *business, w *writer, k int) { b.renderSetup(w, -k-1) })
	}
	return []happening{
		subs("setup_intent.created"), subs("setup_intent.succeeded"), customers("setup_intent.created", (*business).setUpAt),
		customers("setup_intent.succeeded", func(b *business, n int32) int64 {
			if b.setUpStatus(n, 0) != "succeeded" {
				return 0
			}
			return b.setUpAt(n)
		}),
		customers("setup_intent.canceled", (*business).setUpEnds),
	}
}
