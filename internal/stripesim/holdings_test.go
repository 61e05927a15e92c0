package stripesim

import (
	"encoding/json"
	"testing"
	"time"
)

// The balance is the sum of all balance transactions, as of each day. What is
// not available yet is pending, and in the end all of it is available.
func TestBalance(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 2000, Now: time.Date(2025, 9, 10, 12, 0, 0, 0, time.UTC)})
	for _, wait := range []time.Duration{0, 36 * time.Hour, 30 * 24 * time.Hour} {
		s.Advance(wait)
		want := Movements(s.Ledger().BalanceTransactions(), func(b BalanceTransaction) string { return b.Currency })
		for _, h := range readBalance(t, s) {
			m := want[h.currency]
			if h.available != m.Net-m.Pending || h.pending != m.Pending {
				t.Errorf("after %v, %s: %d and %d pending, want %+v", wait, h.currency, h.available, h.pending, m)
			}
			delete(want, h.currency)
		}
		if len(want) > 0 {
			t.Errorf("after %v the balance lacks %v", wait, want)
		}
	}
}

type held struct {
	currency           string
	available, pending int64
}

func readBalance(t *testing.T, s *Server) []held {
	t.Helper()
	w := s.writer()
	s.renderBalance(w)
	type amount struct {
		Amount   int64
		Currency string
	}
	var balance struct{ Available, Pending []amount }
	if err := json.Unmarshal(w.buf, &balance); err != nil {
		t.Fatal(err)
	}
	var all []held
	for i, a := range balance.Available {
		if balance.Pending[i].Currency != a.Currency {
			t.Fatal("available and pending are of other currencies")
		}
		all = append(all, held{a.Currency, a.Amount, balance.Pending[i].Amount})
	}
	return all
}
