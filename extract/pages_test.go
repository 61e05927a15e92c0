package extract

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestFirstRunReadsEverythingBelowTheLag(t *testing.T) {
	t.Parallel()
	now := t0.Unix()
	f := &stripeFake{now: t0, rows: append(rowsAt(now-10, now-60, now-61, now-7200, now-7200),
		row{ID: "ch_stub"}, row{Note: "no id, no created"})}
	c := fastClient(t, f, 2)
	if _, err := c.Account(t.Context()); err != nil {
		t.Fatal(err)
	}
	pages := collect(t, c, "charges", "", Range{})

	want := []string{"ch_3", "ch_4", "ch_5", "ch_stub", `{"livemode":false,"note":"no id, no created","object":"charge"}`}
	if diff := cmp.Diff(want, ids(pages...)); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	wantQueries := []string{
		"/v1/account?",
		fmt.Sprintf("/v1/charges?limit=2&created[lt]=%d", now-60),
		fmt.Sprintf("/v1/charges?limit=2&created[lt]=%d&starting_after=ch_4", now-60),
		fmt.Sprintf("/v1/charges?limit=2&created[lt]=%d&starting_after=ch_stub", now-60),
	}
	if diff := cmp.Diff(wantQueries, f.queries); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	wantCursors := []Cursor{
		Cursor(fmt.Sprintf(`{"v":2,"windows":[{"lt":%d,"after":"ch_4","last":%d}],"goal":%d}`, now-60, now-7200, now-60)),
		Cursor(fmt.Sprintf(`{"v":2,"windows":[{"lt":%d,"after":"ch_stub","last":%d}],"goal":%d}`, now-60, now-7200, now-60)),
		Cursor(fmt.Sprintf(`{"v":2,"high":%d}`, now-60)),
	}
	for i, p := range pages {
		// Invariant 9: high is set only once the whole window is read.
		if p.Cursor != wantCursors[i] {
			t.Errorf("cursor of page %d: %s, want %s", i+1, p.Cursor, wantCursors[i])
		}
	}
}

