package stripesim

import (
	"encoding/json"
	"slices"
	"testing"
	"time"
)

// A business with all switches on shows every form that captures, releases,
// disputes and prices have at Stripe.
func TestEveryForm(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, everything(Version, 1500))
	var let []string // authorizations that are let go now, when a release makes no Refund any more
	for range 3 {
		for _, action := range []Action{AuthorizeCharge, CapturePart, AuthorizeCharge, ReleaseCharge, DisputeCharge, DisputeAgain} {
			if ids, err := s.Change(action, 2); err != nil || len(ids) == 0 {
				t.Fatal(action, ids, err)
			} else if action == ReleaseCharge {
				let = append(let, ids...)
			}
			s.Advance(time.Minute)
		}
	}
	found := map[string]int{}
	countCaptures(t, s, let, found)
	countDisputes(t, s, found)
	countPrices(t, s, found)
	for _, form := range []string{
		"captured in part, with a Refund", "captured in part, without", "released, with a Refund", "released, without",
		"disputed twice", "an amount in another currency", "sold in another currency",
	} {
		if found[form] == 0 {
			t.Errorf("nothing is %q; there is %v", form, found)
		}
	}
}

func countCaptures(t *testing.T, s *Server, let []string, found map[string]int) {
	t.Helper()
	type refund struct {
		Charge, Status, Reason string
		Amount                 int64
		Txn                    *string `json:"balance_transaction"`
	}
	type txn struct {
		ID, Source, Type string
		Amount           int64
		Category         string `json:"reporting_category"`
	}
	txns, refunds := map[string][]txn{}, map[string][]refund{}
	for _, x := range served[txn](t, s, "balance_transactions") {
		txns[x.Source] = append(txns[x.Source], x)
	}
	for id, f := range served[refund](t, s, "refunds") {
		if f.Reason == "expired_uncaptured_charge" || len(txns[id]) > 0 && txns[id][0].Category == "partial_capture_reversal" {
			refunds[f.Charge] = append(refunds[f.Charge], f)
		}
	}
	type charge struct {
		Amount, Created int64
		AmountCaptured  int64 `json:"amount_captured"`
		AmountRefunded  int64 `json:"amount_refunded"`
		Captured        bool
		Refunded        bool
		Status          string
		Txn             *string `json:"balance_transaction"`
	}
	for id, c := range served[charge](t, s, "charges") {
		released := refunds[id]
		switch {
		case c.Status == "failed" || c.AmountCaptured == c.Amount:
		case !c.Captured && len(released) == 1:
			// Stripe: no money moved, so there is no balance transaction at all.
			if f := released[0]; f.Amount != c.Amount || !c.Refunded || c.AmountRefunded != c.Amount || f.Txn != nil || c.Txn != nil {
				t.Errorf("%s was released: %+v of %+v", id, f, c)
			}
			found["released, with a Refund"]++
		case !c.Captured && !slices.Contains(let, id): // open
		case !c.Captured:
			if c.Refunded || c.AmountRefunded != 0 || c.Txn != nil {
				t.Errorf("%s was released: %+v", id, c)
			}
			found["released, without"]++
		case len(released) == 1:
			// Stripe: the whole is booked, and the rest is taken back under the
			// Refund's name.
			if f := released[0]; f.Amount != c.Amount-c.AmountCaptured || c.AmountRefunded < f.Amount || f.Txn == nil || len(txns[id]) != 1 {
				t.Errorf("%s was captured in part: %+v of %+v, %+v", id, f, c, txns[id])
			}
			found["captured in part, with a Refund"]++
		default:
			if len(released) != 0 || c.AmountRefunded > c.AmountCaptured || len(txns[id]) != 1 {
				t.Errorf("%s was captured in part: %+v, %+v", id, c, txns[id])
			}
			found["captured in part, without"]++
		}
	}
}

func countDisputes(t *testing.T, s *Server, found map[string]int) {
	t.Helper()
	of := map[string][]string{}
	for _, id := range newClient(t, s).walk("/v1/events", queryValues("limit", "100", "type", "charge.dispute.created")) {
		var e struct {
			Data struct {
				Object struct{ ID, Charge string }
			}
		}
		if err := json.Unmarshal(s.eventJSON(t, id.ID), &e); err != nil {
			t.Fatal(err)
		}
		of[e.Data.Object.Charge] = append(of[e.Data.Object.Charge], e.Data.Object.ID)
	}
	type charge struct {
		Dispute  *string
		Disputed bool
	}
	for id, c := range served[charge](t, s, "charges") {
		if c.Disputed != (c.Dispute != nil) {
			t.Errorf("%s: disputed %v, dispute %v", id, c.Disputed, c.Dispute)
		}
		if len(of[id]) > 1 {
			found["disputed twice"]++
			if *c.Dispute != of[id][0] {
				t.Errorf("%s names %s, its disputes are %v, newest first", id, *c.Dispute, of[id])
			}
		}
	}
}

func (s *Server) eventJSON(t *testing.T, id string) []byte {
	t.Helper()
	res := s.business.events(s.moment().at)
	n, ok := res.find(id)
	if !ok {
		t.Fatalf("no event %s", id)
	}
	return res.json(n, s.moment().at)
}

func countPrices(t *testing.T, s *Server, found map[string]int) {
	t.Helper()
	for _, raw := range newClient(t, s).list("/v1/prices", queryValues("limit", "100", "expand[]", "data.currency_options")).Data {
		var p struct {
			Currency string
			Options  map[string]json.RawMessage `json:"currency_options"`
		}
		if err := json.Unmarshal(raw, &p); err != nil {
			t.Fatal(err)
		}
		if len(p.Options) > 1 && p.Options[p.Currency] != nil {
			found["an amount in another currency"]++
		}
	}
	type subscription struct {
		Currency string
		Items    struct {
			Data []struct{ Price struct{ Currency string } }
		}
	}
	for _, sub := range served[subscription](t, s, "subscriptions") {
		for _, it := range sub.Items.Data {
			if it.Price.Currency != sub.Currency {
				found["sold in another currency"]++
			}
		}
	}
}

// served returns the objects of a resource as they are sent.
func served[T any](t *testing.T, s *Server, name string) map[string]T {
	t.Helper()
	objects := map[string]T{}
	for id, raw := range s.Ledger().Raw(name) {
		var o T
		if err := json.Unmarshal(raw, &o); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		objects[id] = o
	}
	return objects
}
