package pipeline_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

// Whoever publishes says what is complete, and every run is on the record with
// how it ended.
func TestCoverageAndRunsAreRecorded(t *testing.T) {
	t.Parallel()
	server, err := stripesim.New(stripesim.Config{Charges: 50})
	if err != nil {
		t.Fatal(err)
	}
	dir, api := filepath.Join(t.TempDir(), "lake"), laketest.Serve(t, server)
	ctx, cancel := context.WithCancel(t.Context())
	stopped := laketest.NewSync(dir, api, nil)
	stopped.OnEvent = func(e pipeline.Event) {
		if e.Event == pipeline.EventSegment {
			cancel()
		}
	}
	if _, err := stopped.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	last := func(want string) {
		t.Helper()
		status, err := pipeline.ReadStatus(t.Context(), dir)
		if err != nil || status.LastRun == nil || status.LastRun.Outcome != want {
			t.Errorf("last run %+v, %v, want %s", status.LastRun, err, want)
		}
	}
	last("interrupted")
	if said, err := load.ReadStatus(dir); err != nil || said.LastRun == nil || said.LastRun.Requests == 0 {
		t.Errorf("the status says of the interrupted run: %+v, %v", said.LastRun, err)
	}
	covered := func(after string) {
		t.Helper()
		var n int
		if err := laketest.Warehouse(t, dir).QueryRow("SELECT count(*) FROM meta.coverage WHERE complete_through IS NOT NULL AND as_of IS NOT NULL").Scan(&n); err != nil || n != 6 {
			t.Errorf("after %s %d resources are covered, %v", after, n, err)
		}
	}
	s := laketest.NewSync(dir, api, nil)
	if err := laketest.Run(s); err != nil {
		t.Fatal(err)
	}
	last("done")
	covered("a sync")
	rebuild := laketest.NewSync(dir, api, nil)
	if _, err := (&pipeline.Rebuild{Mappings: rebuild.Mappings, Lake: rebuild.Lake, Tables: rebuild.Lake.Tables()}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	covered("a rebuild")
	if err := laketest.Run(laketest.NewSync(dir, api, nil)); err != nil {
		t.Fatal(err)
	}
	if status, err := pipeline.ReadStatus(t.Context(), dir); err != nil || status.LastRun.Command != "sync" {
		t.Errorf("the last run was %+v, %v", status.LastRun, err)
	}
}
