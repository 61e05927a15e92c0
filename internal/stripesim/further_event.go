package stripesim

import "slices"

// A happening is an event about an object beyond the six, or one that the six
// did not have at first. The events of [Config.Wide] are all happenings, so
// that the bytes of the others do not depend on it.
type happening struct {
	event string
	// times calls emit for each object that it happened to; index counts how
	// often it happened to the same one.
	times  func(b *business, emit func(n int, index int, at int64))
	render func(b *business, w *writer, c change)
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
	happenings = slices.Concat(
		[]happening{{"charge.dispute.updated", (*business).disputesUpdated, func(b *business, w *writer, c change) { b.renderDispute(w, int(c.n), true) }}},
		payoutHappenings(),
	)
}

// eachHappening emits all of them, if Config.Wide says so.
func (b *business) eachHappening(emit func(change)) {
	if !b.cfg.Wide {
		return
	}
	for what, h := range happenings {
		h.times(b, func(n, index int, at int64) {
			if at > 0 {
				emit(change{at: at, n: int32(n), k: uint16(what<<happeningBits | index), kind: furtherHappened})
			}
		})
	}
}

// happeningsOf emits the one that an event's id names.
func (b *business) happeningsOf(wanted change, emit func(change)) {
	if !b.cfg.Wide || wanted.happening() >= len(happenings) {
		return
	}
	happenings[wanted.happening()].times(b, func(n, index int, at int64) {
		if int32(n) == wanted.n && index == int(wanted.k)&(1<<happeningBits-1) && at > 0 {
			emit(change{at: at, n: wanted.n, k: wanted.k, kind: furtherHappened})
		}
	})
}

func (b *business) disputesUpdated(emit func(n, index int, at int64)) {
	for n := range b.disputes {
		emit(n, 0, b.submittedAt(n))
	}
}
