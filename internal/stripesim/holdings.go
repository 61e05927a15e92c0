package stripesim

import (
	"encoding/json"
	"maps"
	"slices"
)

// holding is the balance of one currency, in minor units.
type holding struct{ available, pending int64 }

// holdings adds up all balance transactions until a moment, by currency. A
// payout is a transaction of its own, so paid-out money is not in the sum.
func (s *Server) holdings(now moment) map[string]holding {
	held := map[string]holding{}
	add := func(currency string, net int64, pending bool) {
		h := held[currency]
		if pending {
			h.pending += net
		} else {
			h.available += net
		}
		held[currency] = h
	}
	if s.business == nil {
		s.addRecorded(add)
		return held
	}
	for n := range s.business.txns {
		if t := &s.business.txns[n]; t.created <= now.exists {
			add(t.currency.String(), t.net(), t.status(now.at) == "pending")
		}
	}
	return held
}

// addRecorded adds up recorded balance transactions, whenever they were made.
func (s *Server) addRecorded(add func(currency string, net int64, pending bool)) {
	res := s.resource("balance_transactions")
	for n := range res.count {
		var t struct {
			Net              int64
			Currency, Status string
		}
		if json.Unmarshal(res.json(n, 0), &t) == nil && t.Currency != "" {
			add(t.Currency, t.Net, t.Status == "pending")
		}
	}
}

// renderBalance writes the object of /v1/balance. Stripe: it has no id and no
// list.
func (s *Server) renderBalance(w *writer) {
	held := s.holdings(w.moment)
	if len(held) == 0 {
		held = map[string]holding{usd.String(): {}}
	}
	render := func(member string, of func(holding) int64) {
		w.list(member)
		for _, currency := range slices.Sorted(maps.Keys(held)) {
			w.line()
			w.open('{')
			w.int("amount", of(held[currency]))
			w.str("currency", currency)
			w.object("source_types")
			w.int("card", of(held[currency]))
			w.end()
			w.end()
		}
		w.endList()
	}
	w.open('{')
	w.str("object", "balance")
	render("available", func(h holding) int64 { return h.available })
	w.bool("livemode", false)
	render("pending", func(h holding) int64 { return h.pending })
	w.end()
}
