package stripesim

// renderRevision writes metadata.revision of an object that was updated
// explicitly.
func (b *business) renderRevision(w *writer, kind idKind, n int) {
	times := b.edits[record{kind, int32(n)}]
	count := 0
	for _, at := range times {
		if at <= w.at {
			count++
		}
	}
	if w.edits != allEdits {
		count = min(count, w.edits)
	}
	if count > 0 {
		w.quote("revision")
		w.buf = appendInt(w.buf, int64(count))
		w.unquote()
	}
}

// listed writes the members of a list: what it holds, and whether there is more.
func (w *writer) listed(count int, more bool, item func(i int)) {
	w.str("object", "list")
	w.list("data")
	for i := range count {
		w.line()
		item(i)
	}
	w.endList()
	w.bool("has_more", more)
}

// embed begins a list inside an object with its first ten items. The caller adds what is
// behind has_more, and ends it.
func (w *writer) embed(k string, count int, item func(i int)) {
	w.object(k)
	w.listed(min(count, embeddedItems), count > embeddedItems, item)
}

// renderEmbeddedRefunds writes the ten newest refunds of a charge. Stripe:
// newer API versions show them only if asked to.
func (b *business) renderEmbeddedRefunds(w *writer, charge int) {
	var refunds []int32
	for _, n := range b.index().refunds.of(int32(charge)) {
		if b.refunds[n].created <= w.at {
			refunds = append(refunds, n)
		}
	}
	w.embed("refunds", len(refunds), func(i int) { b.renderRefund(w, int(refunds[len(refunds)-1-i])) })
	w.int("total_count", int64(len(refunds)))
	w.quote("url")
	w.buf = append(b.appendChargeID(append(w.buf, "/v1/charges/"...), charge), "/refunds"...)
	w.unquote()
	w.end()
}

// refundsOf returns the list of one charge's refunds.
func (b *business) refundsOf(charge int) *resource {
	numbers := b.index().refunds.of(int32(charge))
	url := string(append(b.appendChargeID([]byte("charges/"), charge), "/refunds"...))
	return &resource{
		name: url, object: "refund", count: len(numbers),
		created: func(n int) int64 { return b.refunds[numbers[n]].created },
		render:  func(w *writer, n int) { b.renderRefund(w, int(numbers[n])) },
		find: func(id string) (int, bool) {
			wanted, ok := b.findRefund(id)
			for n, k := range numbers {
				if ok && int(k) == wanted {
					return n, true
				}
			}
			return 0, false
		},
	}
}

// renderTiers writes the tiers of a price. The last tier has no end, and some
// cost less than a minor unit.
func (b *business) renderTiers(w *writer, p *price, n int) {
	w.list("tiers")
	for _, t := range b.tiersOf(p, n) {
		w.line()
		w.open('{')
		w.nulls("flat_amount", "flat_amount_decimal")
		if t.upTo == int64(none) {
			renderUnitAmount(w, &price{amount: t.hundredths, scheme: schemeFraction}, "unit_amount", "unit_amount_decimal")
			w.null("up_to")
		} else {
			renderUnitAmount(w, &price{amount: t.hundredths / 100}, "unit_amount", "unit_amount_decimal")
			w.int("up_to", t.upTo)
		}
		w.end()
	}
	w.endList()
}
