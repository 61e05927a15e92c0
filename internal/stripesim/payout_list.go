package stripesim

import "strconv"

var payoutStatuses = []string{"pending", "in_transit", "paid", "canceled", "failed"}

// payoutList returns the list of payouts.
func (b *business) payoutList() *resource {
	return &resource{
		name: "payouts", params: paramsOf("payouts"), object: "payout", count: len(b.payouts), render: b.renderPayout,
		expands: expandsOf["payouts"], created: func(n int) int64 { return b.payouts[n].created }, appendID: b.appendPayoutID,
		find: b.findPayout, match: b.matchPayout,
	}
}

func (b *business) matchPayout(p, value string, at int64) (matcher, bool) {
	switch p {
	case "status":
		return func(n int) bool { was := b.payoutAt(n, at); return b.payoutStatus(&was, at) == value }, true
	case "destination":
		return func(n int) bool { return string(b.appendBankID(nil, int(b.payouts[n].currency))) == value }, true
	}
	bound, err := strconv.ParseInt(value, 10, 64)
	return func(n int) bool { return compares(p, b.payouts[n].arrival(), bound) }, err == nil
}

// compares reports whether a time is inside the bound that a filter such as
// arrival_date[gte] names.
func compares(filter string, at, bound int64) bool {
	switch filter[max(len(filter)-4, 0):] {
	case "[gt]":
		return at > bound
	case "[lt]":
		return at < bound
	case "gte]":
		return at >= bound
	case "lte]":
		return at <= bound
	}
	return at == bound
}

// matchHeld filters balance transactions by the payout that holds them. Stripe:
// only automatic payouts have any, all of them once the payout is reconciled.
// Before that this server shows every second one.
func (b *business) matchHeld(id string, at int64) (matcher, bool) {
	po, ok := b.findPayout(id)
	if !ok || b.payouts[po].created > at {
		return nil, false
	}
	p := &b.payouts[po]
	whole := happened(b.reconciledAt(p), at)
	return func(n int) bool {
		return !p.manual && int(b.payoutOf(&b.txns[n])) == po && (whole || n%2 == 0)
	}, true
}

func (b *business) renderPayout(w *writer, n int) {
	p := b.payoutAt(n, w.at)
	own, back := b.payoutMoney(n, w.at)
	w.open('{')
	w.ref("id", b.appendPayoutID, int32(n))
	w.str("object", "payout")
	w.int("amount", p.amount)
	if w.version >= versionBasil {
		w.nulls("application_fee", "application_fee_amount")
	}
	w.int("arrival_date", p.arrival())
	w.bool("automatic", !p.manual)
	w.refOr("balance_transaction", b.appendTxnID, own, b.renderTxn)
	w.int("created", p.created)
	w.str("currency", p.currency.String())
	w.str("description", "STRIPE PAYOUT")
	w.ref("destination", b.appendBankID, int32(p.currency))
	w.refOr("failure_balance_transaction", b.appendTxnID, back, b.renderTxn)
	if p.failed > 0 {
		w.str("failure_code", "account_closed")
		w.str("failure_message", "The bank account has been closed.")
	} else {
		w.nulls("failure_code", "failure_message")
	}
	w.bool("livemode", false)
	w.emptyObject("metadata")
	w.str("method", [...]string{"standard", "instant"}[btoi(p.instant)])
	w.null("original_payout")
	if w.version >= versionBasil {
		w.null("payout_method")
	}
	w.str("reconciliation_status", b.reconciliation(&p, w.at))
	w.null("reversed_by")
	w.str("source_type", "card")
	w.null("statement_descriptor")
	w.str("status", b.payoutStatus(&p, w.at))
	if w.version >= versionBasil {
		b.renderTrace(w, &p, n)
	}
	w.str("type", "bank_account")
	w.end()
}

// payoutMoney returns the balance transactions that took the money and that
// brought it back; none where there is none.
func (b *business) payoutMoney(n int, at int64) (own, back int32) {
	own, back = none, none
	for _, k := range b.movedUntil(idPayout, n, at) {
		if b.txns[k].entry == entryPayout {
			own = k
		} else {
			back = k
		}
	}
	return own, back
}

func (b *business) reconciliation(p *payout, at int64) string {
	switch {
	case p.manual:
		return "not_applicable"
	case happened(b.reconciledAt(p), at):
		return "completed"
	}
	return "in_progress"
}

func (b *business) renderTrace(w *writer, p *payout, n int) {
	w.object("trace_id")
	if happened(b.later(p.arrival()), w.at) {
		w.str("status", "supported")
		w.str("value", string(appendDigits(nil, b.diceOf(idPayout, n).n(dFingerprint, 1_000_000_000), 15)))
	} else {
		w.str("status", "pending")
		w.null("value")
	}
	w.end()
}

// appendBankID appends the id of the bank account of a currency.
func (b *business) appendBankID(buf []byte, c int) []byte {
	return b.ids.appendLong(buf, "ba_1", idBank, b.tl.from, c)
}

// payoutHappenings are the events of payouts. Stripe: reconciliation has an
// event of its own.
func payoutHappenings() []happening {
	each := func(event string, of func(b *business, p *payout) int64) happening {
		count := func(b *business) int { return len(b.payouts) }
		return once(event, count, func(b *business, n int) int64 { return of(b, &b.payouts[n]) }, func(b *business, w *writer, n int) { b.renderPayout(w, n) })
	}
	return []happening{
		each("payout.created", func(_ *business, p *payout) int64 { return p.created }),
		each("payout.updated", func(b *business, p *payout) int64 {
			if p.instant {
				return 0
			}
			return b.later(p.created + payoutSent)
		}),
		each("payout.paid", func(b *business, p *payout) int64 { return b.later(p.arrival()) }),
		each("payout.failed", func(_ *business, p *payout) int64 { return p.failed }),
		each("payout.reconciliation_completed", func(b *business, p *payout) int64 { return b.reconciledAt(p) }),
	}
}
