package stripesim

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// Each action does to its object what its name says.
func TestEachAction(t *testing.T) {
	t.Parallel()
	schema := openAPI(t)
	for action, want := range map[Action]string{
		CreateCustomer: `"object": "customer"`, UpdateCustomer: `"revision": "1"`, DeleteCustomer: `"deleted": true`,
		CreateCharge: `"status": "succeeded"`, FailCharge: `"status": "failed"`, AuthorizeCharge: `"captured": false`,
		CaptureCharge: `"captured": true`, CapturePart: `"captured": true`, ReleaseCharge: `"captured": false`, UpdateCharge: `"revision": "1"`,
		DisputeCharge: `"disputed": true`, DisputeAgain: `"disputed": true`,
		CreateRefund: `"object": "refund"`, PartialRefund: `"object": "refund"`, FailRefund: `"status": "failed"`, UpdateRefund: `"revision": "1"`,
		CreateSubscription: `"status": "active"`, LeaveSubscription: `"cancel_at_period_end": true`,
		CancelSubscription: `"status": "canceled"`, UpdateSubscription: `"revision": "1"`,
		CreatePrice: `"active": true`, DeactivatePrice: `"active": false`, UpdatePrice: `"revision": "1"`,
	} {
		t.Run(string(action), func(t *testing.T) {
			t.Parallel()
			s := newTestServer(t, Config{Charges: 3000, Now: time.Date(2025, 9, 1, 0, 0, 0, 0, time.UTC)})
			ids, err := s.Change(action, 3)
			if err != nil || len(ids) == 0 {
				t.Fatal(ids, err)
			}
			for _, id := range ids {
				found := false
				for _, res := range s.resources {
					if raw := s.Object(res.name, id); raw != nil {
						found = true
						if !strings.Contains(string(raw), want) {
							t.Errorf("%s has no %s:\n%s", id, want, raw)
						}
						if action != DeleteCustomer {
							validate(t, schema(res.object), id, raw)
						}
					}
				}
				if !found {
					t.Errorf("%s is nowhere", id)
				}
			}
			if action != DeleteCustomer {
				checkTruthNow(t, s)
			}
		})
	}
	if len(Actions()) != 23 {
		t.Errorf("%d actions", len(Actions()))
	}
}

func checkTruthNow(t fataler, s *Server) {
	t.Helper()
	checkCharges(t, s, s.Ledger())
	for bt := range s.Ledger().BalanceTransactions() {
		checkSum(t, s, bt)
	}
}

// A chain of explicit changes to chosen objects.
func TestAct(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 200})
	act := func(action Action, id string) string {
		t.Helper()
		got, err := s.Act(action, id)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	customer := act(CreateCustomer, "")
	if got := s.Now(); !got.Equal(s.cfg.To) {
		t.Errorf("an unset clock became %s", got)
	}
	charge := act(AuthorizeCharge, customer)
	s.Advance(time.Hour)
	if got := act(CaptureCharge, charge); got != charge {
		t.Errorf("captured %s, not %s", got, charge)
	}
	s.Advance(time.Hour)
	refund := act(CreateRefund, charge)
	for c := range s.Ledger().Charges() {
		if c.ID == charge && (c.Customer != customer || !c.IsRefunded || c.BalanceTransaction == "") {
			t.Errorf("%+v", c)
		}
	}
	act(FailRefund, refund)
	for c := range s.Ledger().Charges() {
		if c.ID == charge && c.Refunded != 0 {
			t.Errorf("after the refund failed: %+v", c)
		}
	}
	act(DeleteCustomer, customer)
	for _, tc := range []struct {
		action   Action
		id, want string
	}{
		{CaptureCharge, charge, "is in no state for it"},
		{DeleteCustomer, customer, "is in no state for it"},
		{CreateRefund, "ch_missing", "is not what it acts on"},
		{CreateRefund, customer, "is not what it acts on"},
		{CreateRefund, "", "is in no state for it"},
		{CreatePrice, charge, "is not what it acts on"},
		{"explode", "", "no action"},
	} {
		if _, err := s.Act(tc.action, tc.id); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s %s: %v, want …%s…", tc.action, tc.id, err, tc.want)
		}
	}
	s.Advance(-time.Minute)
	if _, err := s.Act(CreateCustomer, ""); !errors.Is(err, errEarlier) {
		t.Errorf("history was written backwards: %v", err)
	}
	recorded := recordedServer(t)
	if _, err := recorded.Change(CreateCharge, 1); err == nil {
		t.Error("recorded objects changed")
	}
}
