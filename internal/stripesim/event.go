package stripesim

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// Versions in which what a reader sees of events changed. Stripe: data.object
// is rendered in the account's version, whatever the request asks for.
const (
	versionRequestObject     = "2017-05-25"        // before, request is a string
	versionRefundsUnexpanded = "2022-11-15"        // before, a charge shows its refunds
	versionAcacia            = "2024-10-28.acacia" // since, refund.* of every refund
	versionBasil             = "2025-03-31.basil"  // since, periods are the items', and charges have no invoice
)

// maxTypes: Stripe: types[] takes up to 20 names.
const maxTypes = 20

// eventType is the type of a change's event.
func (b *business) eventType(c change) string {
	switch c.kind {
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

// events is the list of what can be read at now.
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
				return func(int) bool { return value == "true" }, true // there is nobody to fail
			}
			return func(n int) bool { return ofType(b.eventType(log.changes[n]), value) }, true
		},
		matchAny: func(types []string) matcher {
			return func(n int) bool { return slices.Contains(types, b.eventType(log.changes[n])) }
		},
	}
}

// ofType: Stripe: a type may end with a wildcard, which matches types of types
// too: charge.* matches charge.dispute.created.
func ofType(name, pattern string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(name, prefix)
	}
	return name == pattern
}

var typesParam = regexp.MustCompile(`^types\[[0-9]*\]$`)

func isTypes(name string) bool { return typesParam.MatchString(name) }

// setTypes filters by any of several types.
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

// appendEventID: Stripe: nothing about the order of events follows from their
// ids, although they look as if it did.
func (b *business) appendEventID(buf []byte, c change) []byte {
	buf = appendBase62(append(buf, "evt_1"...), mix(b.ids.key+c.code())>>28, idTimeLen)
	return appendBase62(append(buf, b.ids.tail...), b.ids.encipher(idEvent, c.code()), codeLen)
}

// findEvent derives the change that an id names again, then looks it up.
func (b *business) findEvent(log *changelog, id string) (int, bool) {
	code, ok := b.ids.number(idEvent, id)
	if !ok {
		return 0, false
	}
	kind := changeKind(code >> (changeBitsN + changeBitsK))
	n := code >> changeBitsK & (1<<changeBitsN - 1)
	if kind >= changeKinds || n >= b.count(kind.subject()) {
		return 0, false
	}
	place, found := 0, false
	b.changesOf(kind.subject(), n, func(c change) {
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

// count is how many records of a kind there are.
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

// expiredEvent is the place of an event that is in no changelog any more.
const expiredEvent = -1

// expired says whether an object is too old to be read.
func (res *resource) expired(n int) bool {
	return n == expiredEvent || res.oldest != 0 && res.created(n) < res.oldest
}
