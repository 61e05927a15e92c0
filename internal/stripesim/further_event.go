package stripesim

import "slices"

// A happening is an event about an object beyond the six, or one that the six
// did not have at first. The events of [Config.Wide] are all happenings, so
// that the bytes of the others do not depend on it.
type happening struct {
	event  string
	count  func(b *business) int // of the records that it can happen to
	times  func(b *business, n int, emit func(at int64))
	render func(b *business, w *writer, c change)
	since  string // the first version of the account whose events have it; "" for all
}

// once is a happening that a record has at most once; of returns 0 for never.
func once(event string, count func(b *business) int, of func(b *business, n int) int64, render func(b *business, w *writer, n int)) happening {
	return happening{
		event: event, count: count, times: func(b *business, n int, emit func(at int64)) { emit(of(b, n)) },
		render: func(b *business, w *writer, c change) { render(b, w, int(c.n)) },
	}
}

// happeningBits of a change's k count how often something happened to one
// object; the rest is the number of what happened.
const happeningBits = 6

func (c change) happening() int { return int(c.k >> happeningBits) }

// happenings are in the order in which they were written: their numbers are
// part of ids.
var happenings []happening

// It is filled here because the renderers refer to events' own tables.
func init() {
	happenings = slices.Concat(disputeHappenings(), payoutHappenings(), productHappenings(), couponHappenings(), promotionHappenings(),
		invoiceHappenings(), intentHappenings(), sessionHappenings(), setupHappenings(),
		transferHappenings(), applicationFeeHappenings(), creditNoteHappenings())
}

// eachHappening emits all of them, if Config.Wide says so.
func (b *business) eachHappening(emit func(change)) {
	if !b.cfg.Wide {
		return
	}
	for what, h := range happenings {
		for n := range h.count(b) {
			b.happen(what, n, emit)
		}
	}
}

// happen emits one kind of happening of one record.
func (b *business) happen(what, n int, emit func(change)) {
	index := 0
	happenings[what].times(b, n, func(at int64) {
		if at > 0 && happenings[what].since <= b.cfg.EventVersion {
			emit(change{at: at, n: int32(n), k: uint16(what<<happeningBits | index), kind: furtherHappened})
		}
		index++
	})
}

// happeningsOf emits those among which is the one that an event's id names.
func (b *business) happeningsOf(wanted change, emit func(change)) {
	what := wanted.happening()
	if b.cfg.Wide && what < len(happenings) && int(wanted.n) < happenings[what].count(b) {
		b.happen(what, int(wanted.n), emit)
	}
}

// disputeHappenings are the events of disputes that the first simulator did not
// have.
func disputeHappenings() []happening {
	render := func(b *business, w *writer, n int) { b.renderDispute(w, n, true) }
	return []happening{once("charge.dispute.updated", func(b *business) int { return len(b.disputes) }, (*business).submittedAt, render)}
}
