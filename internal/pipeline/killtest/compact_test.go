package killtest_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

// compactAsChild drops what was superseded.
func compactAsChild(ctx context.Context, c laketest.Child) error {
	s := laketest.NewSyncOf(laketest.WithoutHistory, c.Lake, c.API, c.Options)
	if s.Err != nil {
		return s.Err
	}
	_, err := pipeline.Compact(ctx, s.Lake, pipeline.KeptAtLeast)
	return err
}

// A compaction that was killed is finished by the next one, or by none: the lake is
// sound in between.
func TestCompactionKilled(t *testing.T) {
	t.Parallel()
	s := laketest.AgedScene(t, laketest.WithoutHistory)
	compact := laketest.Child{Work: workCompact, API: s.API, Lake: laketest.Copied(t, s.Lake)}
	came := laketest.Moments(t, compact)
	want := laketest.Digest(t, compact.Lake)
	for _, at := range killsAt(came) {
		compact.Lake = laketest.Copied(t, s.Lake)
		if !die(t, compact, at) {
			continue
		}
		if err := laketest.Run(laketest.NewSyncOf(laketest.WithoutHistory, compact.Lake, s.API, nil)); err != nil {
			t.Fatalf("a sync after %s: %v", at, err)
		}
		if err := compactAsChild(t.Context(), compact); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, laketest.Digest(t, compact.Lake)); diff != "" {
			t.Fatalf("after %s (-undisturbed +recovered):\n%s", at, diff)
		}
	}
}
