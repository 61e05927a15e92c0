package stripesim

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

func (b *business) renderEvent(w *writer, c change) {
	version, kind := b.cfg.EventVersion, b.eventType(c)
	w.open('{')
	w.quote("id")
	w.buf = b.appendEventID(w.buf, c)
	w.unquote()
	w.str("object", "event")
	w.str("api_version", version)
	w.int("created", c.at)
	w.object("data")
	w.key("object")
	outer := w.view
	w.view = b.after(c, version)
	b.renderSubject(w, c)
	if strings.HasSuffix(kind, ".updated") {
		b.renderPrevious(w, c, version)
	}
	w.view = outer
	w.end()
	w.bool("livemode", false)
	w.int("pending_webhooks", 0)
	b.renderRequest(w, c, version)
	w.str("type", kind)
	w.end()
}

// after returns the view of the state that an event shows: that of the event's
// own second, for ever. The payload of a deletion is the last full object.
func (b *business) after(c change, version string) view {
	v := viewOf(c.at)
	v.version = version
	switch c.kind {
	case subCreated:
		v.newborn = b.startsIncomplete(int(c.n))
	case customerDeleted:
		v.at--
	case chargeEdited, refundEdited, subEdited, customerEdited, priceEdited:
		v.edits = int(c.k) + 1
	}
	return v
}

// before returns the view of the state before a change.
func (b *business) before(c change, version string) view {
	v := b.after(c, version)
	switch {
	case v.edits != allEdits:
		v.edits--
	case c.kind == subUpdated && c.at == b.subs[c.n].created:
		v.newborn = true
	default:
		v.at--
	}
	return v
}

// renderSubject writes the object of an event. Stripe: charge.dispute.* has a
// dispute, charge.refund.updated a refund, but charge.refunded a charge.
func (b *business) renderSubject(w *writer, c change) {
	n := int(c.n)
	if c.kind == furtherHappened {
		happenings[c.happening()].render(b, w, c)
		return
	}
	switch c.kind.subject() {
	case idCharge:
		b.renderCharge(w, n)
	case idRefund:
		if c.kind == chargeRefunded {
			b.renderCharge(w, int(b.refunds[n].charge))
			return
		}
		b.renderRefund(w, n)
	case idDispute:
		b.renderDispute(w, n, b.cfg.Wide)
	case idSubscription:
		b.renderSubscription(w, n)
	case idCustomer:
		b.renderCustomer(w, n)
	case idPrice:
		b.renderPrice(w, n)
	}
}

// renderPrevious writes previous_attributes: the members that had another value
// before, with that value.
func (b *business) renderPrevious(w *writer, c change, version string) {
	old, now := newWriter(b.before(c, version)), newWriter(b.after(c, version))
	b.renderSubject(old, c)
	b.renderSubject(now, c)
	w.key("previous_attributes")
	renderDifference(w, old.buf, now.buf)
}

// renderDifference writes the members of old that differ in now. It descends
// into objects that are in both. Stripe: a new member was null.
func renderDifference(w *writer, old, now []byte) {
	var was, is map[string]json.RawMessage
	if json.Unmarshal(old, &was) != nil || json.Unmarshal(now, &is) != nil || was == nil || is == nil {
		w.json(old)
		return
	}
	w.open('{')
	for _, k := range slices.Sorted(maps.Keys(is)) {
		if bytes.Equal(was[k], is[k]) {
			continue
		}
		w.line()
		w.buf = append(appendQuoted(w.buf, k), ": "...)
		if was[k] == nil {
			w.buf = append(w.buf, "null"...)
			continue
		}
		renderDifference(w, was[k], is[k])
	}
	for _, k := range slices.Sorted(maps.Keys(was)) {
		if is[k] == nil {
			w.line()
			w.buf = append(appendQuoted(w.buf, k), ": "...)
			w.json(was[k])
		}
	}
	w.end()
}

// json writes an already rendered value, indented to this depth.
func (w *writer) json(raw []byte) {
	var out bytes.Buffer
	_ = json.Indent(&out, raw, indentation[:2*w.depth], "  ") // a writer's own output is JSON
	w.buf = append(w.buf, out.Bytes()...)
}

// renderRequest writes request. Stripe: a change without a request has none,
// and old versions have only its id.
func (b *business) renderRequest(w *writer, c change, version string) {
	id := string(b.ids.appendShort(nil, "req_", idRequest, c.at, int(c.n)))
	own := c.kind == subUpdated || c.kind == subTrialEnds || c.kind == subPausedNow || c.kind == refundMoved || c.kind == refundUpdated
	switch {
	case version < versionRequestObject && own:
		w.null("request")
	case version < versionRequestObject:
		w.str("request", id)
	default:
		w.object("request")
		if own {
			w.null("id")
		} else {
			w.str("id", id)
		}
		w.null("idempotency_key")
		w.end()
	}
}
