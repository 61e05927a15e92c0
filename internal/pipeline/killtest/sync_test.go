package killtest_test

import (
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/load"
)

// notInASync are the moments that a first sync has no part in.
var notInASync = slices.Concat([]string{"CursorMoved", "NextBegun", "BaseTaken"}, forgetMoments, repairMoments)

// TestSyncKilled kills a first sync at traced moments, lets a plain run with other
// options finish, and compares the lake with one that was never disturbed. It proves
// Invariants 1, 2, 4, 5 and 7 together.
func TestSyncKilled(t *testing.T) {
	t.Parallel()
	api := laketest.Serve(t, laketest.Fortnight(t)) // few partitions, so few moments that are alike
	sync := laketest.Child{Work: workSync, API: api, Lake: newLake(t)}
	came := laketest.Moments(t, sync)
	for field := range reflect.TypeFor[load.Trace]().Fields() {
		if !slices.Contains(came, field.Name) && !slices.Contains(notInASync, field.Name) {
			t.Errorf("%s is a moment that does not come", field.Name)
		}
	}
	undisturbed := newLake(t)
	if err := laketest.Run(laketest.NewSync(undisturbed, api, nil)); err != nil {
		t.Fatal(err)
	}
	want := laketest.Digest(t, undisturbed)
	for _, at := range killsAt(came) {
		sync.Lake = newLake(t)
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
}

func newLake(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "lake")
}
