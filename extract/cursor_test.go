package extract

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCursorThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for cursor, want := range map[Cursor]string{
		"x":                            "damaged",
		"{}":                           "damaged",
		"null":                         "damaged",
		`{"v":1`:                       "damaged",
		`{"v":1}`:                      "covers nothing",
		`{"v":6,"high":9,"hints":"x"}`: "version 6, this program reads up to version 5: use the newer program",
		`{"v":2,"high":9,"hints":"x"}`: "damaged",
		`{"v":2,"high":"9"}`:           "damaged",
		`{"v":2,"high":-9}`:            "damaged",
		`{"v":2,"windows":[{"lt":0}]}`: "damaged",
		`{"v":2,"windows":[{"lt":9}]}`: "damaged", // high has no value to become
		`{"v":2,"windows":[{"gte":9,"lt":9}],"goal":9}`:                  "damaged",
		`{"v":2,"windows":[{"lt":9,"variant":"active=false"}],"goal":9}`: "another stream",
	} {
		f := &stripeFake{now: t0}
		_, err := collectErr(t, fastClient(t, f, 1), "charges", cursor, Range{})
		if err == nil || !strings.Contains(err.Error(), want) || !oneline(err) || f.count() > 0 {
			t.Errorf("%s: %v after %d requests, want %q", cursor, err, f.count(), want)
		}
		if _, err := cursor.Coverage(); err == nil && want != "another stream" {
			t.Errorf("%s: coverage without an error", cursor)
		}
	}
}

// A window above To is not planned twice, and an empty range plans nothing.
func TestWidenBeyondTo(t *testing.T) {
	t.Parallel()
	p := progress{V: 1, From: new(int64(5000)), High: 9000}
	want := p
	p.widen(Range{From: unixTime(2000), To: unixTime(1000)}, []string{""})
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestCoverage(t *testing.T) {
	t.Parallel()
	gap := func(from, to int64) Interval {
		if from < 0 {
			return Interval{To: unixTime(to)}
		}
		return Interval{unixTime(from), unixTime(to)}
	}
	for name, tc := range map[string]struct {
		cursor Cursor
		want   Coverage
	}{
		"never read":              {"", Coverage{}},
		"all":                     {`{"v":2,"high":9000}`, Coverage{Through: unixTime(9000)}},
		"since":                   {`{"v":2,"from":5000,"high":9000}`, Coverage{From: unixTime(5000), Through: unixTime(9000)}},
		"first run begun":         {`{"v":2,"windows":[{"lt":9000}],"goal":9000}`, Coverage{Through: unixTime(9000), Gaps: []Interval{gap(-1, 9000)}}},
		"first run under way":     {`{"v":2,"windows":[{"lt":9000,"after":"x","last":7000}],"goal":9000}`, Coverage{Through: unixTime(9000), Gaps: []Interval{gap(-1, 7001)}}},
		"look-back is covered":    {`{"v":2,"windows":[{"gte":8400,"lt":9900,"after":"x","last":9500}],"high":9000,"goal":9900}`, Coverage{Through: unixTime(9900), Gaps: []Interval{gap(9000, 9501)}}},
		"only look-back left":     {`{"v":2,"windows":[{"gte":8400,"lt":9900,"after":"x","last":8500}],"high":9000,"goal":9900}`, Coverage{Through: unixTime(9900)}},
		"widened":                 {`{"v":2,"from":2000,"windows":[{"gte":2000,"lt":5000}],"high":9000,"goal":9000}`, Coverage{From: unixTime(2000), Through: unixTime(9000), Gaps: []Interval{gap(2000, 5000)}}},
		"a look-back leaves none": {`{"v":4,"windows":[{"gte":2000,"lt":5000,"again":true},{"gte":8400,"lt":9900}],"high":9000,"goal":9900,"looked_back":9960}`, Coverage{Through: unixTime(9900), Gaps: []Interval{gap(9000, 9900)}}},
		"variants leave one gap":  {`{"v":2,"windows":[{"lt":9000,"after":"x","last":7000},{"lt":9000,"variant":"active=false"}],"goal":9000}`, Coverage{Through: unixTime(9000), Gaps: []Interval{gap(-1, 9000)}}},
		"several gaps, in order":  {`{"v":2,"windows":[{"gte":5000,"lt":6000},{"gte":1000,"lt":2000},{"gte":2000,"lt":3000}],"goal":9000}`, Coverage{Through: unixTime(9000), Gaps: []Interval{gap(1000, 3000), gap(5000, 6000)}}},
	} {
		got, err := tc.cursor.Coverage()
		if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
		if got.Through.Location() != time.UTC {
			t.Errorf("%s: not in UTC", name)
		}
	}
}

// The complete part is the longest span read without a gap.
func TestComplete(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		cursor Cursor
		want   Interval
		whole  bool
	}{
		"never read":               {"", Interval{}, false},
		"all":                      {`{"v":2,"high":9000}`, Interval{To: unixTime(9000)}, true},
		"since":                    {`{"v":2,"from":5000,"high":9000}`, Interval{unixTime(5000), unixTime(9000)}, true},
		"nothing yet":              {`{"v":2,"windows":[{"lt":9000}],"goal":9000}`, Interval{}, false},
		"nothing yet, since":       {`{"v":2,"from":50,"windows":[{"gte":50,"lt":9000}],"goal":9000}`, Interval{}, false},
		"stopped, newest first":    {`{"v":2,"windows":[{"lt":9000,"after":"x","last":7000}],"goal":9000}`, Interval{unixTime(7001), unixTime(9000)}, false},
		"stopped in what is new":   {`{"v":2,"windows":[{"gte":8400,"lt":9900,"after":"x","last":9500}],"high":9000,"goal":9900}`, Interval{To: unixTime(9000)}, false},
		"the newest is not read":   {`{"v":2,"from":50,"windows":[{"gte":8000,"lt":9000}],"goal":9000}`, Interval{unixTime(50), unixTime(8000)}, false},
		"two gaps":                 {`{"v":2,"windows":[{"lt":2000},{"gte":5000,"lt":6000}],"goal":8000}`, Interval{unixTime(2000), unixTime(5000)}, false},
		"the later of two alike":   {`{"v":2,"windows":[{"lt":2000},{"gte":5000,"lt":6000}],"goal":9000}`, Interval{unixTime(6000), unixTime(9000)}, false},
		"what is read again stays": {`{"v":4,"windows":[{"gte":2000,"lt":5000,"again":true}],"high":9900,"looked_back":9960}`, Interval{To: unixTime(9900)}, true},
	} {
		coverage, err := tc.cursor.Coverage()
		if diff := cmp.Diff(tc.want, coverage.Complete()); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
		if coverage.Whole() != tc.whole {
			t.Errorf("%s: whole is %t", name, coverage.Whole())
		}
	}
}

