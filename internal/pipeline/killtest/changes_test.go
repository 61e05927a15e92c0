package killtest_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
)

// TestChangesKilled is TestSyncKilled for a sync that follows changes, for one that
// brings an older warehouse up to date where the file system shares no blocks, for one that
// lists everything again because it comes after more than 30 days, and for one that
// looks back past midnight and reads by their id the balance transactions that no list
// shows yet. A hint is passed only with its re-read (Invariant 1).
func TestChangesKilled(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		gap     time.Duration
		late    time.Duration // of balance transactions and events
		charges int           // made in between
		earlier int           // syncs after the first one
	}{"changes": {time.Hour, 0, 3, 0}, "patch": {time.Hour, 0, 3, 2}, "relist": {50 * 24 * time.Hour, 0, 3, 0}, "late": {45 * time.Minute, 3 * time.Hour, 40, 0}} {
		if *moments == "some" && name != "patch" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, before := laketest.Shop(t, func(c *stripesim.Config) {
				c.Charges, c.Now, c.LongLists, c.Late = 150, c.From.AddDate(0, 0, 12).Add(-30*time.Minute), true, tc.late
			}), newLake(t)
			api := laketest.Serve(t, server)
			for range tc.earlier + 1 {
				if err := laketest.Run(laketest.NewSync(before, api, nil)); err != nil {
					t.Fatal(err)
				}
				changeSomething(t, server, tc.charges)
				server.Advance(tc.gap)
			}

			undisturbed := laketest.Copied(t, before)
			if err := laketest.Run(laketest.NewSync(undisturbed, api, nil)); err != nil {
				t.Fatal(err)
			}
			want := laketest.Digest(t, undisturbed)
			if cmp.Equal(want, laketest.Digest(t, before)) {
				t.Fatal("nothing changed: the test would prove nothing")
			}
			paths := slices.Collect(maps.Keys(server.Requests()))
			if tc.late > 0 && !slices.ContainsFunc(paths, func(path string) bool { return strings.HasPrefix(path, "/v1/balance_transactions/") }) {
				t.Fatal("no balance transaction was read by its id")
			}

			sync := laketest.Child{Work: workSync, API: api, Lake: laketest.Copied(t, before)}
			for _, at := range killsAt(laketest.Moments(t, sync)) {
				sync.Lake = laketest.Copied(t, before)
				if !die(t, sync, at) {
					continue
				}
				if err := laketest.Run(laketest.NewSync(sync.Lake, api, nil)); err != nil {
					t.Fatalf("after %s: %v", at, err)
				}
				if diff := cmp.Diff(want, laketest.Digest(t, sync.Lake)); diff != "" {
					t.Fatalf("after %s the lake differs (-undisturbed +recovered):\n%s", at, diff)
				}
			}
		})
	}
}

func changeSomething(t *testing.T, server *stripesim.Server, charges int) {
	t.Helper()
	for action, times := range map[stripesim.Action]int{
		stripesim.UpdateCharge: 3, stripesim.CreateRefund: 3, stripesim.DeleteCustomer: 3,
		stripesim.CancelSubscription: 3, stripesim.CreateCharge: charges, stripesim.DeactivatePrice: 3,
	} {
		if _, err := server.Change(action, times); err != nil {
			t.Fatal(err)
		}
	}
}
