package killtest_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

func rebuildAsChild(ctx context.Context, c laketest.Child) error {
	_, err := laketest.NewEditedSync(c.Lake, c.API, c.Options).Rebuild(ctx, nil)
	return err
}

// TestRebuildKilled kills a rebuild. A plain sync, or a rebuild, makes of what is left
// what an undisturbed one makes; between them people read the old tables or the new
// ones.
func TestRebuildKilled(t *testing.T) {
	t.Parallel()
	api := laketest.Serve(t, laketest.Fortnight(t))
	lake, done := newLake(t), newLake(t)
	if err := laketest.Run(laketest.NewSync(lake, api, nil)); err != nil {
		t.Fatal(err)
	}
	if err := laketest.Run(laketest.NewEditedSync(done, api, nil)); err != nil {
		t.Fatal(err)
	}
	old, want := laketest.Digest(t, lake), laketest.Digest(t, done)
	rebuild := laketest.Child{Work: workRebuild, API: api, Lake: laketest.Copied(t, lake)}
	for i, at := range killsAt(laketest.Moments(t, rebuild)) {
		rebuild.Lake = laketest.Copied(t, lake)
		if !die(t, rebuild, at) {
			continue
		}
		if now := laketest.Digest(t, rebuild.Lake); !cmp.Equal(now, old) && !cmp.Equal(now, want) {
			t.Errorf("%s: people read neither the old tables nor the new ones", at)
		}
		if i%2 == 0 {
			if err := laketest.Run(laketest.NewEditedSync(rebuild.Lake, api, nil)); err != nil {
				t.Fatalf("%s, then sync: %v", at, err)
			}
		}
		if _, err := laketest.NewEditedSync(rebuild.Lake, api, nil).Rebuild(t.Context(), nil); err != nil {
			t.Fatalf("%s, then rebuild: %v", at, err)
		}
		if diff := cmp.Diff(want, laketest.Digest(t, rebuild.Lake)); diff != "" {
			t.Fatalf("%s (-undisturbed +recovered):\n%s", at, diff)
		}
	}
}
