package pipeline_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
)

func client(t *testing.T, key, api string) *extract.Client {
	t.Helper()
	c, err := extract.New(extract.Config{Key: key, BaseURL: api, MaxRPS: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func forecast(t *testing.T, p pipeline.Planner) pipeline.Forecast {
	t.Helper()
	if p.Every == 0 {
		p.Every = time.Hour
	}
	f, err := p.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A backfill takes about as many requests, and lists about as many objects, as
// was foretold: the error is below a fifth, measured at a tenth. What one second
// holds more of than a page is said not to be counted.
func TestPlanOfABackfill(t *testing.T) {
	t.Parallel()
	for _, shape := range []stripesim.Shape{stripesim.ShapeShop, stripesim.ShapeUniform, stripesim.ShapeSaleDay, stripesim.ShapeSparse} {
		for _, charges := range []int{500, 20_000} {
			t.Run(fmt.Sprint(shape, charges), func(t *testing.T) {
				t.Parallel()
				server, err := stripesim.New(stripesim.Config{Charges: charges, Shape: shape})
				if err != nil {
					t.Fatal(err)
				}
				api := laketest.Serve(t, server)
				f := forecast(t, pipeline.Planner{Client: client(t, laketest.Key, api), Dir: filepath.Join(t.TempDir(), "none")})
				reader := client(t, laketest.Key, api)
				for i, l := range f.Lists[1:] {
					before, objects := reader.Requests(), int64(0)
					for page, err := range reader.Pages(t.Context(), pipeline.Resources()[i], "", extract.Range{}) {
						if err != nil {
							t.Fatal(err)
						}
						objects += int64(len(page.Objects))
					}
					requests := reader.Requests() - before
					t.Logf("%-22s objects %.2f (%d–%d, are %d), requests %.2f", l.List,
						float64(l.Objects.About)/float64(objects), l.Objects.Low, l.Objects.High, objects, float64(l.Requests.About)/float64(requests))
					switch {
					case l.AtLeast:
						if l.Objects.Low > objects {
							t.Errorf("%s: at least %d foretold, %d came", l.List, l.Objects.Low, objects)
						}
					case shape != stripesim.ShapeShop && shape != stripesim.ShapeUniform && l.List == "balance_transactions":
						// Their burst lies between two pages: this is the limit of the method.
					default:
						near(t, l.List+" objects", l.Objects.About, objects, 0)
						near(t, l.List+" requests", l.Requests.About, requests, 10)
					}
				}
				if f.Probes > 8*32 {
					t.Errorf("%d requests spent on it", f.Probes)
				}
			})
		}
	}
}

// near allows for a fifth, and a little more where numbers are small.
func near(t *testing.T, what string, got, want, more int64) {
	t.Helper()
	if off := max(got-want, want-got); off > max(want/5, more) {
		t.Errorf("%s: %d foretold, %d came", what, got, want)
	}
}

// The sync after one, hours or days later, asks for what was foretold. The plan
// itself takes no lock and changes no file.
func TestPlanOfTheNextSync(t *testing.T) {
	t.Parallel()
	start := time.Date(2025, 9, 1, 12, 0, 0, 0, time.UTC)
	server, err := stripesim.New(stripesim.Config{Charges: 4000, Now: start})
	if err != nil {
		t.Fatal(err)
	}
	api, dir := laketest.Serve(t, server), filepath.Join(t.TempDir(), "lake")
	if err := laketest.Run(laketest.NewSync(dir, api, nil)); err != nil {
		t.Fatal(err)
	}
	lookBack := extract.Range{LookBack: 48 * time.Hour}
	for _, asleep := range []time.Duration{0, time.Hour, 3 * 24 * time.Hour, time.Hour, 24 * time.Hour} {
		server.Advance(asleep)
		before := tree(t, dir)
		f := forecast(t, pipeline.Planner{Client: client(t, laketest.Key, api), Dir: dir, Range: lookBack})
		if asleep > 0 {
			what := map[bool]string{false: pipeline.PlanNew, true: pipeline.PlanLookBack}[asleep >= 24*time.Hour]
			if got := []string{f.Lists[0].What, f.Lists[1].What, f.Lists[4].What}; !cmp.Equal(got, []string{what, pipeline.PlanNew, what}) {
				t.Errorf("after %v: %v", asleep, got)
			}
		}
		if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
			t.Errorf("the plan changed the lake:\n%s", diff)
		}
		next := laketest.NewSync(dir, api, nil)
		if err := laketest.Run(next); err != nil {
			t.Fatal(err)
		}
		t.Logf("after %v: %+v foretold, %d sent", asleep, f.Requests, next.Client.Requests())
		sent := next.Client.Requests()
		// A busy machine lets a second pass between the plan and the sync of no time later.
		secondLater := asleep == 0 && sent == 9 && next.Client.ServerTime().Sub(f.AsOf) >= time.Second
		if (sent < f.Requests.Low || sent > f.Requests.High) && !secondLater {
			t.Errorf("after %v: %+v requests foretold, %d sent", asleep, f.Requests, sent)
		}
	}

	server.Advance(40 * 24 * time.Hour) // longer than Stripe tells of changes
	f := forecast(t, pipeline.Planner{Client: client(t, laketest.Key, api), Dir: dir, Resources: []string{"charges", "balance_transactions"}})
	if what := []string{f.Lists[1].What, f.Lists[2].What}; !cmp.Equal(what, []string{pipeline.PlanAgain, pipeline.PlanNew}) {
		t.Errorf("after 40 days: %v", what)
	}
}

// tree is each file below a folder with when it was written.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(path)
		if err == nil {
			found[path] = fmt.Sprint(info.Size(), info.ModTime())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// What the key may not read is told in its place; the rest is foretold.
func TestPlanWithoutPermissions(t *testing.T) {
	t.Parallel()
	server, err := stripesim.New(stripesim.Config{Charges: 300, Forbid: []string{"charges", "events", "account"}})
	if err != nil {
		t.Fatal(err)
	}
	f := forecast(t, pipeline.Planner{Client: client(t, "rk_test_plan", laketest.Serve(t, server)), Dir: filepath.Join(t.TempDir(), "none")})
	for _, l := range f.Lists {
		forbidden := l.List == "charges" || l.List == "events"
		if (l.Unread != "") != forbidden || (l.Requests.About == 0) != forbidden {
			t.Errorf("%+v", l)
		}
	}
	if f.Schedule.Transactions != nil || f.Schedule.Allocation != 10_000 {
		t.Errorf("%+v: charges are unknown", f.Schedule)
	}
}

// A range bounds the backfill that is foretold as it bounds the sync.
func TestPlanOfARange(t *testing.T) {
	t.Parallel()
	server, err := stripesim.New(stripesim.Config{Charges: 2000})
	if err != nil {
		t.Fatal(err)
	}
	bounds := extract.Range{From: time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2025, 3, 8, 0, 0, 0, 0, time.UTC)}
	api := laketest.Serve(t, server)
	f := forecast(t, pipeline.Planner{Client: client(t, laketest.Key, api), Dir: filepath.Join(t.TempDir(), "none"), Resources: []string{"charges"}, Range: bounds})
	var objects int64
	for page, err := range client(t, laketest.Key, api).Pages(t.Context(), pipeline.Resources()[0], "", bounds) {
		if err != nil {
			t.Fatal(err)
		}
		objects += int64(len(page.Objects))
	}
	if want := (pipeline.Guess{Low: objects, About: objects, High: objects}); objects == 0 || f.Lists[1].Objects != want {
		t.Errorf("%+v objects, want %d", f.Lists[1].Objects, objects)
	}
}
