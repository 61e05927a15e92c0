package stripesim

import (
	"encoding/json"
	"testing"
	"time"
)

// A dispute shows the balance transactions that moved its money, an inquiry
// none. A dispute that was won costs its fee or nothing.
func TestDisputes(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 6000, Wide: true})
	booked := map[string][]string{}
	for bt := range s.Ledger().BalanceTransactions() {
		booked[bt.Source] = append(booked[bt.Source], bt.ID)
	}
	statuses, won := map[string]int{}, map[string]int{}
	for d := range s.Ledger().Disputes() {
		var o struct {
			Balance  []struct{ ID string } `json:"balance_transactions"`
			Evidence map[string]any
			Status   string
		}
		if err := json.Unmarshal(s.Object("disputes", d.ID), &o); err != nil {
			t.Fatal(err)
		}
		statuses[d.Status]++
		if d.IsInquiry != (len(o.Balance) == 0) || len(o.Balance) != len(booked[d.ID]) || o.Status != d.Status {
			t.Errorf("%+v shows %+v, booked are %v", d, o, booked[d.ID])
		}
		if d.Status == "won" {
			won[map[bool]string{true: "free", false: "for its fee"}[d.Fee == 0]]++
		}
		if d.Status == "under_review" && (o.Evidence["customer_name"] == nil || o.Evidence["billing_address"] == nil) {
			t.Errorf("%s is under review, its evidence is %v", d.ID, o.Evidence)
		}
	}
	for _, status := range []string{"won", "lost", "needs_response", "under_review", "warning_closed", "warning_needs_response"} {
		if statuses[status] == 0 {
			t.Errorf("no dispute is %s: %v", status, statuses)
		}
	}
	if won["free"] == 0 || won["for its fee"] == 0 {
		t.Errorf("disputes were won %v", won)
	}
}

// The charge is shown as an object on request, and a status changes with its
// event.
func TestDisputesExpandAndChange(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 3000, Wide: true})
	c := newClient(t, s)
	var page []struct{ Charge struct{ ID, Object string } }
	for _, raw := range c.list("/v1/disputes", queryValues("expand[]", "data.charge", "limit", "3")).Data {
		var o struct{ Charge struct{ ID, Object string } }
		if err := json.Unmarshal(raw, &o); err != nil {
			t.Fatal(err)
		}
		page = append(page, o)
	}
	if len(page) != 3 || page[0].Charge.Object != "charge" {
		t.Fatalf("%+v", page)
	}
	only := c.walk("/v1/disputes", queryValues("charge", page[1].Charge.ID))
	if len(only) != 1 {
		t.Errorf("disputes of %s: %v", page[1].Charge.ID, only)
	}
	for n := range s.business.disputes {
		sent := s.business.submittedAt(n)
		if sent == 0 {
			continue
		}
		var before, after struct{ Status string }
		id := namer(s.business.appendDisputeID).name(int32(n))
		for at, o := range map[int64]any{sent - 1: &before, sent: &after} {
			s.SetNow(time.Unix(at, 0))
			if err := json.Unmarshal(s.Object("disputes", id), o); err != nil {
				t.Fatal(err)
			}
		}
		if before.Status == after.Status {
			t.Fatalf("%s is %s before and after its evidence", id, after.Status)
		}
	}
}
