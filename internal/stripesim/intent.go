package stripesim

// Payment intents are derived: each charge has one, unless it was made without,
// and some were abandoned before there was a charge. The list numbers the
// former as their charges and the latter below zero.

// abandonIntents returns the orders that nobody paid, oldest first. They come
// from a stream of their own.
func (b *business) abandonIntents() []charge {
	r := streamAbandoned.rand(b.cfg.Seed)
	var orders []charge
	for _, at := range b.plan.draw(r, 12+b.cfg.Charges/20, 3) {
		who := none
		if arrived := countUntil(b.customers, at, func(c *customer) int64 { return c.created }); percent(r, 70) && arrived > 0 {
			who = int32(r.IntN(arrived))
		}
		c := b.newOrder(r, at, b.plan.progress(at), who, noMethod)
		if c.state = chargeFailed; at <= b.truncatedAt {
			orders = append(orders, c)
		}
	}
	return orders
}

// intents returns the payment intents in order of created.
func (b *business) intents() roll {
	var numbers []int32
	for n := range b.charges {
		if b.intentOf(int32(n)) != none {
			numbers = append(numbers, int32(n))
		}
	}
	for k := range b.further.abandoned() {
		numbers = append(numbers, int32(-k-1))
	}
	return newRoll(numbers, func(n int32) int64 { return b.orderOf(n).created })
}

// orderOf returns the charge of an intent, or what an abandoned one would have
// charged.
func (b *business) orderOf(n int32) *charge {
	if n < 0 {
		return &b.further.abandoned()[-n-1]
	}
	return &b.charges[n]
}

// diceOfIntent decide what is in the basket.
func (b *business) diceOfIntent(n int32) dice {
	if n < 0 {
		return b.diceOf(idAbandoned, int(-n-1))
	}
	return b.diceOf(idIntent, int(n))
}

func (b *business) appendAnyIntentID(buf []byte, n int) []byte {
	if n < 0 {
		return b.ids.appendLong(buf, "pi_3", idAbandoned, b.orderOf(int32(n)).created, -n-1)
	}
	return b.appendIntentID(buf, n)
}

// findAnyIntent returns the list's number of an intent.
func (b *business) findAnyIntent(id string) (int32, bool) {
	if n, ok := b.findIntent(id); ok {
		return int32(n), true
	}
	k, ok := b.find(idAbandoned, func(buf []byte, k int) []byte { return b.appendAnyIntentID(buf, -k-1) }, len(b.further.abandoned()), id)
	return int32(-k - 1), ok
}

// abandonedSpan is how long an order can still be paid.
const abandonedSpan = 24 * hour

// givenUpAt returns when an abandoned intent was canceled; 0 for never. One of
// three stays open.
func (b *business) givenUpAt(n int32) int64 {
	if n >= 0 || b.diceOfIntent(n).oneIn(dFirst, 3) {
		return 0
	}
	return b.later(b.orderOf(n).created + abandonedSpan)
}

// intentAt returns the charge of an intent as of a time, and the status of the
// intent.
func (b *business) intentAt(n int32, at int64) (c charge, status string) {
	if n < 0 {
		c = *b.orderOf(n)
		switch {
		case happened(b.givenUpAt(n), at):
			return c, "canceled"
		case c.method.bnpl():
			return c, "requires_action"
		}
		return c, "requires_payment_method"
	}
	c = b.chargeAt(int(n), at)
	return c, [...]string{
		chargePaid: "succeeded", chargeAuthorised: "requires_capture", chargeExpired: "canceled", chargePending: "processing",
		chargeFailed: "requires_payment_method",
	}[c.state]
}

// intentList returns the list of payment intents.
func (b *business) intentList() *resource {
	r := b.further.intents()
	res := r.list("payment_intents", "payment_intent", b.appendAnyIntentID, b.findAnyIntent, b.renderIntent)
	res.match = func(_, value string, _ int64) (matcher, bool) {
		who, ok := b.findCustomer(value)
		return r.by(func(n int32) bool { return int(b.orderOf(n).customer) == who }), ok
	}
	res.below = map[string]func(k int) *resource{"amount_details_line_items": func(k int) *resource { return b.basketList(r.numbers[k]) }}
	return res
}

// basketList returns the list of what an order is made of. Lists run from the
// highest number down.
func (b *business) basketList(n int32) *resource {
	c := b.orderOf(n)
	var lines []basketLine
	if c.sub == none {
		lines = b.diceOfIntent(n).basketOf(c.amount)
	}
	last := len(lines) - 1
	return &resource{
		name: "payment_intents/" + string(b.appendAnyIntentID(nil, int(n))) + "/amount_details_line_items", timeless: true, since: versionBasil,
		object: "payment_intent_amount_details_line_item", count: len(lines), created: func(int) int64 { return c.created },
		render: func(w *writer, k int) { b.renderBasketLine(w, n, last-k, &lines[last-k]) },
		find:   findBy(len(lines), func(k int) string { return b.basketLineID(n, last-k) }),
	}
}

func (b *business) basketLineID(n int32, place int) string {
	kind := idBasketLine
	if n < 0 {
		kind, n = idAbandonedLine, -n-1
	}
	return string(b.ids.appendLong(nil, "uli_1", kind, b.tl.from, int(n)<<lineBits|place))
}

// intentHappenings are the events of payment intents. Stripe: there is none for
// an update.
func intentHappenings() []happening {
	charges := func(b *business) int { return len(b.charges) }
	render := func(b *business, w *writer, n int) { b.renderIntent(w, n) }
	of := func(event string, at func(b *business, c *charge, n int) int64) happening {
		return once(event, charges, func(b *business, n int) int64 {
			if b.intentOf(int32(n)) == none {
				return 0
			}
			return at(b, &b.charges[n], n)
		}, render)
	}
	in := func(state chargeState) func(b *business, c *charge, n int) int64 {
		return func(_ *business, c *charge, _ int) int64 {
			if c.state != state {
				return 0
			}
			return max(c.created, c.capture)
		}
	}
	dropped := func(event string, at func(b *business, n int32) int64) happening {
		count := func(b *business) int { return len(b.further.abandoned()) }
		return once(event, count, func(b *business, k int) int64 { return at(b, int32(-k-1)) }, func(b *business, w *writer, k int) { b.renderIntent(w, -k-1) })
	}
	return []happening{
		of("payment_intent.created", func(_ *business, c *charge, _ int) int64 { return c.created }),
		of("payment_intent.succeeded", in(chargePaid)), of("payment_intent.payment_failed", in(chargeFailed)),
		of("payment_intent.canceled", in(chargeExpired)), of("payment_intent.processing", in(chargePending)),
		of("payment_intent.amount_capturable_updated", func(_ *business, c *charge, _ int) int64 {
			if c.capture == 0 && c.state != chargeAuthorised {
				return 0
			}
			return c.created
		}),
		dropped("payment_intent.created", func(b *business, n int32) int64 { return b.orderOf(n).created }),
		dropped("payment_intent.requires_action", func(b *business, n int32) int64 {
			if c := b.orderOf(n); c.method.bnpl() {
				return c.created
			}
			return 0
		}),
		dropped("payment_intent.canceled", (*business).givenUpAt),
	}
}
