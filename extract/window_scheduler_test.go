package extract

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// distributions of created, in seconds before the end.
var distributions = map[string]func(r *rand.Rand, n int) int64{
	"uniform":    func(r *rand.Rand, _ int) int64 { return 1 + r.Int64N(300*86400) },
	"sale day":   func(r *rand.Rand, n int) int64 { return 100*86400 + r.Int64N(86400)*int64(min(n%50, 1)) + 1 },
	"one second": func(*rand.Rand, int) int64 { return 1000 },
	"recent":     func(r *rand.Rand, _ int) int64 { return 1 + int64(r.ExpFloat64()*5*86400) },
	"two bursts": func(r *rand.Rand, n int) int64 { return 1 + r.Int64N(3600) + int64(n%2)*3000*86400 },
}

// A backfill takes at most a tenth more requests than its objects fill pages, whatever
// their distribution, and keeps several requests in flight.
func TestRequestsOfABackfill(t *testing.T) {
	t.Parallel()
	for name, at := range distributions {
		for _, from := range []time.Time{{}, t0.AddDate(-10, 0, 0)} {
			t.Run(fmt.Sprint(name, !from.IsZero()), func(t *testing.T) {
				t.Parallel()
				r := rand.New(rand.NewPCG(1, 2))
				const n, limit = 4000, 10
				f := &stripeFake{now: t0}
				for i := range n {
					f.rows = append(f.rows, row{ID: fmt.Sprintf("ch_%05d", i), Created: t0.Unix() - 60 - at(r, i)})
				}
				c := fastClient(t, f, limit)
				c.latency.note(100 * time.Millisecond) // so that the scheduler reaches its greatest width
				pages := collect(t, c, "charges", "", Range{From: from})
				got := ids(pages...)
				slices.Sort(got)
				if len(got) != n || len(slices.Compact(got)) != n {
					t.Errorf("%d objects, %d of them distinct, want %d", len(got), len(slices.Compact(got)), n)
				}
				ratio := float64(f.count()) / (n / limit)
				t.Logf("%d requests, %.3f of the fewest", f.count(), ratio)
				if ratio > 1.1 {
					t.Errorf("%d requests for %d pages", f.count(), n/limit)
				}
			})
		}
	}
}

// For any distribution a backfill that is stopped at any page and continued from that
// page's cursor reads each object, and reads only objects of the pages in flight twice.
func TestAnyBackfillResumes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom([]string{"uniform", "sale day", "one second", "recent", "two bursts"}).Draw(rt, "distribution")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		n := rapid.IntRange(0, 400).Draw(rt, "objects")
		f := &stripeFake{now: t0}
		want := map[string]bool{}
		for i := range n {
			id := fmt.Sprintf("ch_%03d", i)
			f.rows = append(f.rows, row{ID: id, Created: t0.Unix() - 60 - distributions[name](r, i)})
			want[id] = true
		}
		var cursor Cursor
		times := map[string]int{}
		for stops := 0; ; stops++ {
			c := fastClient(t, f, rapid.IntRange(1, 7).Draw(rt, "limit"))
			c.latency.note(100 * time.Millisecond)
			left := 1 << 30
			if stops < 5 {
				left = rapid.IntRange(1, 30).Draw(rt, "pages")
			}
			for page, err := range c.Pages(t.Context(), resource(t, "charges"), cursor, Range{}) {
				if err != nil {
					rt.Fatal(err)
				}
				for _, o := range page.Objects {
					times[o.ID]++
				}
				cursor = page.Cursor
				if left--; left == 0 {
					break
				}
			}
			if left > 0 {
				break
			}
		}
		for id := range want {
			if times[id] != 1 {
				rt.Errorf("%s came %d times", id, times[id])
			}
		}
		coverage, err := cursor.Coverage()
		if err != nil || len(coverage.Gaps) > 0 {
			rt.Errorf("%+v, %v", coverage, err)
		}
	})
}

// The first error ends the reading; earlier pages stay valid.
func TestErrorOfOneWindowEndsAll(t *testing.T) {
	t.Parallel()
	f := &stripeFake{now: t0, rows: rowsAt(50_000, 40_000, 30_000, 20_000, 10_000)}
	f.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("created[gte]") == "10" {
			apiError(w, 403, `"message":"no"`)
			return true
		}
		return false
	}
	after := Cursor(`{"v":2,"windows":[{"gte":25000,"lt":60000},{"gte":10,"lt":25000}],"goal":60000}`)
	pages, err := collectErr(t, fastClient(t, f, 1), "charges", after, Range{To: unixTime(60_000)})
	if !IsForbidden(err) {
		t.Errorf("%d pages, then %v", len(pages), err)
	}
}
