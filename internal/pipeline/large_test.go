package pipeline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

// An object that is larger than is kept costs itself: it is a reject with its id and
// size until it is smaller, and everything else of its page is there (Invariant 8).
// So it is with one that is larger than is read of a body.
func TestLargeObjectCostsItself(t *testing.T) {
	t.Parallel()
	may := time.Date(2025, 5, 2, 0, 0, 0, 0, time.UTC)
	const held = `"captured":false,"amount_captured":0` // nothing moved, so the balance has nothing of it
	const rejects = `SELECT id, "table", rule, reason FROM meta.rejects`
	for _, mib := range []int{5, 40}[:laketest.Sample(1, 2)] {
		t.Run(fmt.Sprint(mib, " MiB"), func(t *testing.T) {
			t.Parallel()
			large := laketest.Paid("ch_2", may, held, `"metadata":{"x":"`+strings.Repeat("x", mib<<20)+`"}`)
			others := []string{laketest.Paid("ch_1", may.Add(-time.Hour), held), laketest.Paid("ch_3", may.Add(time.Hour), held)}
			s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, append(others, large)...))
			want := fmt.Sprintf("ch_2 charges size the object has %d bytes, more than are kept of one", len(large))
			expectRefused(s, 1)
			s.Expect("charges", "SELECT id FROM charges ORDER BY id", "ch_1", "ch_3")
			s.Expect("rejects", rejects, want)
			s.Expect("log", "SELECT id, left_out_bytes > 0, length(object) < 200 FROM 'LAKE/raw/*/charges/*.parquet' ORDER BY id", "ch_1 null true", "ch_2 true true", "ch_3 null true")
			if got := s.Sync(); got.Rejects > 0 {
				t.Errorf("refused again, though nothing changed: %+v", got)
			}
			before := laketest.Digest(t, s.Lake)
			compactAndRebuild(s)
			if after := laketest.Digest(t, s.Lake); fmt.Sprint(before) != fmt.Sprint(after) {
				t.Errorf("rebuilt: %v, before: %v", after, before)
			}
			s.Expect("rejects after a rebuild", rejects, want)
			if found := laketest.Verify(t, s.Lake, true); len(found) > 0 {
				t.Errorf("verify finds %q", found)
			}

			small := laketest.Paid("ch_2", may, held)
			s.Becomes(laketest.Recorded(t, 1, laketest.Noon.Add(time.Hour), append(others, small, laketest.Event("evt_1", "charge.updated", laketest.Noon, small))...))
			s.Sync()
			s.Expect("small again", "SELECT id FROM charges ORDER BY id", "ch_1", "ch_2", "ch_3")
			s.Expect("rejects", rejects)
		})
	}
}

// An event that is too large to be kept no longer says which object it is
// about: the objects that it may be about are listed again.
func TestLargeEventCostsNoChange(t *testing.T) {
	t.Parallel()
	may := time.Date(2025, 5, 2, 0, 0, 0, 0, time.UTC)
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, laketest.Paid("ch_1", may)))
	s.Sync()
	changed := laketest.Paid("ch_1", may, `"description":"new"`)
	told := laketest.Event("evt_1", "charge.updated", laketest.Noon, laketest.Paid("ch_1", may, `"metadata":{"x":"`+strings.Repeat("x", 5<<20)+`"}`))
	s.Becomes(laketest.Recorded(t, 1, laketest.Noon.Add(time.Hour), changed, told))
	if _, err := s.Try(); err == nil || !strings.Contains(err.Error(), "1 event could not be read, so everything was listed again") {
		t.Error(err)
	}
	s.Expect("charges", "SELECT description FROM charges", "new")
	s.Sync() // and no more is said of it
}

// Many texts that are long, each small enough by itself, are merged and published:
// where DuckDB has too little memory for them, it gets more for a while.
func TestManyLongTexts(t *testing.T) {
	laketest.Slow(t)
	t.Parallel()
	may := time.Date(2025, 5, 2, 0, 0, 0, 0, time.UTC)
	objects := []string{laketest.Sent("customer", "cus_1", may), laketest.Paid("ch_hers", may, `"customer":"cus_1"`)}
	many := laketest.Sample(30, 120)
	for i := range many {
		objects = append(objects, laketest.Paid(fmt.Sprintf("ch_%03d", i), may.Add(time.Duration(i)*time.Minute), `"description":"`+strings.Repeat(fmt.Sprint(i%10), 1<<20)+`"`))
	}
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, objects...))
	s.Sync()
	s.Expect("charges", "SELECT count(*) FROM charges", fmt.Sprint(many+1))
	changed := laketest.Paid("ch_000", may, `"description":"short"`)
	s.Becomes(laketest.Recorded(t, 1, laketest.Noon.Add(time.Hour), append(slices.Clone(objects[:2]), append(slices.Clone(objects[3:]), changed, laketest.Event("evt_1", "charge.updated", laketest.Noon, changed))...)...))
	s.Sync()
	s.Expect("the one that changed", "SELECT description FROM charges WHERE id = 'ch_000'", "short")
	compactAndRebuild(s)
	s.Expect("derived again", "SELECT count(*) FROM charges", fmt.Sprint(many+1))
	if found := laketest.Verify(t, s.Lake, false); slices.ContainsFunc(found, func(f string) bool { return !strings.HasPrefix(f, "charge without balance transaction") }) {
		t.Errorf("verify finds %.300q", found)
	}
	copying := laketest.NewSync(s.Lake, s.API, nil)
	forget := pipeline.Forget{Mappings: copying.Mappings, Lake: copying.Lake, Customers: []string{"cus_1"}}
	if receipts, err := forget.Run(t.Context()); err != nil || len(receipts) != 1 {
		t.Fatalf("%d receipts, %v", len(receipts), err)
	}
	s.Expect("without her", "SELECT count(*) FROM charges", fmt.Sprint(many))
}
