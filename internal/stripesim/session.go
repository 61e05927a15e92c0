package stripesim

// Checkout sessions are derived from payment intents. One of three orders was
// paid through a session, and half of the abandoned ones began one. The first
// charge of a subscription had one too. They have the numbers of their intents.

const sessionShare = 3

// hasSession reports whether an intent belongs to a session.
func (b *business) hasSession(n int32) bool {
	d := b.diceOfIntent(n)
	switch {
	case n < 0:
		return d.oneIn(dSession, 2)
	case b.charges[n].sub != none:
		return b.charges[n].first && b.charges[n].state != chargeFailed && d.oneIn(dSession, 2)
	}
	return b.charges[n].state != chargeFailed && b.charges[n].state != chargePending && d.oneIn(dSession, sessionShare)
}

func (b *business) sessions() roll {
	all := b.further.intents()
	var numbers []int32
	for _, n := range all.numbers {
		if b.hasSession(n) {
			numbers = append(numbers, n)
		}
	}
	return newRoll(numbers, all.created)
}

func (b *business) appendSessionID(buf []byte, n int) []byte {
	kind, k := idSession, n
	if n < 0 {
		kind, k = idOpenSession, -n-1
	}
	return b.ids.appendLong(buf, "cs_test_a1", kind, b.orderOf(int32(n)).created, k)
}

func (b *business) findSession(id string) (int32, bool) {
	if n, ok := b.find(idSession, b.appendSessionID, len(b.charges), id); ok {
		return int32(n), true
	}
	k, ok := b.find(idOpenSession, func(buf []byte, k int) []byte { return b.appendSessionID(buf, -k-1) }, len(b.further.abandoned()), id)
	return int32(-k - 1), ok
}

// expiredAt returns when a session expired; 0 for one that was completed.
func (b *business) expiredAt(n int32) int64 {
	if n >= 0 {
		return 0
	}
	return b.later(b.orderOf(n).created + abandonedSpan)
}

func (b *business) sessionStatus(n int32, at int64) string {
	switch {
	case n >= 0:
		return "complete"
	case happened(b.expiredAt(n), at):
		return "expired"
	}
	return "open"
}

var sessionStatuses = []string{"open", "complete", "expired"}

func (b *business) sessionList() *resource {
	r := b.further.sessions()
	res := r.list("checkout/sessions", "checkout.session", b.appendSessionID, b.findSession, b.renderSession)
	res.match = func(p, value string, at int64) (matcher, bool) { return b.matchSession(r, p, value, at) }
	res.below = map[string]func(k int) *resource{"line_items": func(k int) *resource { return b.sessionLineList(r.numbers[k]) }}
	return res
}

func (b *business) matchSession(r roll, p, value string, at int64) (matcher, bool) {
	switch p {
	case "status":
		return r.by(func(n int32) bool { return b.sessionStatus(n, at) == value }), true
	case "payment_intent":
		wanted, ok := b.findAnyIntent(value)
		return r.by(func(n int32) bool { return n == wanted }), ok
	case "subscription":
		sub, ok := b.findSubscription(value)
		return r.by(func(n int32) bool { return n >= 0 && int(b.charges[n].sub) == sub }), ok
	}
	who, ok := b.findCustomer(value)
	return r.by(func(n int32) bool { return int(b.orderOf(n).customer) == who }), ok
}

// A sessionLine is a line of a session: a thing in the basket, or an item of
// the subscription.
type sessionLine struct {
	basketLine
	price int32 // none for a price that was made for the session
}

func (b *business) sessionLines(n int32) []sessionLine {
	c := b.orderOf(n)
	var lines []sessionLine
	if c.sub == none {
		for _, l := range b.diceOfIntent(n).basketOf(c.amount) {
			lines = append(lines, sessionLine{l, none})
		}
		return lines
	}
	v := b.invoiceAt(n, unsetNow)
	for _, l := range b.linesOf(&v) {
		it := &b.items[l.item]
		line := basketLine{name: b.productName(b.prices[it.price].product), quantity: int64(max(it.quantity, 1)), unit: l.amount, discount: l.discount}
		lines = append(lines, sessionLine{line, it.price})
	}
	return lines
}

// amount returns the subtotal of a line. That of a subscription's item is in
// unit already.
func (l *sessionLine) amount() int64 {
	if l.price != none {
		return l.unit
	}
	return l.subtotal()
}

func (b *business) sessionLineList(n int32) *resource {
	lines := b.sessionLines(n)
	last := len(lines) - 1
	return &resource{
		name: "checkout/sessions/" + string(b.appendSessionID(nil, int(n))) + "/line_items", timeless: true, object: "item",
		count: len(lines), created: func(int) int64 { return b.orderOf(n).created },
		render: func(w *writer, k int) { b.renderSessionLine(w, n, last-k, &lines[last-k]) },
		find:   findBy(len(lines), func(k int) string { return b.sessionLineID(n, last-k) }),
	}
}

func (b *business) sessionLineID(n int32, place int) string {
	kind := idSessionLine
	if n < 0 {
		kind, n = idOpenSessionLine, -n-1
	}
	return string(b.ids.appendLong(nil, "li_1", kind, b.tl.from, int(n)<<lineBits|place))
}

// sessionHappenings are the events of sessions. Stripe: there is none when a
// session begins or is updated.
func sessionHappenings() []happening {
	completed := once("checkout.session.completed", func(b *business) int { return len(b.charges) }, func(b *business, n int) int64 {
		if b.intentOf(int32(n)) == none || !b.hasSession(int32(n)) {
			return 0
		}
		return b.charges[n].created
	}, func(b *business, w *writer, n int) { b.renderSession(w, n) })
	expired := once("checkout.session.expired", func(b *business) int { return len(b.further.abandoned()) }, func(b *business, k int) int64 {
		if !b.hasSession(int32(-k - 1)) {
			return 0
		}
		return b.expiredAt(int32(-k - 1))
	}, func(b *business, w *writer, k int) { b.renderSession(w, -k-1) })
	return []happening{completed, expired}
}
