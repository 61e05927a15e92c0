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
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/load"
)

func columns(t *testing.T, dir, table string) string {
	t.Helper()
	var names string
	err := laketest.Warehouse(t, dir).QueryRowContext(t.Context(), "SELECT string_agg(column_name, ' ') FROM duckdb_columns() WHERE table_name = ?", table).Scan(&names)
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
	server := laketest.Fortnight(t)
	api := laketest.Serve(t, server)
	dir, scratch := filepath.Join(t.TempDir(), "lake"), filepath.Join(t.TempDir(), "lake")
	if err := laketest.Run(laketest.NewSync(dir, api, nil)); err != nil {
		t.Fatal(err)
	}
	if err := laketest.Run(laketest.NewEditedSync(scratch, api, nil)); err != nil {
		t.Fatal(err)
	}
	before := laketest.Digest(t, dir)
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
	s := laketest.NewEditedSync(dir, api, nil)
	s.OnEvent = func(e pipeline.Event) {
		if e.Event == pipeline.EventNotice {
			notices = append(notices, e.Message)
		}
	}
	if err := laketest.Run(s); err != nil {
		t.Fatal(err)
	}
	if len(notices) != 1 || !strings.Contains(notices[0], "refunds (changed)") || strings.Contains(notices[0], "charges") {
		t.Errorf("notices: %q", notices)
	}
	if diff := cmp.Diff(before, laketest.Digest(t, dir)); diff != "" || strings.Contains(columns(t, dir, "refunds"), "reason_code") {
		t.Errorf("the tables changed before a rebuild:\n%s", diff)
	}

	summary, err := laketest.NewEditedSync(dir, api, nil).Rebuild(t.Context(), nil)
	if err != nil || summary.Generation == 0 {
		t.Fatal(summary, err)
	}
	if diff := cmp.Diff(laketest.Digest(t, scratch), laketest.Digest(t, dir)); diff != "" {
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
	if summary, err := laketest.NewEditedSync(dir, api, nil).Rebuild(t.Context(), nil); err != nil || summary.Generation != 0 {
		t.Error("a second rebuild had something to do", summary, err)
	}
	if err := laketest.Run(laketest.NewEditedSync(dir, api, nil)); err != nil {
		t.Error(err)
	}
}

// TestRebuildGoesOn stops a rebuild, lets a sync bring in more, and holds that
// the next rebuild goes on where the first one stopped.
func TestRebuildGoesOn(t *testing.T) {
	t.Parallel()
	server := laketest.Fortnight(t)
	api := laketest.Serve(t, server)
	dir, scratch := filepath.Join(t.TempDir(), "lake"), filepath.Join(t.TempDir(), "lake")
	server.SetNow(time.Date(2025, 3, 10, 0, 0, 0, 0, time.UTC))
	if err := laketest.Run(laketest.NewSync(dir, api, nil)); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	s := laketest.NewEditedSync(dir, api, func(o *load.Options) { o.Trace.NextBegun = stop })
	if _, err := s.Rebuild(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	server.SetNow(time.Date(2025, 3, 15, 0, 0, 0, 0, time.UTC))
	if err := laketest.Run(laketest.NewEditedSync(dir, api, nil)); err != nil { // keeps the old tables
		t.Fatal(err)
	}
	resumed := false
	if _, err := laketest.NewEditedSync(dir, api, nil).Rebuild(t.Context(), func(e pipeline.Event) {
		resumed = resumed || strings.Contains(e.Message, "going on where")
	}); err != nil || !resumed {
		t.Fatal(resumed, err)
	}
	again := laketest.NewEditedSync(scratch, api, nil)
	if err := os.CopyFS(filepath.Join(scratch, "raw"), os.DirFS(filepath.Join(dir, "raw"))); err != nil {
		t.Fatal(err)
	}
	if err := laketest.Run(again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(laketest.Digest(t, scratch), laketest.Digest(t, dir)); diff != "" {
		t.Errorf("(-from scratch +resumed):\n%s", diff)
	}
}
