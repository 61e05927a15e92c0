package pipeline_test

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/stripesim"
)

var everyMoment = flag.Bool("moments", false, "TestChangesKilledAtEveryMoment kills at every moment, not at some of them")

// TestChangesKilledAtEveryMoment is TestKilledAtEveryMoment for a sync that
// follows changes, for one that lists everything again because it comes after
// more than 30 days, and for one that looks back past midnight and reads by their
// id the balance transactions that no list shows yet. A hint is passed only with
// its re-read (Invariant 1). `make soak` kills at every moment.
func TestChangesKilledAtEveryMoment(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		gap     time.Duration
		step    int           // of the moments, every so many
		late    time.Duration // of balance transactions and events
		charges int           // made in between
	}{"changes": {time.Hour, 3, 0, 3}, "relist": {50 * 24 * time.Hour, 9, 0, 3}, "late": {45 * time.Minute, 23, 3 * time.Hour, 40}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
			server, err := stripesim.New(stripesim.Config{Seed: 7, Charges: 150, From: from, To: from.AddDate(0, 0, 14), Now: from.AddDate(0, 0, 12).Add(-30 * time.Minute), LongLists: true, Late: tc.late})
			if err != nil {
				t.Fatal(err)
			}
			api, before := serve(t, server), filepath.Join(t.TempDir(), "lake")
			if err := run(newSync(before, api, nil)); err != nil {
				t.Fatal(err)
			}
			for _, action := range []stripesim.Action{
				stripesim.UpdateCharge, stripesim.CreateRefund, stripesim.DeleteCustomer, stripesim.CancelSubscription, stripesim.CreateCharge, stripesim.DeactivatePrice,
			} {
				times := 3
				if action == stripesim.CreateCharge {
					times = tc.charges
				}
				if _, err := server.Change(action, times); err != nil {
					t.Fatal(err)
				}
			}
			server.Advance(tc.gap)
			undisturbed := copyOf(t, before)
			if err := run(newSync(undisturbed, api, nil)); err != nil {
				t.Fatal(err)
			}
			want := digest(t, undisturbed)
			if cmp.Equal(want, digest(t, before)) {
				t.Fatal("nothing changed: the test would prove nothing")
			}
			paths := slices.Collect(maps.Keys(server.Requests()))
			if tc.late > 0 && !slices.ContainsFunc(paths, func(path string) bool { return strings.HasPrefix(path, "/v1/balance_transactions/") }) {
				t.Fatal("no balance transaction was read by its id")
			}
			if *everyMoment {
				tc.step = 1
			}
			for n := 1; ; n += tc.step {
				dir := copyOf(t, before)
				moment, killed := crash(t, dir, n, crashAPI+"="+api)
				if !killed {
					break
				}
				if err := run(newSync(dir, api, nil)); err != nil {
					t.Fatalf("after a kill at moment %d (%s): %v", n, moment, err)
				}
				if diff := cmp.Diff(want, digest(t, dir)); diff != "" {
					t.Fatalf("after a kill at moment %d (%s) the lake differs (-undisturbed +recovered):\n%s", n, moment, diff)
				}
				if testing.Short() {
					n += 8 // sample
				}
			}
		})
	}
}

func copyOf(t *testing.T, lake string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "lake")
	if err := os.CopyFS(dir, os.DirFS(lake)); err != nil {
		t.Fatal(err)
	}
	return dir
}
