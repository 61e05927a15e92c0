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

// edited is a sync whose refunds have one more column.
func edited(dir, api string, change func(*load.Options)) *setup {
	return newSyncOf(func(files map[string]string) {
		files["stripe/refund.yaml"] += "  reason_code: {type: string, title: Reason code, description: Upper case.}\n"
		files["mappings/stripe/refund.yaml"] = strings.Replace(files["mappings/stripe/refund.yaml"], "fields:\n", "fields:\n  reason_code: upper(reason)\n", 1)
	}, dir, api, change)
}

func (s *setup) rebuild(ctx context.Context, onEvent func(pipeline.Event)) (pipeline.Summary, error) {
	if s.err != nil {
		return pipeline.Summary{}, s.err
	}
	return (&pipeline.Rebuild{Plan: s.Plan, Lake: s.Lake, OnEvent: onEvent}).Run(ctx)
}

// fortnight is a small business that has something of everything.
func fortnight(t *testing.T) *stripesim.Server {
	t.Helper()
	from := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	server, err := stripesim.New(stripesim.Config{Seed: 7, Charges: 150, From: from, To: from.AddDate(0, 0, 14)})
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func columns(t *testing.T, dir, table string) string {
	t.Helper()
	var names string
	err := warehouse(t, dir).QueryRowContext(t.Context(), "SELECT string_agg(column_name, ' ') FROM duckdb_columns() WHERE table_name = ?", table).Scan(&names)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestEditedMappingWaitsForARebuild holds that a sync under other schemas goes on
// with those that the tables were built with, that a rebuild derives just what
// changed, and that the result is what a lake built with them would hold.
func TestEditedMappingWaitsForARebuild(t *testing.T) {
	t.Parallel()
	server := fortnight(t)
	api := serve(t, server)
	dir, scratch := filepath.Join(t.TempDir(), "lake"), filepath.Join(t.TempDir(), "lake")
	if err := run(newSync(dir, api, nil)); err != nil {
		t.Fatal(err)
	}
	if err := run(edited(scratch, api, nil)); err != nil {
		t.Fatal(err)
	}
	before := digest(t, dir)
	inodes := func() map[string]os.FileInfo {
		files, err := filepath.Glob(filepath.Join(dir, "current", "*", "*", "*", "*.parquet"))
		all := map[string]os.FileInfo{}
		for _, file := range files {
			info, statErr := os.Stat(file)
			if err = errors.Join(err, statErr); err == nil {
				all[strings.TrimPrefix(file, dir)] = info
			}
		}
		if err != nil || len(all) == 0 {
			t.Fatal(len(all), err)
		}
		return all
	}
	old := inodes()

	var notices []string
	s := edited(dir, api, nil)
	s.OnEvent = func(e pipeline.Event) {
		if e.Event == pipeline.EventNotice {
			notices = append(notices, e.Message)
		}
	}
	if err := run(s); err != nil {
		t.Fatal(err)
	}
	if len(notices) != 1 || !strings.Contains(notices[0], "refunds (changed)") || strings.Contains(notices[0], "charges") {
		t.Errorf("notices: %q", notices)
	}
	if diff := cmp.Diff(before, digest(t, dir)); diff != "" || strings.Contains(columns(t, dir, "refunds"), "reason_code") {
		t.Errorf("the tables changed before a rebuild:\n%s", diff)
	}

	summary, err := edited(dir, api, nil).rebuild(t.Context(), nil)
	if err != nil || summary.Generation == 0 {
		t.Fatal(summary, err)
	}
	if diff := cmp.Diff(digest(t, scratch), digest(t, dir)); diff != "" {
		t.Errorf("rebuilt, the lake is not what the edited schemas make (-made +rebuilt):\n%s", diff)
	}
	for path, info := range inodes() {
		if linked := old[path] != nil && os.SameFile(old[path], info); linked == strings.Contains(path, "/refunds/") {
			t.Errorf("%s is the file of before: %t", path, linked)
		}
	}
	if files, err := load.ReadSchemas(dir); err != nil || !strings.Contains(files["stripe/refund.yaml"], "reason_code") {
		t.Error("the generation does not carry its schemas", err)
	}
	if summary, err := edited(dir, api, nil).rebuild(t.Context(), nil); err != nil || summary.Generation != 0 {
		t.Error("a second rebuild had something to do", summary, err)
	}
	if err := run(edited(dir, api, nil)); err != nil {
		t.Error(err)
	}
}

// TestRebuildGoesOn stops a rebuild, lets a sync bring in more, and holds that
// the next rebuild goes on where the first one stopped.
func TestRebuildGoesOn(t *testing.T) {
	t.Parallel()
	server := fortnight(t)
	api := serve(t, server)
	dir, scratch := filepath.Join(t.TempDir(), "lake"), filepath.Join(t.TempDir(), "lake")
	server.SetNow(time.Date(2025, 3, 10, 0, 0, 0, 0, time.UTC))
	if err := run(newSync(dir, api, nil)); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	s := edited(dir, api, func(o *load.Options) { o.Trace.NextBegun = stop })
	if _, err := s.rebuild(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	server.SetNow(time.Date(2025, 3, 15, 0, 0, 0, 0, time.UTC))
	if err := run(edited(dir, api, nil)); err != nil { // keeps the old tables
		t.Fatal(err)
	}
	resumed := false
	if _, err := edited(dir, api, nil).rebuild(t.Context(), func(e pipeline.Event) {
		resumed = resumed || strings.Contains(e.Message, "going on where")
	}); err != nil || !resumed {
		t.Fatal(resumed, err)
	}
	again := edited(scratch, api, nil)
	if err := os.CopyFS(filepath.Join(scratch, "raw"), os.DirFS(filepath.Join(dir, "raw"))); err != nil {
		t.Fatal(err)
	}
	if err := run(again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(digest(t, scratch), digest(t, dir)); diff != "" {
		t.Errorf("(-from scratch +resumed):\n%s", diff)
	}
}

// crashRebuild makes the test binary rebuild a lake and kill itself.
const crashRebuild = "STRIPELAKE_CRASH_REBUILD"

// rebuildUntil rebuilds and kills its own process at the nth traced moment.
func rebuildUntil(dir string, n int) error {
	_, err := edited(dir, "http://127.0.0.1:1", func(o *load.Options) { o.Trace = traced(dieAt(n, "")) }).rebuild(context.Background(), nil)
	return err
}

// TestRebuildKilledAtEveryMoment kills a rebuild with SIGKILL at each traced
// moment. A plain sync, or a rebuild, makes of what is left what an undisturbed
// one makes; between them people read the old tables or the new ones.
func TestRebuildKilledAtEveryMoment(t *testing.T) {
	t.Parallel()
	api := serve(t, fortnight(t))
	lake, done := filepath.Join(t.TempDir(), "lake"), filepath.Join(t.TempDir(), "lake")
	if err := run(newSync(lake, api, nil)); err != nil {
		t.Fatal(err)
	}
	if err := run(edited(done, api, nil)); err != nil {
		t.Fatal(err)
	}
	old, want := digest(t, lake), digest(t, done)
	for n := 1; ; n++ {
		dir := filepath.Join(t.TempDir(), "lake")
		if err := os.CopyFS(dir, os.DirFS(lake)); err != nil {
			t.Fatal(err)
		}
		name, killed := crash(t, dir, n, crashRebuild+"=1")
		if !killed {
			if n < 8 {
				t.Errorf("only %d moments", n)
			}
			return
		}
		if now := digest(t, dir); !cmp.Equal(now, old) && !cmp.Equal(now, want) {
			t.Errorf("kill %d at %s: people read neither the old tables nor the new ones", n, name)
		}
		if n%2 == 0 {
			if err := run(edited(dir, api, nil)); err != nil {
				t.Fatalf("kill %d at %s, then sync: %v", n, name, err)
			}
		}
		if _, err := edited(dir, api, nil).rebuild(t.Context(), nil); err != nil {
			t.Fatalf("kill %d at %s, then rebuild: %v", n, name, err)
		}
		if diff := cmp.Diff(want, digest(t, dir)); diff != "" {
			t.Fatalf("kill %d at %s (-undisturbed +recovered):\n%s", n, name, diff)
		}
		if testing.Short() {
			n += 3 // sample
		}
	}
}
