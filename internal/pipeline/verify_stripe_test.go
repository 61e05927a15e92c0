package pipeline_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

// compared compares a scene's lake with its Stripe, and repairs the differences
// if repair is set.
func compared(t *testing.T, s *laketest.Scene, sample int, repair bool) []string {
	t.Helper()
	sync := laketest.NewPatientSync(t, s.Lake, s.API, nil)
	v := pipeline.Verify{Dir: s.Lake, Wait: -1, Stripe: &pipeline.AtStripe{Client: sync.Client, Redactors: sync.Redactors, Sample: sample}}
	found, err := v.Run(t.Context())
	if (found.Findings > 0) != (pipeline.ExitCode(err) == 3) {
		t.Fatal(found, err)
	}
	var lines []string
	for _, c := range found.Checks {
		for _, f := range c.Findings {
			lines = append(lines, strings.ReplaceAll(f.Name+": "+f.What, laketest.AccountOf(t, s.Lake), "acct_"))
		}
		for _, note := range c.Notes {
			t.Log(c.Check + ": " + note)
		}
	}
	if repair {
		if _, err := v.Repair(t.Context(), sync); err != nil {
			t.Fatal(err)
		}
	}
	return lines
}

// Objects that the lake missed, and deleted ones that it still has, are found
// one by one, and a repair reads just those. Stripe sends no event about them.
func TestVerifyAgainstStripe(t *testing.T) {
	t.Parallel()
	at := laketest.Noon.AddDate(0, 0, -3)
	held := `"captured":false,"amount_captured":0` // needs no balance transaction
	lines := func(objects ...string) http.Handler { return laketest.Recorded(t, 1, laketest.Noon, objects...) }
	same, gone := laketest.Paid("ch_same", at, held), laketest.Paid("ch_gone", at.Add(time.Hour), held)
	s := laketest.NewScene(t, lines(same, gone, laketest.Paid("ch_stale", at, held, `"description":"old"`)))
	s.Sync()
	for _, line := range compared(t, s, 0, false) {
		t.Error(line)
	}
	s.Becomes(lines(same, laketest.Paid("ch_stale", at, held, `"description":"new"`), laketest.Paid("ch_missing", at, held), laketest.Paid("ch_young", laketest.Noon.Add(-30*time.Second), held)))
	want := []string{"object extra: acct_/charges ch_gone", "object missing: acct_/charges ch_missing", "object stale: acct_/charges ch_stale"}
	if got := compared(t, s, 0, true); !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	s.Expect("healed", `SELECT id, deleted, description FROM charges ORDER BY id`,
		"ch_gone true null", "ch_missing false null", "ch_same false null", "ch_stale false new")
	for _, line := range compared(t, s, 0, false) {
		t.Error(line)
	}
	laketest.CheckSound(t, s.Lake, true)
}

// What has changed since the lake followed changes, or is younger than what it
// covers, is the next sync's and no finding.
func TestVerifyAgainstStripeThatGoesOn(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, func(c *stripesim.Config) { c.Charges, c.LongLists, c.Deletions = 300, true, 50 })
	s := laketest.NewScene(t, server.Handler())
	s.Sync()
	for _, line := range compared(t, s, 0, false) {
		t.Error(line)
	}
	for _, action := range stripesim.Actions() {
		server.Advance(time.Minute)
		if _, err := server.Change(action, 2); err != nil {
			t.Fatal(err)
		}
	}
	server.Advance(30 * time.Minute)
	for _, sample := range []int{0, 2} {
		for _, line := range compared(t, s, sample, false) {
			t.Error(line)
		}
	}
	s.Sync()
	for _, line := range compared(t, s, 0, false) {
		t.Error(line)
	}
}

// Who was forgotten is not missing, nor is what a dispute of theirs moved.
func TestVerifyAgainstStripeAfterErasure(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, nil)
	laketest.Act(t, server, stripesim.DisputeCharge)
	s := laketest.NewScene(t, server.Handler())
	s.Sync()
	customer := s.Rows("SELECT customer_id FROM charges WHERE dispute_id IS NOT NULL AND customer_id IS NOT NULL ORDER BY created DESC LIMIT 1")
	if _, err := laketest.Forget(t.Context(), s.Lake, nil, customer...); err != nil || len(customer) == 0 {
		t.Fatal(customer, err)
	}
	for _, line := range compared(t, s, 0, false) {
		t.Error(line)
	}
}

// The key of another account compares nothing, and adds nothing to the lake.
func TestVerifyAgainstAnotherAccount(t *testing.T) {
	t.Parallel()
	s := laketest.NewScene(t, laketest.Shop(t, nil).Handler())
	s.Sync("prices")
	before := laketest.AccountOf(t, s.Lake)
	s.Becomes(laketest.Shop(t, func(c *stripesim.Config) { c.Seed = 8 }).Handler())
	v := pipeline.Verify{Dir: s.Lake, Wait: -1, Stripe: &pipeline.AtStripe{Client: laketest.NewPatientSync(t, s.Lake, s.API, nil).Client}}
	if _, err := v.Run(t.Context()); pipeline.ExitCode(err) != 2 || !strings.Contains(err.Error(), "and the lake holds "+before) {
		t.Error(err)
	}
	if accounts, err := load.ReadAccounts(s.Lake); len(accounts) != 1 || err != nil {
		t.Error(accounts, err)
	}
}

