package extract

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"
)

// spread is a distribution of created in a year, as seconds before its end, with the
// factor by which an estimate may be wrong.
var spread = map[string]struct {
	at  func(r *rand.Rand, n int) int64
	off float64
}{
	"uniform": {func(r *rand.Rand, _ int) int64 { return 1 + r.Int64N(365*day) }, 1.15},
	"growing": {func(r *rand.Rand, _ int) int64 { return 1 + int64(math.Mod(r.ExpFloat64()*0.3, 1)*365*day) }, 1.15},
	"shop": {func(r *rand.Rand, _ int) int64 { // nights are quiet
		for {
			if at := 1 + r.Int64N(365*day); r.IntN(100) < 50+int(45*math.Sin(float64(at%day)/day*2*math.Pi)) {
				return at
			}
		}
	}, 1.35},
	"nightly": {func(r *rand.Rand, _ int) int64 { return 1 + r.Int64N(365)*day + r.Int64N(8*3600) }, 1.8},
	"sparse":  {func(r *rand.Rand, n int) int64 { return 1 + r.Int64N(3*day) + int64(n%2)*362*day }, 1.4},
	"young":   {func(r *rand.Rand, _ int) int64 { return 1 + r.Int64N(day) }, 1.15},
	"sale day": {func(r *rand.Rand, n int) int64 { // it has 24 of 25
		if n%25 == 0 {
			return 1 + r.Int64N(365*day)
		}
		return 180*day + r.Int64N(day)
	}, 1.15},
}

// pageOf answers a probe from times in ascending order, as Stripe's lists do.
func pageOf(created []int64, gte, lt int64) probe {
	hi, _ := slices.BinarySearch(created, lt)
	lo, _ := slices.BinarySearch(created, gte)
	p := probe{lt: lt, more: hi-lo > pageful}
	for i := hi - 1; i >= max(lo, hi-pageful); i-- {
		p.created = append(p.created, created[i])
	}
	return p
}

func sampled(name string, seed uint64, n int, to int64) []int64 {
	r := rand.New(rand.NewPCG(seed, 1))
	created := make([]int64, n)
	for i := range created {
		created[i] = to - spread[name].at(r, i)
	}
	slices.Sort(created)
	return created
}

// An estimate is right within the factor that its distribution allows, and the truth is
// in its range nine times of ten. It finds a sale day if the pages around reach it:
// they do among 10,000 objects, but not among a million.
func TestEstimates(t *testing.T) {
	t.Parallel()
	to := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	cases, inside := 0, 0
	for name, shape := range spread {
		for _, n := range []int{50, 1000, 10_000, 100_000} {
			if name == "sale day" && n > 10_000 {
				continue
			}
			for i := range 8 {
				e := estimator{floor: firstObjects, to: to}
				if i%2 == 0 {
					e.floor, e.bounded = to-366*day, true
				}
				created := sampled(name, uint64(i/2), n, to)
				for at, ok := to, true; ok; at, ok = e.next() {
					e.add(pageOf(created, e.floor, at))
				}
				got := e.estimate()
				ratio := float64(got.Objects) / float64(n)
				if ratio > shape.off || ratio < 1/shape.off {
					t.Errorf("%s, %d objects, seed %d: %.2f of them estimated by %d pages", name, n, i, ratio, len(e.probes))
				}
				if got.Exact && got.Objects != int64(n) {
					t.Errorf("%s: %d are exactly %d", name, n, got.Objects)
				}
				if cases++; got.Low <= int64(n) && int64(n) <= got.High {
					inside++
				}
			}
		}
	}
	t.Logf("%d of %d in their range", inside, cases)
	if inside*10 < cases*9 {
		t.Errorf("only %d of %d lie in their range", inside, cases)
	}
}

// The number of objects in a second that holds more than a page is unknown, and the
// estimate says so.
func TestEstimateOfOneSecond(t *testing.T) {
	t.Parallel()
	rows := make([]row, 500)
	for i := range rows {
		rows[i] = row{ID: fmt.Sprintf("ch_%03d", i), Created: t0.Unix() - 5000}
	}
	f := &stripeFake{now: t0, rows: rows}
	got, err := fastClient(t, f, 100).Estimate(t.Context(), resource(t, "charges"), Span{To: t0})
	if err != nil || !got.AtLeast || got.Exact || got.Low < 100 || got.Objects > 500 || f.count() > 5 {
		t.Errorf("%d to %d, at least: %t, exact: %t, %v, by %d requests", got.Low, got.Objects, got.AtLeast, got.Exact, err, f.count())
	}
}

// Ahead returns the spans that a run from the cursor lists.
func TestAhead(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return t0.AddDate(0, 0, n).Truncate(24 * time.Hour) }
	for name, tc := range map[string]struct {
		stream string
		cursor Cursor
		bounds Range
	}{
		"never read":      {"charges", "", Range{}},
		"since a day":     {"charges", "", Range{From: day(-9)}},
		"to a day":        {"prices", "", Range{To: day(-5)}},
		"read":            {"prices", Cursor(fmt.Sprintf(`{"v":2,"high":%d}`, day(-3).Unix())), Range{}},
		"read, and wider": {"charges", Cursor(fmt.Sprintf(`{"v":2,"from":%d,"high":%d}`, day(-6).Unix(), day(-3).Unix())), Range{From: day(-9)}},
		"not to its end":  {"charges", Cursor(fmt.Sprintf(`{"v":2,"windows":[{"lt":%d}],"goal":%d}`, day(-6).Unix(), day(-3).Unix())), Range{}},
		"nothing new":     {"charges", Cursor(fmt.Sprintf(`{"v":2,"high":%d}`, t0.Unix())), Range{}},
		"no events":       {"events", "", Range{}},
		"old events":      {"events", Cursor(fmt.Sprintf(`{"v":2,"high":%d}`, day(-40).Unix())), Range{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spans, err := tc.cursor.Ahead(resource(t, tc.stream), tc.bounds, t0)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			res := resource(t, tc.stream)
			for _, s := range spans {
				w := pager{client: &Client{limit: 100}, resource: res, window: window{LT: s.To.Unix(), Variant: s.Variant}}
				if !s.From.IsZero() {
					w.window.GTE = new(s.From.Unix())
				}
				want = append(want, res.Path+"?"+mustUnescape(w.query().Encode()))
			}
			f := &stripeFake{now: t0}
			c := fastClient(t, f, 100)
			c.clock.note(http.Header{"Date": {t0.Format(http.TimeFormat)}})
			collect(t, c, tc.stream, tc.cursor, tc.bounds)
			if got := f.queries; !slices.Equal(got, want) {
				t.Errorf("the run asks for %q, ahead are %q", got, want)
			}
		})
	}
}
