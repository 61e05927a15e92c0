package pipeline_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

// Dropping what was superseded leaves of each object its newest version, and
// below a tombstone the last full one: the tables derived again are the same,
// the next sync finds nothing new, and a verification finds nothing.
func TestDropSuperseded(t *testing.T) {
	t.Parallel()
	s := agedScene(t, nil)
	lake := newSync(s.lake, s.api, nil).Lake
	if _, err := pipeline.Compact(t.Context(), lake, pipeline.KeptAtLeast); !errors.As(err, new(*pipeline.UsageError)) || !strings.Contains(err.Error(), "charges_history") {
		t.Fatalf("dropping what histories are made of: %v", err)
	}
	without := newSyncOf(noHistory, s.lake, s.api, nil)
	if _, err := without.rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	s.edit, lake = noHistory, without.Lake
	want := digest(t, s.lake)
	before := versions(t, lake)
	done, err := pipeline.Compact(t.Context(), lake, pipeline.KeptAtLeast)
	if err != nil {
		t.Fatal(err)
	}
	dropped := map[string]int{}
	for _, c := range done {
		dropped[c.Stream] = c.Dropped
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

	if findings := verify(t, s.lake, true); len(findings) > 0 {
		t.Errorf("findings: %v", findings)
	}
	rebuilt := newSyncOf(noHistory, s.lake, s.api, func(o *load.Options) { o.Anew = true })
	if _, err := (&pipeline.Rebuild{Plan: rebuilt.Plan, Lake: rebuilt.Lake}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := digest(t, s.lake)
	delete(want, "log")
	delete(got, "log")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the tables differ (-before +derived again):\n%s", diff)
	}
	if summary := s.sync(); summary.Objects != summary.Unchanged || summary.Generation != 0 {
		t.Errorf("a quiet sync brought %+v", summary)
	}
	if _, err := pipeline.Compact(t.Context(), lake, time.Hour); !errors.As(err, new(*pipeline.UsageError)) {
		t.Errorf("dropping what is an hour old: %v", err)
	}
}

// noHistory makes of the shipped schemas some that keep no history.
func noHistory(files map[string]string) {
	for path, text := range files {
		files[path] = strings.Replace(text, "\nhistory: true\n", "\n", 1)
	}
}

// changedScene is a lake of a business of which some was changed three times.
func changedScene(t *testing.T, edit func(map[string]string)) *scene {
	t.Helper()
	return changedIn(t, shop(t, nil), edit)
}

func changedIn(t *testing.T, server *stripesim.Server, edit func(map[string]string)) *scene {
	t.Helper()
	s := newScene(t, server.Handler())
	s.edit = edit
	s.sync()
	for range 3 {
		for _, action := range []stripesim.Action{
			stripesim.UpdateCharge, stripesim.UpdateCustomer, stripesim.DeleteCustomer, stripesim.UpdateSubscription, stripesim.PartialRefund,
		} {
			act(t, server, action)
		}
		server.Advance(time.Hour)
		s.sync()
	}
	return s
}

// agedScene is a changedScene that is read once more when all of that is old.
func agedScene(t *testing.T, edit func(map[string]string)) *scene {
	t.Helper()
	server := shop(t, nil)
	s := changedIn(t, server, edit)
	for range 2 { // the first one reads what has become available meanwhile
		server.Advance(pipeline.KeptAtLeast + time.Hour)
		act(t, server, stripesim.CreateCustomer)
		server.Advance(5 * time.Minute)
		s.sync()
	}
	return s
}

// crashCompact has the test binary drop what was superseded, and kill itself at
// the crashAt-th moment.
const crashCompact = "STRIPELAKE_CRASH_COMPACT"

func compactUntil(dir string, n int) error {
	s := newSyncOf(noHistory, dir, "http://127.0.0.1:1", func(o *load.Options) { o.Trace = traced(dieAt(n, "")) })
	if s.err != nil {
		return s.err
	}
	_, err := pipeline.Compact(context.Background(), s.Lake, pipeline.KeptAtLeast)
	return err
}

// Days are counted from the newest answer in the log: what was replaced the day
// before it is kept, whatever this machine's clock says.
func TestDropSupersededCountsByTheLog(t *testing.T) {
	t.Parallel()
	s := changedScene(t, noHistory) // of more than a year ago, by this machine's clock
	lake := newSyncOf(noHistory, s.lake, s.api, nil).Lake
	before := versions(t, lake)
	if _, err := pipeline.Compact(t.Context(), lake, pipeline.KeptAtLeast); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, versions(t, lake)); diff != "" {
		t.Errorf("versions (-before +after):\n%s", diff)
	}
}

// A compaction that was killed at any moment is finished by the next one, or by
// none: the lake is whole in between.
func TestDropSupersededKilled(t *testing.T) {
	t.Parallel()
	s := agedScene(t, noHistory)
	done := copied(t, s.lake)
	if err := compactUntil(done, 0); err != nil {
		t.Fatal(err)
	}
	want := digest(t, done)
	kills := 0
	for n := 1; ; n += 7 {
		dir := copied(t, s.lake)
		if _, killed := crash(t, dir, n, crashCompact+"=1"); !killed {
			break
		}
		kills++
		if err := run(newSyncOf(noHistory, dir, s.api, nil)); err != nil {
			t.Fatalf("a sync after a kill at moment %d: %v", n, err)
		}
		if err := compactUntil(dir, 0); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, digest(t, dir)); diff != "" {
			t.Fatalf("after a kill at moment %d (-undisturbed +recovered):\n%s", n, diff)
		}
	}
	if t.Logf("%d kills", kills); kills < 5 {
		t.Errorf("only %d kills", kills)
	}
}

func copied(t *testing.T, lake string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "lake")
	if err := os.CopyFS(dir, os.DirFS(lake)); err != nil {
		t.Fatal(err)
	}
	return dir
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
