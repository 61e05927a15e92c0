package pipeline_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load/loadtest"
)

// bounded is a sync of at most so many requests.
func bounded(t *testing.T, dir, api string, most int64, accounts ...string) (pipeline.Summary, error) {
	t.Helper()
	s := laketest.NewSync(dir, api, nil)
	if s.Err != nil {
		t.Fatal(s.Err)
	}
	var err error
	s.Client, err = extract.New(extract.Config{
		Key: laketest.Key, BaseURL: api, MaxRPS: 100_000, MaxRequests: most,
		Retry: extract.Retry{Attempts: 12, Base: time.Millisecond, Cap: 5 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Accounts = accounts
	s.OnEvent = func(e pipeline.Event) {
		if e.Event == pipeline.EventStopped {
			t.Log(e.Message)
		}
	}
	return s.Run(t.Context())
}

// Several runs, each with few requests, come to the lake of one run without a bound.
// The simulator counts that no run sends more than it may, whatever goes wrong. What
// changes meanwhile is read, too.
func TestBoundedRuns(t *testing.T) {
	t.Parallel()
	for name, faults := range laketest.Sampled(map[string]stripesim.Faults{
		"all is well": {},
		"faults":      {Rate: 0.2, Seed: 3, Stall: time.Millisecond, Kinds: []stripesim.FaultKind{stripesim.Reset, stripesim.ResetMidBody, stripesim.Unavailable, stripesim.TooManyRequests}},
	}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := laketest.Shop(t, func(c *stripesim.Config) { c.Charges, c.Faults = 1200, faults })
			api := laketest.Serve(t, server)
			dir, runs := filepath.Join(t.TempDir(), "lake"), 0
			read := func(most int64) {
				for done := false; !done; runs++ {
					before := total(server)
					summary, err := bounded(t, dir, api, most)
					if err != nil {
						t.Fatal(err)
					}
					if sent := int64(total(server) - before); sent > most || sent != summary.Requests {
						t.Errorf("%d requests arrived, %d are counted, and %d are allowed", sent, summary.Requests, most)
					}
					if done = summary.Stopped == ""; !done && (summary.Stopped != extract.ByRequests || summary.Outcome != pipeline.OutcomeStopped) {
						t.Errorf("a bounded run: %+v", summary)
					}
					if len(summary.GivenUp)+len(summary.Unread) > 0 {
						t.Errorf("a bounded run gave up %v, and did not read %v", summary.GivenUp, summary.Unread)
					}
					if runs > 100 {
						t.Fatal("the runs do not come to an end")
					}
				}
			}
			read(20)
			laketest.CheckAgainstLedger(t, dir, server)
			for _, action := range []stripesim.Action{stripesim.CreateCharge, stripesim.UpdateCustomer, stripesim.CreateRefund, stripesim.UpdateSubscription} {
				laketest.Act(t, server, action)
				if _, err := bounded(t, dir, api, 12); err != nil { // mostly stops before this change is read
					t.Fatal(err)
				}
			}
			server.Advance(time.Hour)
			read(25)
			t.Logf("%d runs", runs)
			laketest.CheckAgainstLedger(t, dir, server)
			laketest.CheckSound(t, dir, true)
		})
	}
}

// Connected accounts share a bound. One that is not reached in time waits for the next
// run.
func TestBoundedRunsOfAccounts(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, func(c *stripesim.Config) { c.Charges, c.Accounts = 300, 3 })
	api, dir := laketest.Serve(t, server), filepath.Join(t.TempDir(), "lake")
	var accounts []string
	for _, account := range server.Connected() {
		accounts = append(accounts, account.AccountID())
	}
	for _, most := range []int64{1, 2, 10, 20, 1000} {
		before := total(server)
		summary, err := bounded(t, dir, api, most, accounts...)
		if sent := int64(total(server) - before); err != nil || sent > most || summary.Requests > sent {
			t.Errorf("%d requests arrived, and %d are allowed: %+v, %v", sent, most, summary, err)
		}
		if stopped := summary.Stopped != ""; stopped != (most < 1000) || len(summary.Unread)+len(summary.GivenUp) > 0 {
			t.Errorf("a run of %d requests: %+v", most, summary)
		}
	}
	for _, account := range server.Connected() {
		laketest.CheckAgainstLedger(t, dir, account)
	}
}

// A lake that was read in parts equals one that was read at once.
func TestBoundedRunsEqualOne(t *testing.T) {
	t.Parallel()
	api := laketest.Serve(t, laketest.Shop(t, func(c *stripesim.Config) { c.Charges = 1200 }))
	whole, parts := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "parts")
	if _, err := bounded(t, whole, api, 0); err != nil {
		t.Fatal(err)
	}
	for stopped := true; stopped; {
		summary, err := bounded(t, parts, api, 15)
		if err != nil {
			t.Fatal(err)
		}
		stopped = summary.Stopped != ""
	}
	want, err := loadtest.Digest(t.Context(), whole)
	if err != nil {
		t.Fatal(err)
	}
	got, err := loadtest.Digest(t.Context(), parts)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-at once +in parts:\n%s", diff)
	}
}

// A rebuild that its bound ends publishes nothing, and the next one goes on.
func TestBoundedRebuild(t *testing.T) {
	t.Parallel()
	api := laketest.Serve(t, laketest.Fortnight(t))
	dir := filepath.Join(t.TempDir(), "lake")
	laketest.Synced(t, dir, api)
	edited := laketest.NewEditedSync(dir, api, nil)
	if edited.Err != nil {
		t.Fatal(edited.Err)
	}
	rebuild := pipeline.Rebuild{Mappings: edited.Mappings, Lake: edited.Lake, MaxRuntime: 1}
	summary, err := rebuild.Run(t.Context())
	if err != nil || summary.Stopped != extract.ByTime || summary.Generation != 0 {
		t.Fatalf("%+v, %v", summary, err)
	}
	resumed := false
	rebuild.MaxRuntime = time.Hour
	rebuild.OnEvent = func(e pipeline.Event) {
		resumed = resumed || e.Event == pipeline.EventNotice && strings.HasSuffix(e.Message, "; going on where the last rebuild stopped")
	}
	if summary, err = rebuild.Run(t.Context()); err != nil || summary.Stopped != "" || summary.Generation == 0 {
		t.Fatalf("%+v, %v", summary, err)
	}
	if !resumed {
		t.Error("the second rebuild began anew")
	}
	laketest.CheckSound(t, dir, true)
}
