package pipeline_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
)

// TestAnySelection holds that however a lake was read so far, one sync of all of
// it has everything. Syncs read some resources, or a span of created; keys may
// not read the events or a list for a while; the state is lost; and the business
// goes on while a sync runs.
func TestAnySelection(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes under the race detector")
	}
	// Not parallel: the number of checks is rapid's, for every test of the process.
	before := flag.Lookup("rapid.checks").Value.String()
	defer func() { _ = flag.Set("rapid.checks", before) }()
	if err := flag.Set("rapid.checks", strconv.Itoa(max(1, *histories/4))); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) { anySelection(t, rt) })
}

func anySelection(t *testing.T, rt *rapid.T) {
	server, err := stripesim.New(stripesim.Config{
		Seed: rapid.Int64Range(1, 1000).Draw(rt, "seed"), Charges: rapid.SampledFrom([]int{30, 300, 1200}).Draw(rt, "charges"),
		LongLists: rapid.Bool().Draw(rt, "long"), Deletions: 30,
		Now: time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 100*24).Draw(rt, "hours")) * time.Hour),
		Lag: time.Duration(rapid.IntRange(0, 20).Draw(rt, "lag")) * time.Second,
	})
	if err != nil {
		rt.Fatal(err)
	}
	url, stop, err := server.Start("127.0.0.1:0")
	if err != nil {
		rt.Fatal(err)
	}
	defer stop()
	dir := t.TempDir()
	defer func() { _ = os.RemoveAll(dir) }()
	lake := filepath.Join(dir, "lake")

	for range rapid.IntRange(1, 5).Draw(rt, "rounds") {
		inPart(rt, lake, url, server)
		for range rapid.IntRange(0, 3).Draw(rt, "bursts") {
			_, _ = server.Change(rapid.SampledFrom(stripesim.Actions()).Draw(rt, "action"), rapid.IntRange(1, 5).Draw(rt, "times"))
			server.Advance(time.Duration(rapid.SampledFrom([]int{0, 1, 59, 61, 3000, 86_400}).Draw(rt, "pause")) * time.Second)
		}
		server.Advance(time.Duration(rapid.SampledFrom([]int{0, 5, 600, 40_000, 20 * 86_400, 61 * 86_400}).Draw(rt, "gap")) * time.Second)
	}
	server.Advance(5 * time.Minute)
	if err := server.SetFaults(); err != nil {
		rt.Fatal(err)
	}
	s := laketest.NewPatientSync(rt, lake, url, nil)
	s.Range.From = time.Unix(0, 0)
	if _, err := s.Run(context.Background()); err != nil {
		rt.Fatalf("the sync of all: %v", err)
	}
	laketest.CheckAgainstLedger(rt, lake, server)
}

// inPart runs a sync of some of the lake, during which things happen, and which
// may be stopped.
func inPart(rt *rapid.T, lake, url string, server *stripesim.Server) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if rapid.IntRange(0, 5).Draw(rt, "lost") == 0 {
		if err := os.RemoveAll(filepath.Join(lake, ".state")); err != nil {
			rt.Fatal(err)
		}
	}
	if err := server.SetFaults(someForbidden(rt)...); err != nil {
		rt.Fatal(err)
	}
	s := laketest.NewPatientSync(rt, lake, url, func(o *load.Options) {
		o.SegmentObjects = rapid.SampledFrom([]int{20_000, 150, 700}).Draw(rt, "segment")
	})
	for _, r := range pipeline.Resources(schemas.ShippedResources()) {
		if rapid.IntRange(0, 2).Draw(rt, r.Name) > 0 {
			s.Resources = append(s.Resources, r.Name)
		}
	}
	ago := func(name string) (at time.Time) {
		if rapid.IntRange(0, 2).Draw(rt, name) == 0 {
			at = server.Now().Add(-time.Duration(rapid.IntRange(0, 200*24).Draw(rt, name+" at")) * time.Hour)
		}
		return at
	}
	s.Range = extract.Range{From: ago("from"), To: ago("to")}
	during := map[int]stripesim.Action{}
	for range rapid.IntRange(0, 3).Draw(rt, "during") {
		during[rapid.IntRange(1, 60).Draw(rt, "event")] = rapid.SampledFrom(stripesim.Actions()).Draw(rt, "meanwhile")
	}
	events, last := 0, rapid.SampledFrom([]int{-1, -1, -1, 10, 40, 150}).Draw(rt, "last")
	s.OnEvent = func(pipeline.Event) {
		if events++; events == last {
			cancel()
		}
		if action, ok := during[events]; ok {
			_, _ = server.Change(action, 1)
			server.Advance(time.Second)
		}
	}
	if _, err := s.Run(ctx); err != nil {
		rt.Logf("a sync: %v", err)
	}
}

// someForbidden are lists that the key may not read, or not any more.
func someForbidden(rt *rapid.T) (faults []stripesim.Fault) {
	for _, path := range []string{"/v1/events", "/v1/charges", "/v1/prices"} {
		if nth := rapid.SampledFrom([]int{0, 0, 0, 0, 1, 3}).Draw(rt, "forbidden "+path); nth > 0 {
			faults = append(faults, stripesim.Fault{Kind: stripesim.Forbidden, Path: path, Nth: nth, Times: stripesim.Always})
		}
	}
	return faults
}
