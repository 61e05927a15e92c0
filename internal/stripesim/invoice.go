package stripesim

import "slices"

// An invoice is derived: each charge of a subscription has one, and so has the
// trial that a subscription began with, of zero. Both are finalized at once.
// The list numbers the former as their charges and the latter below zero.
type invoice struct {
	created        int64
	sub            int32
	charge         int32 // none for a trial's
	subtotal       int64 // what the lines cost
	total          int64 // subtotal less the discount
	discount       *discount
	paid           int64 // when it was paid; 0 for never
	voided         int64
	uncollectible  int64
	from, to       int64 // the period that its lines are for
	attempts       int64
	nextAttempt    int64
	isFirst, draft bool
}

// trialInvoice is the list's number of the invoice of a subscription's trial.
func trialInvoice(sub int32) int32 { return -sub - 1 }

// startsFree reports whether a subscription has an invoice before its first
// charge.
func (s *subscription) startsFree() bool { return s.trialEnd > 0 || s.lastCharge == none }

// invoices returns the invoices in order of created.
func (b *business) invoices() roll {
	var numbers []int32
	for n := range b.subs {
		if b.subs[n].startsFree() {
			numbers = append(numbers, trialInvoice(int32(n)))
		}
	}
	for n := range b.charges {
		if b.charges[n].sub != none {
			numbers = append(numbers, int32(n))
		}
	}
	return newRoll(numbers, b.invoiceCreated)
}

func (b *business) invoiceCreated(n int32) int64 {
	if n < 0 {
		return b.subs[-n-1].created
	}
	return b.charges[n].created
}

func (b *business) appendAnyInvoiceID(buf []byte, n int) []byte {
	if n < 0 {
		return b.ids.appendLong(buf, "in_1", idFirstInvoice, b.subs[-n-1].created, -n-1)
	}
	return b.appendInvoiceID(buf, n)
}

// findInvoice returns the list's number of an invoice.
func (b *business) findInvoice(id string) (int32, bool) {
	if n, ok := b.find(idInvoice, b.appendInvoiceID, len(b.charges), id); ok {
		return int32(n), b.charges[n].sub != none
	}
	first := func(buf []byte, n int) []byte { return b.appendAnyInvoiceID(buf, -n-1) }
	n, ok := b.find(idFirstInvoice, first, len(b.subs), id)
	return trialInvoice(int32(n)), ok && b.subs[n].startsFree()
}

// invoiceAt returns an invoice as of a time.
func (b *business) invoiceAt(n int32, at int64) invoice {
	if n < 0 {
		s := &b.subs[-n-1]
		return invoice{created: s.created, sub: -n - 1, charge: none, paid: s.created, from: s.created, to: max(s.trialEnd, s.created), attempts: 0, isFirst: true}
	}
	c := &b.charges[n]
	s := &b.subs[c.sub]
	v := invoice{created: c.created, sub: c.sub, charge: n, total: c.amount, isFirst: c.first, attempts: 1}
	v.from, v.to = s.period(c.created)
	v.discount = b.currentDiscount(s, int(c.sub), c.created)
	v.subtotal = (b.periodCost(s) + 50) / 100
	if v.subtotal == v.total {
		v.discount = nil
	}
	switch {
	case c.state != chargeFailed:
		v.paid = c.created
	case s.status == subExpired && happened(s.ended, at):
		v.voided = s.ended
	case s.status == subUnpaid && happened(b.writtenOffAt(n), at):
		v.uncollectible = b.writtenOffAt(n)
	case s.status == subPastDue:
		v.nextAttempt = c.created + 3*day
	}
	return v
}

// periodCost returns what the items of a subscription cost for a period, in
// hundredths of a minor unit.
func (b *business) periodCost(s *subscription) (hundredths int64) {
	for _, it := range b.items[s.firstItem : s.firstItem+s.items] {
		cost, _ := b.cost(it, s.currency)
		hundredths += cost
	}
	return hundredths
}

