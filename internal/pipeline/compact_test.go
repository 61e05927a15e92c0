package pipeline_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/load"
)

// Dropping what was superseded leaves of each object its newest version, and
// below a tombstone the last full one: the tables derived again are the same,
// the next sync finds nothing new, and a verification finds nothing.
func TestDropSuperseded(t *testing.T) {
	t.Parallel()
	s := laketest.AgedScene(t, nil)
	lake := laketest.NewSync(s.Lake, s.API, nil).Lake
	if _, err := pipeline.Compact(t.Context(), lake, pipeline.KeptAtLeast); !errors.As(err, new(*pipeline.UsageError)) || !strings.Contains(err.Error(), "charges_history") {
		t.Fatalf("dropping what histories are made of: %v", err)
	}
	without := laketest.NewSyncOf(laketest.WithoutHistory, s.Lake, s.API, nil)
	if _, err := without.Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	s.Edit, lake = laketest.WithoutHistory, without.Lake
	want := laketest.Digest(t, s.Lake)
	before := versions(t, lake)
	planned, err := pipeline.PlanCompact(t.Context(), lake, pipeline.KeptAtLeast)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, versions(t, lake)); diff != "" {
		t.Errorf("the plan changed the log (-before +after):\n%s", diff)
	}
	done, err := pipeline.Compact(t.Context(), lake, pipeline.KeptAtLeast)
	if err != nil {
		t.Fatal(err)
	}
	dropped := map[string]int{}
	for i, c := range done {
		dropped[c.Stream] = c.Dropped
		if c.Dropped != planned[i].Dropped {
			t.Errorf("%d versions of %s were dropped, and %d planned", c.Dropped, c.Stream, planned[i].Dropped)
		}
	}
	after := versions(t, lake)
	for stream, ids := range after {
		for id, full := range ids {
			if full != 1 {
				t.Errorf("%d full versions of %s %s", full, stream, id)
			}
		}
		if stream != "events" && len(ids) != len(before[stream]) {
			t.Errorf("%s: %d objects of %d", stream, len(ids), len(before[stream]))
		}
	}
	for _, stream := range []string{"charges", "customers", "subscriptions"} {
		if dropped[stream] == 0 {
			t.Errorf("nothing of %s was dropped", stream)
		}
	}
	if dropped["events"] == 0 || len(after["events"]) == 0 || len(after["events"]) >= len(before["events"]) {
		t.Errorf("%d events were dropped, %d are left", dropped["events"], len(after["events"]))
	}

	if findings := laketest.Verify(t, s.Lake, true); len(findings) > 0 {
		t.Errorf("findings: %v", findings)
	}
	rebuilt := laketest.NewSyncOf(laketest.WithoutHistory, s.Lake, s.API, func(o *load.Options) { o.Anew = true })
	if _, err := (&pipeline.Rebuild{Mappings: rebuilt.Mappings, Lake: rebuilt.Lake}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := laketest.Digest(t, s.Lake)
	delete(want, "log")
	delete(got, "log")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the tables differ (-before +derived again):\n%s", diff)
	}
	if summary := s.Sync(); summary.Objects != summary.Unchanged || summary.Generation != 0 {
		t.Errorf("a quiet sync brought %+v", summary)
	}
	if _, err := pipeline.Compact(t.Context(), lake, time.Hour); !errors.As(err, new(*pipeline.UsageError)) {
		t.Errorf("dropping what is an hour old: %v", err)
	}
}

// Days are counted from the newest answer in the log: what was replaced the day
// before it is kept, whatever this machine's clock says.
func TestDropSupersededCountsByTheLog(t *testing.T) {
	t.Parallel()
	s := laketest.ChangedScene(t, laketest.WithoutHistory) // of more than a year ago, by this machine's clock
	lake := laketest.NewSyncOf(laketest.WithoutHistory, s.Lake, s.API, nil).Lake
	before := versions(t, lake)
	if _, err := pipeline.Compact(t.Context(), lake, pipeline.KeptAtLeast); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, versions(t, lake)); diff != "" {
		t.Errorf("versions (-before +after):\n%s", diff)
	}
}

// versions counts the full versions in the log by stream and id.
func versions(t *testing.T, lake *load.Lake) map[string]map[string]int {
	t.Helper()
	found := map[string]map[string]int{}
	accounts, err := lake.LogAccounts()
	if err != nil {
		t.Fatal(err)
	}
	for _, account := range accounts {
		streams, err := lake.Streams(account)
		if err != nil {
			t.Fatal(err)
		}
		for _, stream := range streams {
			for batch, err := range lake.Read(t.Context(), account, stream, 0) {
				if err != nil {
					t.Fatal(err)
				}
				for _, o := range batch.Objects {
					if found[stream] == nil {
						found[stream] = map[string]int{}
					}
					if !o.Deleted {
						found[stream][o.ID]++
					}
				}
			}
		}
	}
	return found
}
