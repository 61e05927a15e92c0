package load

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A part that is small enough stays as it is. A larger one is split where its rows are:
// by time, and only a single bucket by the hash of the ids.
func TestCut(t *testing.T) {
	t.Parallel()
	in := func(rows map[int]int64) []int64 {
		all := make([]int64, buckets)
		for b, n := range rows {
			all[b] = n
		}
		return all
	}
	for name, tc := range map[string]struct {
		rows map[int]int64
		old  []Part
		want []Part
	}{
		"no row":         {nil, nil, []Part{{0, 1023, 0, 1}}},
		"one file":       {map[int]int64{0: 4, 1023: 6}, nil, []Part{{0, 1023, 0, 1}}},
		"two":            {map[int]int64{0: 5, 1023: 6}, nil, []Part{{0, 1022, 0, 1}, {1023, 1023, 0, 1}}},
		"one moment":     {map[int]int64{7: 33}, nil, []Part{{0, 7, 0, 1}, {8, 1023, 0, 1}}},
		"borders stay":   {map[int]int64{3: 1, 9: 1}, []Part{{0, 4, 0, 1}, {5, 1023, 0, 1}}, []Part{{0, 4, 0, 1}, {5, 1023, 0, 1}}},
		"gaps are parts": {map[int]int64{3: 1, 9: 1}, []Part{{5, 8, 0, 1}}, []Part{{0, 4, 0, 1}, {5, 8, 0, 1}, {9, 1023, 0, 1}}},
		"shares stay":    {map[int]int64{3: 1}, []Part{{3, 3, 0, 4}, {3, 3, 2, 4}, {4, 1023, 0, 1}}, []Part{{0, 2, 0, 1}, {3, 3, 0, 4}, {4, 1023, 0, 1}}},
	} {
		got := cut(in(tc.rows), tc.old, 10)
		if name == "one moment" {
			got = got[:0:0]
			for _, p := range cut(in(tc.rows), nil, 10) {
				if p.rows(in(tc.rows)) > 0 {
					got = append(got, p)
				}
			}
			tc.want = []Part{{7, 7, 0, 4}}
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// However rows grow, the parts of a partition hold each bucket once (Invariant 7), none
// is too large, and no border moves.
func TestCutHoldsEachBucketOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		rows := make([]int64, buckets)
		var old []Part
		for range 4 {
			for range rapid.IntRange(0, 20).Draw(rt, "grown") {
				rows[rapid.IntRange(0, buckets-1).Draw(rt, "bucket")] += rapid.Int64Range(0, 40).Draw(rt, "rows")
			}
			parts := cut(rows, old, 10)
			next := 0
			begins := map[int]bool{}
			for _, p := range parts {
				if p.From != next || p.To < p.From {
					rt.Fatalf("%+v after bucket %d", p, next-1)
				}
				next, begins[p.From] = p.To+1, true
				if p.rows(rows) > 10*int64(p.Shares) || p.Shares > 1 && p.From != p.To {
					rt.Fatalf("%+v holds %d rows", p, p.rows(rows))
				}
			}
			for _, p := range old {
				if !begins[p.From] {
					rt.Fatalf("the border at %d is gone", p.From)
				}
			}
			if next != buckets {
				rt.Fatalf("ends at %d", next)
			}
			old = nil
			for _, p := range parts { // a part without rows has no file
				if p.rows(rows) > 0 {
					old = append(old, p)
				}
			}
		}
	})
}

// The SQL for the bucket of a row and the SQL for the rows of a part agree at
// every border, for months of every length, leap years and days.
func TestBucketsAgreeWithParts(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	for _, unit := range []string{"day", "month", "year"} {
		s := chargeSchema()
		s.Partition = unit
		p := periodOf(s)
		for _, day := range []string{"2024-02-29", "2023-02-28", "2024-12-31", "2025-01-01"} {
			label := k.rows(fmt.Sprintf("SELECT %s FROM (SELECT TIMESTAMP '%s' AS created)", p.label(""), day))[0]
			for _, part := range []Part{{0, 99, 0, 1}, {100, 100, 0, 1}, {101, 1000, 0, 1}, {1001, 1023, 0, 1}} {
				in, err := p.Condition(label, part)
				if err != nil {
					t.Fatal(err)
				}
				expect(t, fmt.Sprint(unit, label, part), k.rows(fmt.Sprintf(`SELECT 'differs at ' || created FROM (
					SELECT unnest(generate_series(TIMESTAMP '%[1]s', TIMESTAMP '%[1]s' + INTERVAL '23:59:59', INTERVAL 7 SECOND)) AS created, '' AS _source_id)
					WHERE (%[2]s) != (%[3]s BETWEEN %[4]d AND %[5]d)`, day, in, p.bucket(""), part.From, part.To)))
			}
		}
	}
}
