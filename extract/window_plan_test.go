package extract

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// A run was stopped while it listed events, and they are too old when the next one
// comes: there is no event to continue after.
func TestEventsExpireInTheMiddle(t *testing.T) {
	t.Parallel()
	now := t0.Unix()
	floor := now - retention
	f := &stripeFake{now: t0, rows: rowsAt(now-1000, now-500)}
	f.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("starting_after") == "" {
			return false
		}
		// Stripe: the message says it, without a documented code.
		apiError(w, 400, `"message":"The event 'evt_1' is no longer available because it's aged out of our retention policy."`)
		return true
	}
	after := Cursor(fmt.Sprintf(`{"v":2,"from":1,"high":%d,"goal":%d,"windows":[{"gte":%d,"lt":%d,"after":"evt_1","last":%d}]}`,
		floor-9000, floor+5000, floor-9600, floor+5000, floor-5000))
	pages := collect(t, fastClient(t, f, 100), "events", after, Range{})
	if got := ids(pages...); len(got) != 2 {
		t.Errorf("got %v", got)
	}
	coverage, err := pages[len(pages)-1].Cursor.Coverage()
	if err != nil || coverage.From.Unix() != floor || coverage.Through.Unix() != now-lag || len(coverage.Gaps) > 0 {
		t.Errorf("%+v, %v", coverage, err)
	}
}

// Invariant 9, for any plan: the covered part was read or is in an open window. Also,
// windows of a variant never overlap: otherwise the older of two versions of an object
// could come later. And every plan is a cursor that can be read.
func TestAnyPlan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m := planModel{plan: progress{V: cursorVersion}, events: rapid.Bool().Draw(rt, "events"), now: 20 * apart, read: map[string]map[int64]bool{}}
		m.variants = rapid.SampledFrom([][]string{{""}, {"", "active=false"}}).Draw(rt, "variants")
		for _, v := range m.variants {
			m.read[v] = map[int64]bool{}
		}
		if m.events {
			m.now += retention
			m.plan.expire(m.now)
		}
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			m.step(rt)
			m.check(rt)
		}
	})
}

// apart is the number of seconds between the objects of a planModel.
const apart = 150

// planModel is a plan with what was read by it.
type planModel struct {
	plan     progress
	events   bool
	now      int64
	variants []string
	read     map[string]map[int64]bool // by variant and created
}

func (m *planModel) step(rt *rapid.T) {
	some := func(name string) int64 { return apart * rapid.Int64Range(1, 100).Draw(rt, name) }
	what := "expire"
	if !m.events {
		what = rapid.SampledFrom([]string{"widen", "relist"}).Draw(rt, "plan")
	}
	switch p := &m.plan; rapid.SampledFrom([]string{"time", "open", "read", "read", "read", what}).Draw(rt, "step") {
	case "time":
		m.now += some("pass") + rapid.SampledFrom([]int64{0, day}).Draw(rt, "days")
	case "open":
		if len(p.Windows) > 0 {
			return
		}
		r := Range{LookBack: time.Duration(some("back")) * time.Second}
		if rapid.Bool().Draw(rt, "bounded") {
			r.To = unixTime(max(m.now-some("to"), 1))
		}
		p.openAt(m.now, r, Resource{Variants: m.variants, Silent: true})
	case "read":
		if len(p.Windows) > 0 {
			m.page(rt, rapid.SampledFrom(p.Windows).Draw(rt, "window"))
		}
	case "widen":
		p.widen(Range{From: unixTime(max(0, m.now-some("from")))}, m.variants)
	case "relist":
		p.relist(m.variants)
	case "expire":
		p.expire(m.now)
	}
}

// page reads a part of a window and may split the rest.
func (m *planModel) page(rt *rapid.T, w window) {
	var bottom int64
	if w.GTE != nil {
		bottom = *w.GTE
	}
	top := w.LT
	if w.Last != nil {
		top = *w.Last
	}
	last, left := int64(-1), rapid.IntRange(1, 100).Draw(rt, "objects")
	for o := (top - 1) / apart * apart; o >= bottom && left > 0; o -= apart {
		m.read[w.Variant][o], last, left = true, o, left-1
	}
	if last-apart < bottom {
		m.plan.advance(w, nil)
		return
	}
	upper, lower := w, w
	upper.After, upper.Last = fmt.Sprint("o", last), &last
	windows := []window{upper}
	if cut := last - apart*rapid.Int64Range(0, 20).Draw(rt, "cut"); cut > bottom && rapid.Bool().Draw(rt, "in two") {
		lower.After, lower.Last, lower.LT = "", nil, cut
		windows[0].GTE = &cut
		windows = append(windows, lower)
	}
	m.plan.advance(w, windows)
}

