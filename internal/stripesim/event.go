package stripesim

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// API versions in which Stripe changed what a reader sees of events. Stripe:
// data.object is rendered in the account's version, whatever version the
// request asks for.
const (
	versionRequestObject     = "2017-05-25"        // before it, request is a string
	versionRefundsUnexpanded = "2022-11-15"        // before it, a charge shows its refunds
	versionAcacia            = "2024-10-28.acacia" // since it, every refund has refund.* events
	versionBasil             = "2025-03-31.basil"  // since it, items have the periods, and charges have no invoice
)

// maxTypes is the number of names that Stripe's types[] takes.
const maxTypes = 20

// eventType returns the type of a change's event.
func (b *business) eventType(c change) string {
	switch c.kind {
	case furtherHappened:
		return happenings[c.happening()].event
	case chargeCreated:
		return "charge." + b.charges[c.n].status()
	case chargeSettled:
		if b.charges[c.n].state == chargeExpired {
			return "charge.expired"
		}
		return "charge.captured"
	}
	return eventTypes[c.kind]
}

var eventTypes = [changeKinds]string{
	chargeEdited: "charge.updated", chargeRefunded: "charge.refunded", refundMoved: "charge.refund.updated",
	refundEdited: "charge.refund.updated", refundCreated: "refund.created", refundUpdated: "refund.updated",
	disputeCreated: "charge.dispute.created", disputeWithdrawn: "charge.dispute.funds_withdrawn",
	disputeClosed: "charge.dispute.closed", disputeReinstated: "charge.dispute.funds_reinstated",
	subCreated: "customer.subscription.created", subUpdated: "customer.subscription.updated",
	subPausedNow: "customer.subscription.paused", subTrialEnds: "customer.subscription.trial_will_end",
	subDeleted: "customer.subscription.deleted", subEdited: "customer.subscription.updated",
	customerCreated: "customer.created", customerUpdated: "customer.updated", customerDeleted: "customer.deleted", customerEdited: "customer.updated",
	priceCreated: "price.created", priceUpdated: "price.updated", priceEdited: "price.updated", priceDeleted: "price.deleted",
}

// events returns the list of the events that can be read at now.
func (b *business) events(now int64) *resource {
	log := b.log(now)
	return &resource{
		name: "events", object: "event", count: len(log.changes), oldest: now - eventSpan,
		params:   []param{{name: "delivery_success", values: []string{"true", "false"}}, {name: "type"}},
		created:  func(n int) int64 { return log.changes[n].at },
		render:   func(w *writer, n int) { b.renderEvent(w, log.changes[n]) },
		appendID: func(buf []byte, n int) []byte { return b.appendEventID(buf, log.changes[n]) },
		find:     func(id string) (int, bool) { return b.findEvent(log, id) },
		match: func(p, value string, _ int64) (matcher, bool) {
			if p == "delivery_success" {
				return func(int) bool { return value == "true" }, true // there are no webhooks, so no delivery fails
			}
			return func(n int) bool { return ofType(b.eventType(log.changes[n]), value) }, true
		},
		matchAny: func(types []string) matcher {
			return func(n int) bool { return slices.Contains(types, b.eventType(log.changes[n])) }
		},
	}
}

// ofType reports whether a type matches a pattern. Stripe: a type may end with
// a wildcard, which also matches longer names: charge.* matches
// charge.dispute.created.
func ofType(name, pattern string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(name, prefix)
	}
	return name == pattern
}

var typesParam = regexp.MustCompile(`^types\[[0-9]*\]$`)

func isTypes(name string) bool { return typesParam.MatchString(name) }

// setTypes adds a filter for any of several types.
func (q *query) setTypes(res *resource, values url.Values) *apiError {
	var types []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if isTypes(name) {
			types = append(types, values[name]...)
		}
	}
	switch {
	case len(types) > maxTypes:
		return errParam("", "types", "You may pass up to 20 event types.")
	case values.Has("type"):
		return errParam("parameters_exclusive", "types", "You may only specify one of these parameters: type, types.")
	}
	q.matchers = append(q.matchers, res.matchAny(types))
	return nil
}

// appendEventID appends the id of a change's event. Stripe: the order of events
// does not follow from their ids, although the ids look as if it did.
func (b *business) appendEventID(buf []byte, c change) []byte {
	buf = appendBase62(append(buf, "evt_1"...), mix(b.ids.key+c.code())>>28, idTimeLen)
	return appendBase62(append(buf, b.ids.tail...), b.ids.encipher(idEvent, c.code()), codeLen)
}

// findEvent derives the change from an event's id and looks it up in the
// changelog.
func (b *business) findEvent(log *changelog, id string) (int, bool) {
	code, ok := b.ids.number(idEvent, id)
	if !ok {
		return 0, false
	}
	kind := changeKind(code >> (changeBitsN + changeBitsK))
	n := code >> changeBitsK & (1<<changeBitsN - 1)
	derive := func(emit func(change)) { b.changesOf(kind.subject(), n, emit) }
	switch {
	case kind == furtherHappened:
		derive = func(emit func(change)) {
			b.happeningsOf(change{kind: kind, n: int32(n), k: uint16(code & (1<<changeBitsK - 1))}, emit)
		}
	case kind >= changeKinds || n >= b.count(kind.subject()):
		return 0, false
	}
	place, found := 0, false
	derive(func(c change) {
		if c = b.withTie(c); c.code() == uint64(code) && string(b.appendEventID(nil, c)) == id {
			place = sort.Search(len(log.changes), func(i int) bool { return compareChanges(log.changes[i], c) >= 0 })
			found = true
		}
	})
	if found && (place == len(log.changes) || log.changes[place].code() != uint64(code)) {
		return expiredEvent, true
	}
	return place, found
}

// count returns the number of records of a kind.
func (b *business) count(kind idKind) int {
	switch kind {
	case idCharge:
		return len(b.charges)
	case idRefund:
		return len(b.refunds)
	case idDispute:
		return len(b.disputes)
	case idSubscription:
		return len(b.subs)
	case idCustomer:
		return len(b.customers)
	case idPrice:
		return len(b.prices)
	}
	return 0
}

// expiredEvent is returned in place of the number of an event that is in no
// changelog any more.
const expiredEvent = -1

// expired reports whether an object is too old to be read.
func (res *resource) expired(n int) bool {
	return n == expiredEvent || res.oldest != 0 && res.created(n) < res.oldest
}