// After a repair the lake is compared again: an object that came by its id in
// another form than the list shows is still a finding.
func TestRepairAsksAgain(t *testing.T) {
	t.Parallel()
	at := laketest.Noon.AddDate(0, 0, -3)
	held := `"captured":false,"amount_captured":0` // needs no balance transaction
	old, now := laketest.Paid("ch_1", at, held), laketest.Paid("ch_1", at, held, `"description":"new"`)
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, old))
	s.Sync()
	before, after := laketest.Recorded(t, 1, laketest.Noon, old), laketest.Recorded(t, 1, laketest.Noon, now)
	s.Becomes(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/ch_1") {
			before.ServeHTTP(w, r)
		} else {
			after.ServeHTTP(w, r)
		}
	}))
	v, sync := laketest.NewVerifyAtStripe(t, s)
	for range 2 {
		found, err := v.Run(t.Context())
		if found.Findings != 1 || pipeline.ExitCode(err) != 3 {
			t.Fatalf("%d findings, %v", found.Findings, err)
		}
		if done, err := v.Repair(t.Context(), sync); err != nil || done.New != 0 {
			t.Fatalf("%+v, %v", done, err)
		}
		v = v.Again()
	}
	s.Becomes(after)
	if _, err := v.Run(t.Context()); pipeline.ExitCode(err) != 3 {
		t.Error(err)
	}
	if done, err := v.Repair(t.Context(), sync); err != nil || done.New != 1 {
		t.Errorf("%+v, %v", done, err)
	}
	if found, err := v.Again().Run(t.Context()); err != nil {
		t.Errorf("%+v, %v", found, err)
	}
}

// An object that Stripe does not return does not keep others from being
// repaired.
func TestRepairMendsTheRest(t *testing.T) {
	t.Parallel()
	at := laketest.Noon.AddDate(0, 0, -3)
	held := `"captured":false,"amount_captured":0` // needs no balance transaction
	charge := func(id, text string) string { return laketest.Paid(id, at, held, `"description":"`+text+`"`) }
	customer := func(name string) string { return laketest.Sent("customer", "cus_1", at, `"name":"`+name+`"`) }
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, charge("ch_1", "old"), charge("ch_2", "old"), customer("old")))
	s.Sync()
	if err := os.Remove(filepath.Join(s.Lake, "current", "warehouse.duckdb")); err != nil {
		t.Fatal(err)
	}
	stripe := laketest.Recorded(t, 1, laketest.Noon, charge("ch_1", "new"), charge("ch_2", "new"), customer("new"))
	s.Becomes(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/ch_1") {
			http.Error(w, "<html>", http.StatusNotFound)
		} else {
			stripe.ServeHTTP(w, r)
		}
	}))
	v, sync := laketest.NewVerifyAtStripe(t, s)
	if _, err := v.Run(t.Context()); pipeline.ExitCode(err) != 3 {
		t.Fatal(err)
	}
	done, err := v.Repair(t.Context(), sync)
	if pipeline.ExitCode(err) != 3 || !strings.Contains(err.Error(), "ch_1") || done.New != 2 || done.Number == 0 {
		t.Errorf("%+v, %v", done, err)
	}
	s.Expect("the rest", "SELECT id, description FROM charges UNION ALL SELECT id, name FROM customers ORDER BY id", "ch_1 old", "ch_2 new", "cus_1 new")
	if found, err := v.Again().Run(t.Context()); found.Findings != 1 || pipeline.ExitCode(err) != 3 {
		t.Errorf("%+v, %v", found, err)
	}
}

// No event reports that a balance transaction has become available: one that is
// pending in the lake is a finding until a sync has read it.
func TestVerifyNamesPending(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, nil)
	s := laketest.NewScene(t, server.Handler())
	s.Sync()
	pending := s.Rows("SELECT 'object pending: acct_/balance_transactions ' || id FROM balance_transactions WHERE status = 'pending' ORDER BY id")
	if len(pending) == 0 {
		t.Fatal("nothing is pending: the test proves nothing")
	}
	laketest.Act(t, server, stripesim.CreatePrice) // ends what the business does of itself
	server.Advance(40 * 24 * time.Hour)
	if got := compared(t, s, 0, false); !slices.Equal(got, pending[:min(len(pending), 10)]) {
		t.Errorf("found %q, want %q", got, pending)
	}
	s.Sync()
	for _, line := range compared(t, s, 0, false) {
		t.Error(line)
	}
}

// What a list shows without a created, the stub of a deleted object among it, is
// no finding once it was read.
func TestVerifyListedWithoutCreated(t *testing.T) {
	t.Parallel()
	at := laketest.Noon.AddDate(0, 0, -3)
	listed := []string{
		`{"id":"cus_gone","object":"customer","deleted":true}`, laketest.Sent("customer", "cus_here", at),
		`{"id":"cus_odd","object":"customer","created":"never","livemode":false}`, `{"object":"customer","livemode":false,"name":"nobody"}`,
	}
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, listed...))
	if _, err := s.Try(); err != nil {
		t.Log(err)
	}
	for _, line := range compared(t, s, 0, false) {
		t.Error(line)
	}
	// An object that the lake never read was created and deleted; one that it has is a finding.
	s.Becomes(laketest.Recorded(t, 1, laketest.Noon, append(listed[2:], `{"id":"cus_new","object":"customer","deleted":true}`, `{"id":"cus_here","object":"customer","deleted":true}`)...))
	if got := compared(t, s, 0, true); !slices.Equal(got, []string{"object extra: acct_/customers cus_here"}) {
		t.Errorf("found %q", got)
	}
	s.Expect("healed", "SELECT id, deleted FROM customers", "cus_here true")
	for _, line := range compared(t, s, 0, false) {
		t.Error(line)
	}
}