func TestObjectsCarryWhereTheyCameFrom(t *testing.T) {
	t.Parallel()
	f := &stripeFake{now: t0, rows: rowsAt(1000)}
	pages := collect(t, fastClient(t, f, 2), "charges", "", Range{})
	test := false
	want := Object{
		ID: "ch_1", Type: "charge", Raw: []byte(`{"created":1000,"id":"ch_1","livemode":false,"object":"charge"}`),
		Created: unixTime(1000), Livemode: &test,
		ObservedAt: t0, Origin: "list", RequestID: "req_2", APIVersion: "2023-10-16",
	}
	if diff := cmp.Diff(want, pages[0].Objects[0]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestNextRunLooksBackTenMinutes(t *testing.T) {
	t.Parallel()
	now := t0.Unix()
	high := now - 3600
	f := &stripeFake{now: t0, rows: rowsAt(high+5, high-600, high-601)}
	c := fastClient(t, f, 100)
	pages := collect(t, c, "charges", Cursor(fmt.Sprintf(`{"v":2,"high":%d}`, high)), Range{})
	if diff := cmp.Diff([]string{"ch_1", "ch_2"}, ids(pages...)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got, want := pages[0].Cursor, Cursor(fmt.Sprintf(`{"v":2,"high":%d}`, now-60)); got != want {
		t.Errorf("cursor %s, want %s", got, want)
	}
	if again := collect(t, c, "charges", pages[0].Cursor, Range{}); len(again) != 0 {
		t.Errorf("a second run within the same second yielded %d pages", len(again))
	}
}

// The clock is Stripe's: the fake says 2024, whatever this machine says.
func TestOpenWindowsFirstThenANewOne(t *testing.T) {
	t.Parallel()
	now := t0.Unix()
	f := &stripeFake{now: t0, rows: rowsAt(90_000, 5000, 4000, 1500)}
	after := Cursor(`{"v":2,"windows":[{"gte":1000,"lt":2000},{"gte":3000,"lt":6000,"after":"ch_2","last":5000}],"high":1000,"goal":6000}`)
	pages := collect(t, fastClient(t, f, 100), "charges", after, Range{})

	got := ids(pages...)
	slices.Sort(got[:2]) // the open windows are read concurrently
	if diff := cmp.Diff([]string{"ch_3", "ch_4", "ch_1"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	want := []string{
		`"high":1000,"goal":6000}`, // Invariant 9: high waits for the other window
		`{"v":2,"high":6000}`,
		fmt.Sprintf(`{"v":2,"high":%d}`, now-60),
	}
	for i, p := range pages {
		if !strings.HasSuffix(string(p.Cursor), want[i]) {
			t.Errorf("cursor of page %d: %s, want %s", i+1, p.Cursor, want[i])
		}
	}
	if q := f.queries[2]; !strings.Contains(q, "created[gte]=5400&") {
		t.Errorf("third request %s: want the new window to look back from 6000", q)
	}
}

func TestFromAndTo(t *testing.T) {
	t.Parallel()
	end := t0.Unix() - 60
	for name, tc := range map[string]struct {
		after   Cursor
		r       Range
		windows []string // of the requests in order; only "" would be none
		final   string
	}{
		"first from": {
			r:       Range{From: unixTime(5000)},
			windows: []string{"&created[gte]=5000&created[lt]=END"}, final: `{"v":2,"from":5000,"high":END}`,
		},
		"first from and to": {
			r:       Range{From: unixTime(5000), To: unixTime(9000)},
			windows: []string{"&created[gte]=5000&created[lt]=9000"}, final: `{"v":2,"from":5000,"high":9000}`,
		},
		"to in the future is now": {
			r:       Range{To: t0.AddDate(1, 0, 0)},
			windows: []string{"&created[lt]=END"}, final: `{"v":2,"high":END}`,
		},
		"to before from":    {r: Range{From: unixTime(9000), To: unixTime(5000)}},
		"to is covered":     {after: `{"v":2,"high":9000}`, r: Range{To: unixTime(9000)}},
		"to is not covered": {after: `{"v":2,"high":9000}`, r: Range{To: unixTime(9001)}, windows: []string{"&created[gte]=8400&created[lt]=9001"}, final: `{"v":2,"high":9001}`},
		"earlier from widens": {
			after: `{"v":2,"from":5000,"high":9000}`, r: Range{From: unixTime(2000), To: unixTime(9000)},
			windows: []string{"&created[gte]=2000&created[lt]=5000"}, final: `{"v":2,"from":2000,"high":9000}`,
		},
		"from 1970 widens to everything": {
			after: `{"v":2,"from":5000,"high":9000}`, r: Range{From: unixTime(0), To: unixTime(9000)},
			windows: []string{"&created[lt]=5000"}, final: `{"v":2,"high":9000}`,
		},
		"widening stops at to, the rest waits": {
			after: `{"v":2,"from":5000,"high":9000}`, r: Range{From: unixTime(2000), To: unixTime(3000)},
			windows: []string{"&created[gte]=2000&created[lt]=3000"},
			final:   `{"v":2,"from":2000,"windows":[{"gte":3000,"lt":5000}],"high":9000,"goal":9000}`,
		},
		"what waited is read": {
			after:   `{"v":2,"from":2000,"windows":[{"gte":3000,"lt":5000}],"high":9000,"goal":9000}`,
			r:       Range{To: unixTime(9000)},
			windows: []string{"&created[gte]=3000&created[lt]=5000"}, final: `{"v":2,"from":2000,"high":9000}`,
		},
		"nothing new is planned below a window that waits": {
			after: `{"v":2,"windows":[{"gte":3000,"lt":6000},{"gte":1000,"lt":2000}],"high":1000,"goal":6000}`, r: Range{To: unixTime(2500)},
			windows: []string{"&created[gte]=1000&created[lt]=2000"},
			final:   `{"v":2,"windows":[{"gte":3000,"lt":6000}],"high":1000,"goal":6000}`,
		},
		"later from is ignored": {
			after: `{"v":2,"from":5000,"high":9000}`, r: Range{From: unixTime(7000)},
			windows: []string{"&created[gte]=8400&created[lt]=END"}, final: `{"v":2,"from":5000,"high":END}`,
		},
		"no from keeps the first one": {
			after: `{"v":2,"from":8800,"high":9000}`, windows: []string{"&created[gte]=8800&created[lt]=END"}, final: `{"v":2,"from":8800,"high":END}`,
		},
		"unbounded stays unbounded": {
			after: `{"v":2,"high":9000}`, r: Range{From: unixTime(7000), To: unixTime(9000)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &stripeFake{now: t0}
			c := fastClient(t, f, 100)
			if tc.r.To.IsZero() || tc.r.To.After(t0) || len(tc.windows) > 0 {
				if _, err := c.Account(t.Context()); err != nil {
					t.Fatal(err)
				}
				f.queries = nil
			}
			pages := collect(t, c, "charges", tc.after, tc.r)
			var got []string
			for _, q := range f.queries {
				_, q, _ = strings.Cut(q, "limit=100")
				got = append(got, strings.ReplaceAll(q, fmt.Sprint(end), "END"))
			}
			if diff := cmp.Diff(tc.windows, got); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			final := ""
			if len(pages) > 0 {
				final = strings.ReplaceAll(string(pages[len(pages)-1].Cursor), fmt.Sprint(end), "END")
			}
			if final != tc.final {
				t.Errorf("last cursor %s, want %s", final, tc.final)
			}
		})
	}
}

func TestVariants(t *testing.T) {
	t.Parallel()
	on, off := true, false
	f := &stripeFake{now: t0, rows: []row{
		{ID: "price_1", Created: 3000, Active: &on}, {ID: "price_2", Created: 2000, Active: &off}, {ID: "price_3", Created: 1000, Active: &on},
	}}
	f.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if !r.URL.Query().Has("active") { // the plain list as documented: active ones only
			say(w, envelope(false, f.rows[0], f.rows[2]))
			return true
		}
		return false
	}
	c := fastClient(t, f, 100)
	pages := collect(t, c, "prices", "", Range{})
	if diff := cmp.Diff([]string{"price_1", "price_3", "price_2"}, ids(pages...)); diff != "" {
		t.Errorf("prices (-want +got):\n%s", diff)
	}
	if want := `"variant":"active=false"`; !strings.Contains(string(pages[0].Cursor), want) {
		t.Errorf("cursor %s: want the second list still open", pages[0].Cursor)
	}
	collect(t, c, "subscriptions", "", Range{})
	if q := f.queries[len(f.queries)-1]; !strings.Contains(q, "status=all") {
		t.Errorf("subscriptions listed with %s", q)
	}
}

func TestQuietRunAsksNothing(t *testing.T) {
	t.Parallel()
	f := &stripeFake{now: t0}
	c := fastClient(t, f, 100)
	if pages := collect(t, c, "refunds", `{"v":2,"high":9000}`, Range{To: unixTime(9000)}); len(pages) > 0 || f.count() > 0 {
		t.Errorf("%d pages, %d requests; want none", len(pages), f.count())
	}
}

// A run from any yielded cursor reads the rest: no id is lost, whatever the ties, page
// sizes and places where runs stop. (Invariants 1 and 9.)
func TestResumeFromAnyCursorLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		stream := rapid.SampledFrom([]string{"charges", "prices"}).Draw(rt, "stream")
		f := &stripeFake{now: t0, rows: drawRows(rt)}
		want := map[string]bool{}
		for _, o := range f.rows {
			want[o.ID] = true
		}
		var (
			after Cursor
			got   = map[string]bool{}
			runs  = rapid.IntRange(1, 6).Draw(rt, "runs")
		)
		for i := range runs {
			c := fastClient(t, f, rapid.IntRange(1, 5).Draw(rt, "limit"))
			stop := rapid.IntRange(1, 8).Draw(rt, "stop")
			if i == runs-1 {
				stop = 1 << 20
			}
			var bounds Range
			if i < runs-1 && rapid.Bool().Draw(rt, "bounded") {
				bounds.To = unixTime(rapid.Int64Range(1, 60).Draw(rt, "to"))
			}
			f.now = f.now.Add(time.Minute)
			for page, err := range c.Pages(t.Context(), resource(t, stream), after, bounds) {
				if err != nil {
					rt.Fatal(err)
				}
				for _, id := range ids(page) {
					got[id] = true
				}
				after = page.Cursor
				if stop--; stop == 0 {
					break
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("ids (-want +got):\n%s", diff)
		}
		v, err := after.Coverage()
		if err != nil || len(v.Gaps) > 0 || !v.From.IsZero() || v.Through.Before(unixTime(60)) {
			rt.Fatalf("coverage at the end: %+v, %v", v, err)
		}
	})
}

// drawRows makes up to 40 objects within 60 seconds, so that ties are common.
func drawRows(rt *rapid.T) []row {
	off := false
	rows := make([]row, rapid.IntRange(0, 40).Draw(rt, "n"))
	for i := range rows {
		rows[i] = row{ID: fmt.Sprintf("x_%02d", i), Created: rapid.Int64Range(1, 60).Draw(rt, "created")}
		if rapid.Bool().Draw(rt, "inactive") {
			rows[i].Active = &off
		}
	}
	return rows
}

func TestNoDateHeader(t *testing.T) {
	t.Parallel()
	f := &stripeFake{fault: func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Del("Date")
		return false
	}}
	_, err := collectErr(t, fastClient(t, f, 1), "charges", "", Range{})
	if err == nil || !strings.Contains(err.Error(), "no Date header") {
		t.Error(err)
	}
}

// A list that ignores the requested span contributes nothing: the cursor would claim
// something false, or could not even be read again.
func TestListWithoutFilter(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		window string
		page   string
		want   string
	}{
		"above": {`{"gte":100,"lt":200}`, `{"id":"ch_1","object":"charge","created":200}`, "it holds ch_1, created 1970-01-01T00:03:20Z, which is outside"},
		"below": {`{"gte":100,"lt":200}`, `{"id":"ch_1","object":"charge","created":150},{"id":"ch_2","object":"charge","created":99}`, "it holds ch_2, created 1970-01-01T00:01:39Z, which is outside"},
		"none":  {`{"lt":200}`, `{"id":"ch_1","object":"charge"}`, ""}, // no created, so no evidence
	} {
		f := &stripeFake{now: t0}
		f.fault = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			say(w, `{"object":"list","has_more":false,"data":[`+tc.page+`]}`)
			return true
		}
		c := fastClient(t, f, 100)
		pages, err := collectErr(t, c, "charges", Cursor(`{"v":2,"windows":[`+tc.window+`],"goal":200}`), Range{To: unixTime(200)})
		if tc.want == "" && (err != nil || len(pages) != 1) || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want) || len(pages) > 0 || c.Requests() != 1) {
			t.Errorf("%s: %d pages after %d requests, %v", name, len(pages), c.Requests(), err)
		}
	}
}