// writtenOffAt returns when the merchant gave up an unpaid invoice; 0 for never.
func (b *business) writtenOffAt(n int32) int64 {
	c := &b.charges[n]
	if c.sub == none || c.state != chargeFailed || b.subs[c.sub].status != subUnpaid || !b.cfg.Wide {
		return 0
	}
	return b.later(c.created + 10*day)
}

func (v *invoice) status() string {
	switch {
	case v.draft:
		return "draft"
	case v.paid > 0:
		return "paid"
	case v.voided > 0:
		return "void"
	case v.uncollectible > 0:
		return "uncollectible"
	}
	return "open"
}

// A line is what one item of the subscription costs on an invoice. The lines
// add up to the invoice's subtotal, and their discounts to its discount.
type line struct {
	item, place      int32
	amount, discount int64
}

func (b *business) linesOf(v *invoice) []line {
	s := &b.subs[v.sub]
	lines := make([]line, s.items)
	left, off := v.subtotal, v.subtotal-v.total
	for i := range lines {
		lines[i] = line{item: s.firstItem + int32(i), place: int32(i)}
		cost, ok := b.cost(b.items[s.firstItem+int32(i)], s.currency)
		if !ok || v.subtotal == 0 {
			continue
		}
		lines[i].amount = min(cost/100, left)
		lines[i].discount = lines[i].amount * (v.subtotal - v.total) / v.subtotal
		left, off = left-lines[i].amount, off-lines[i].discount
	}
	for i := range lines { // what rounding left
		if lines[i].amount > 0 || len(lines) == 1 {
			lines[i].amount, lines[i].discount = lines[i].amount+left, lines[i].discount+off
			break
		}
	}
	return lines
}

var invoiceStatuses = []string{"draft", "open", "paid", "uncollectible", "void"}

// invoiceList returns the list of invoices.
func (b *business) invoiceList() *resource {
	r := b.further.invoices()
	render := func(w *writer, n int) { b.renderInvoice(w, int32(n)) }
	res := r.list("invoices", "invoice", b.appendAnyInvoiceID, b.findInvoice, render)
	res.match = func(p, value string, at int64) (matcher, bool) { return b.matchInvoice(r, p, value, at) }
	res.below = map[string]func(k int) *resource{"lines": func(k int) *resource { return b.lineList(r.numbers[k]) }}
	return res
}

func (b *business) matchInvoice(r roll, p, value string, at int64) (matcher, bool) {
	sub := func(n int32) int32 { v := b.invoiceAt(n, at); return v.sub }
	switch p {
	case "customer":
		who, ok := b.findCustomer(value)
		return r.by(func(n int32) bool { return int(b.subs[sub(n)].customer) == who }), ok
	case "subscription":
		wanted, ok := b.findSubscription(value)
		return r.by(func(n int32) bool { return int(sub(n)) == wanted }), ok
	case "collection_method":
		return func(int) bool { return value == "charge_automatically" }, true
	}
	return r.by(func(n int32) bool { v := b.invoiceAt(n, at); return v.status() == value }), true
}

// lineBits of the number in a line's id say which line of its invoice it is.
const lineBits = 6

func (b *business) appendLineID(buf []byte, invoice, place int32) []byte {
	kind, n := idLine, invoice
	if invoice < 0 {
		kind, n = idTrialLine, -invoice-1
	}
	return b.ids.appendLong(buf, "il_1", kind, b.invoiceCreated(invoice), int(n)<<lineBits|int(place))
}

// lineList returns the list of an invoice's lines, in the order in which the
// invoice shows its first ten. Lists run from the highest number down.
func (b *business) lineList(n int32) *resource {
	v := b.invoiceAt(n, unsetNow)
	lines := b.linesOf(&v)
	slices.Reverse(lines)
	id := func(buf []byte, k int) []byte { return b.appendLineID(buf, n, lines[k].place) }
	return &resource{
		name: "invoices/" + string(b.appendAnyInvoiceID(nil, int(n))) + "/lines", object: "line_item", count: len(lines), timeless: true,
		created: func(int) int64 { return v.created }, appendID: id,
		render: func(w *writer, k int) { b.renderLine(w, &v, n, lines[k]) },
		find:   findBy(len(lines), func(k int) string { return string(id(nil, k)) }),
	}
}
