package pipeline_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

// Events add up, so that somebody who follows them knows how much is left: as many
// segments are applied as were appended or found waiting, and the last page of a list
// says that nothing is left of it.
func TestEventsAddUp(t *testing.T) {
	t.Parallel()
	server, err := stripesim.New(stripesim.Config{Charges: 400})
	if err != nil {
		t.Fatal(err)
	}
	dir, api := filepath.Join(t.TempDir(), "lake"), laketest.Serve(t, server)
	var waiting, applied uint64
	left := map[string]int64{}
	note := func(e pipeline.Event) {
		switch e.Event {
		case pipeline.EventBacklog:
			waiting += e.Segments
		case pipeline.EventSegment:
			if e.Segment > 0 {
				waiting++
			}
		case pipeline.EventApplied:
			applied += e.Segments
		case pipeline.EventPage:
			if e.Left != nil {
				left[e.Resource] = *e.Left
			}
		}
	}
	sync := laketest.NewSync(dir, api, nil)
	sync.OnEvent = note
	if err := laketest.Run(sync); err != nil {
		t.Fatal(err)
	}
	if waiting == 0 || applied != waiting {
		t.Errorf("%d segments applied of %d", applied, waiting)
	}
	if n, ok := left["charges"]; !ok || n != 0 {
		t.Errorf("after the last page of the charges: %d left, said %t", n, ok)
	}
	waiting, applied = 0, 0
	again := laketest.NewSync(dir, api, nil)
	again.Lake = again.Lake.FromScratch()
	if _, err := again.Rebuild(t.Context(), note); err != nil {
		t.Fatal(err)
	}
	if waiting == 0 || applied != waiting {
		t.Errorf("derived again: %d segments applied of %d", applied, waiting)
	}
}

// Whatever takes long says what it is at.
func TestStages(t *testing.T) {
	t.Parallel()
	server, err := stripesim.New(stripesim.Config{Charges: 30})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "lake")
	laketest.Synced(t, dir, laketest.Serve(t, server))
	var stages []string
	onStage := func(what string) { stages = append(stages, what) }
	verify := pipeline.Verify{Dir: dir, OnStage: onStage}
	if _, err := verify.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	lake, err := load.Open(dir, load.Options{OnStage: onStage})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pipeline.Backup(t.Context(), lake, filepath.Join(t.TempDir(), "copy")); err != nil {
		t.Fatal(err)
	}
	if _, err := pipeline.Compact(t.Context(), lake, 0); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"verifying: raw log", "verifying: marts", "copying charges", "compacting charges"} {
		if !slices.Contains(stages, want) {
			t.Errorf("nothing said %q, but %s", want, strings.Join(stages, ", "))
		}
	}
}
