package stripesim

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"
)

// The filter payout returns what an automatic payout holds: the sum of it,
// without its own transaction, is the payout. Of others it returns nothing. A
// payout that failed is in a later one.
func TestPayoutsHoldTheirSum(t *testing.T) {
	t.Parallel()
	for _, wide := range []bool{false, true} {
		s := newTestServer(t, Config{Charges: 2500, Wide: wide})
		c, seen := newClient(t, s), map[string]int{}
		for p := range s.Ledger().Payouts() {
			seen[p.Status+" "+p.Method]++
			var sum int64
			own, failures := 0, 0
			for _, o := range c.walk("/v1/balance_transactions", queryValues("payout", p.ID, "limit", "100")) {
				var bt struct {
					Net          int64
					Type, Source string
				}
				if err := json.Unmarshal(s.Object("balance_transactions", o.ID), &bt); err != nil {
					t.Fatal(err)
				}
				if bt.Source == p.ID && bt.Type == "payout" {
					own++
					continue
				}
				failures += btoi(bt.Type == "payout_failure")
				sum += bt.Net
			}
			seen["payout_failure"] += failures
			if p.IsAutomatic && (sum != p.Amount || own != 1 || !p.IsReconciled) || !p.IsAutomatic && (sum != 0 || own != 0) {
				t.Errorf("%+v: %d of its own and %d in all others", p, own, sum)
			}
			if (p.Status == "failed") != (p.FailureBalanceTransaction != "") {
				t.Errorf("%+v", p)
			}
		}
		wanted := []string{"paid standard"}
		if wide {
			wanted = append(wanted, "failed standard", "paid instant", "payout_failure")
		}
		for _, want := range wanted {
			if seen[want] == 0 {
				t.Errorf("wide %v: none is %s: %v", wide, want, seen)
			}
		}
	}
}

// Before a payout is reconciled, the filter does not return all of it. Its
// status follows the clock.
func TestPayoutsAreReconciledLater(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 2500, Wide: true})
	c := newClient(t, s)
	var late Payout
	for p := range s.Ledger().Payouts() {
		if p.IsAutomatic && p.Created < s.business.tl.to-30*day {
			late = p
		}
	}
	held := func(after time.Duration) (int, Payout) {
		s.SetNow(time.Unix(late.Created, 0).Add(after))
		var now Payout
		for p := range s.Ledger().Payouts() {
			if p.ID == late.ID {
				now = p
			}
		}
		return len(c.walk("/v1/balance_transactions", queryValues("payout", late.ID))), now
	}
	few, early := held(time.Hour)
	all, done := held(3 * 24 * time.Hour)
	if few >= all || early.Status != "pending" || early.IsReconciled || !done.IsReconciled || done.Status != "paid" {
		t.Errorf("%d of %d: %+v, then %+v", few, all, early, done)
	}
	s.SetNow(time.Unix(late.Created-1, 0))
	if resp := c.do(http.MethodGet, "/v1/balance_transactions?payout="+late.ID); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("before it exists: %s", resp.Status)
	}
	s.SetNow(time.Unix(late.Created+day, 0))
	if n := len(c.walk("/v1/payouts", queryValues("status", "in_transit", "arrival_date[gte]", itoa(late.Created)))); n == 0 {
		t.Error("none is in transit")
	}
}
