package pipeline_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/stripesim"
)

// TestChangesKilledAtEveryMoment is TestKilledAtEveryMoment for a sync that
// follows changes, and for one that lists everything again because it comes
// after more than 30 days. A hint is passed only with its re-read (Invariant 1).
func TestChangesKilledAtEveryMoment(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		gap  time.Duration
		step int // of the moments, every so many
	}{"changes": {time.Hour, 2}, "relist": {50 * 24 * time.Hour, 4}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
			server, err := stripesim.New(stripesim.Config{Seed: 7, Charges: 150, From: from, To: from.AddDate(0, 0, 14), Now: from.AddDate(0, 0, 12), LongLists: true})
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
				if _, err := server.Change(action, 3); err != nil {
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