func (m *planModel) check(rt *rapid.T) {
	p := &m.plan
	cursor, err := p.encode()
	if err == nil {
		_, err = cursor.decode()
	}
	if err != nil && (p.High > 0 || len(p.Windows) > 0) {
		rt.Fatalf("%v: %s", err, cursor)
	}
	for i, a := range p.Windows {
		for _, b := range p.Windows[i+1:] {
			if a.Variant == b.Variant && (a.GTE == nil || *a.GTE < b.LT) && (b.GTE == nil || *b.GTE < a.LT) {
				rt.Fatalf("windows overlap: %s", cursor)
			}
		}
	}
	var from int64
	if p.From != nil {
		from = *p.From
	}
	for _, v := range m.variants {
		for o := (from + apart - 1) / apart * apart; o < max(p.High, p.Goal); o += apart {
			ahead := slices.ContainsFunc(p.Windows, func(w window) bool {
				return w.Variant == v && (w.GTE == nil || o >= *w.GTE) && o < w.LT && (w.Last == nil || o < *w.Last)
			})
			if !m.read[v][o] && !ahead {
				rt.Fatalf("%d was not read and is not to be: %s", o, cursor)
			}
		}
	}
}

// Once a day (UTC) balance transactions and events, and no others, list again the
// objects created in a time before the last run, down to where the stream begins. A
// part that is not read to its end stays planned.
func TestLookBackOnceADay(t *testing.T) {
	t.Parallel()
	const hour = 3600
	midnight := t0.Truncate(24 * time.Hour).Unix()
	at := func(n int64) *int64 { return new(midnight + n) }
	for name, tc := range map[string]struct {
		stream       string
		from, looked *int64
		now          int64
		back         time.Duration
		want         []window
	}{
		"the same day":      {"balance_transactions", nil, at(0), 23 * hour, 48 * time.Hour, nil},
		"the next day":      {"balance_transactions", nil, at(-1), 23 * hour, 48 * time.Hour, []window{{GTE: at(-40 * hour), LT: *at(8*hour - lookBack), Again: true}}},
		"never before":      {"events", nil, nil, 23 * hour, 48 * time.Hour, []window{{GTE: at(-40 * hour), LT: *at(8*hour - lookBack), Again: true}}},
		"after a pause":     {"events", nil, at(0), 23*hour + 9*day, 48 * time.Hour, []window{{GTE: at(-40 * hour), LT: *at(8*hour - lookBack), Again: true}}},
		"to the beginning":  {"events", at(7 * hour), at(-1), 23 * hour, 48 * time.Hour, []window{{GTE: at(7 * hour), LT: *at(8*hour - lookBack), Again: true}}},
		"nothing before":    {"events", at(8*hour - lookBack), at(-1), 23 * hour, 48 * time.Hour, nil},
		"less than always":  {"events", nil, at(-1), 23 * hour, 9 * time.Minute, nil},
		"turned off":        {"events", nil, at(-1), 23 * hour, 0, nil},
		"what events cover": {"charges", nil, at(-1), 23 * hour, 48 * time.Hour, nil},
	} {
		res := resource(t, tc.stream)
		p := progress{From: tc.from, High: *at(8 * hour)}
		if tc.looked != nil {
			p.LookedBack = *tc.looked
		}
		p.openAt(*at(tc.now), Range{LookBack: tc.back}, res)
		fresh := p.Windows[len(p.Windows)-1]
		if from := max(*at(8*hour - lookBack), deref(tc.from)); *fresh.GTE != from || fresh.LT != *at(tc.now - lag) || fresh.Again {
			t.Errorf("%s: the new window is %+v", name, fresh)
		}
		if diff := cmp.Diff(tc.want, slices.Clip(p.Windows[:len(p.Windows)-1]), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func deref(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}