// The settled part is what no later window lists again.
func TestSettled(t *testing.T) {
	t.Parallel()
	for cursor, want := range map[Cursor][]Interval{
		"":                             nil,
		`{"v":2,"from":1,"high":500}`:  nil,
		`{"v":2,"high":9000}`:          {{To: unixTime(8400)}},
		`{"v":2,"from":50,"high":900}`: {{unixTime(50), unixTime(300)}},
		`{"v":2,"from":50,"windows":[{"gte":50,"lt":700},{"gte":1000,"lt":2000}],"high":9000,"goal":9000}`:       {{unixTime(700), unixTime(1000)}, {unixTime(2000), unixTime(8400)}},
		`{"v":2,"windows":[{"lt":9000,"after":"x","last":7000}],"goal":9000}`:                                    {{unixTime(7001), unixTime(8400)}},
		`{"v":2,"windows":[{"gte":8400,"lt":19900,"after":"x","last":9500}],"high":9000,"goal":19900}`:           {{To: unixTime(9000)}, {unixTime(9501), unixTime(19300)}},
		`{"v":4,"windows":[{"gte":2000,"lt":8400,"again":true}],"high":9000,"goal":9000,"looked_back":9060}`:     {{To: unixTime(8400)}},
		`{"v":2,"windows":[{"lt":1000},{"gte":8400,"lt":9900,"after":"x","last":8500}],"high":9000,"goal":9900}`: {{unixTime(1000), unixTime(9300)}},
	} {
		coverage, err := cursor.Coverage()
		if diff := cmp.Diff(want, coverage.Settled()); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", cursor, err, diff)
		}
	}
}

// A cursor keeps the objects that were not found by their ids. It has the newest
// version only if an older program would lose something.
func TestNotFound(t *testing.T) {
	t.Parallel()
	lacking := []NotFound{{ID: "txn_1", Asked: t0, Times: 6}, {ID: "txn_2", Asked: t0, Times: 7}}
	cursor, err := Cursor(`{"v":2,"high":9000}`).WithNotFound(lacking)
	if err != nil {
		t.Fatal(err)
	}
	got, err := cursor.NotFound()
	if diff := cmp.Diff(lacking, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	tomorrow := t0.Add(24 * time.Hour)
	if lacking[0].Due(t0) || !lacking[0].Due(tomorrow) || lacking[1].Due(tomorrow) || lacking[0].Exhausted() || !lacking[1].Exhausted() {
		t.Error("it is asked for at another time")
	}
	without, err := cursor.WithNotFound(nil)
	if want := Cursor(`{"v":2,"high":9000}`); err != nil || without != want || !strings.HasPrefix(string(cursor), `{"v":4`) {
		t.Errorf("%s and %s, %v", cursor, without, err)
	}
}
