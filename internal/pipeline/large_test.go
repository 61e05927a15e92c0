package pipeline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline"
)

// An object that is larger than is kept costs itself: it is a reject with its id and
// size until it is smaller, and everything else of its page is there (Invariant 8).
// So it is with one that is larger than is read of a body.
func TestLargeObjectCostsItself(t *testing.T) {
	t.Parallel()
	may := time.Date(2025, 5, 2, 0, 0, 0, 0, time.UTC)
	const held = `"captured":false,"amount_captured":0` // nothing moved, so the balance has nothing of it
	const rejects = `SELECT id, "table", rule, reason FROM meta.rejects`
	for _, mib := range []int{5, 40} {
		t.Run(fmt.Sprint(mib, " MiB"), func(t *testing.T) {
			t.Parallel()
			large := paid("ch_2", may, held, `"metadata":{"x":"`+strings.Repeat("x", mib<<20)+`"}`)
			others := []string{paid("ch_1", may.Add(-time.Hour), held), paid("ch_3", may.Add(time.Hour), held)}
			s := newScene(t, recorded(t, 1, noon, append(others, large)...))
			want := fmt.Sprintf("ch_2 charges size the object has %d bytes, more than are kept of one", len(large))
			s.refused(1)
			s.expect("charges", "SELECT id FROM charges ORDER BY id", "ch_1", "ch_3")
			s.expect("rejects", rejects, want)
			s.expect("log", "SELECT id, left_out_bytes > 0, length(object) < 200 FROM 'LAKE/raw/*/charges/*.parquet' ORDER BY id", "ch_1 null true", "ch_2 true true", "ch_3 null true")
			if got := s.sync(); got.Rejects > 0 {
				t.Errorf("refused again, though nothing changed: %+v", got)
			}
			before := digest(t, s.lake)
			s.compactAndRebuild()
			if after := digest(t, s.lake); fmt.Sprint(before) != fmt.Sprint(after) {
				t.Errorf("rebuilt: %v, before: %v", after, before)
			}
			s.expect("rejects after a rebuild", rejects, want)
			if found := verify(t, s.lake, true); len(found) > 0 {
				t.Errorf("verify finds %q", found)
			}

			small := paid("ch_2", may, held)
			s.becomes(recorded(t, 1, noon.Add(time.Hour), append(others, small, event("evt_1", "charge.updated", noon, small))...))
			s.sync()
			s.expect("small again", "SELECT id FROM charges ORDER BY id", "ch_1", "ch_2", "ch_3")
			s.expect("rejects", rejects)
		})
	}
}

// An event that is too large to be kept does not say any more what it is about:
// what it may have told of is listed again.
func TestLargeEventCostsNoChange(t *testing.T) {
	t.Parallel()
	may := time.Date(2025, 5, 2, 0, 0, 0, 0, time.UTC)
	s := newScene(t, recorded(t, 1, noon, paid("ch_1", may)))
	s.sync()
	changed := paid("ch_1", may, `"description":"new"`)
	told := event("evt_1", "charge.updated", noon, paid("ch_1", may, `"metadata":{"x":"`+strings.Repeat("x", 5<<20)+`"}`))
	s.becomes(recorded(t, 1, noon.Add(time.Hour), changed, told))
	if _, err := s.try(); err == nil || !strings.Contains(err.Error(), "1 event could not be read, so everything was listed again") {
		t.Error(err)
	}
	s.expect("charges", "SELECT description FROM charges", "new")
	s.sync() // and no more is said of it
}

// Many texts that are long, each small enough by itself, are merged and published:
// where DuckDB has too little memory for them, it gets more for a while.
func TestManyLongTexts(t *testing.T) {
	t.Parallel()
	may := time.Date(2025, 5, 2, 0, 0, 0, 0, time.UTC)
	objects := []string{sent("customer", "cus_1", may), paid("ch_hers", may, `"customer":"cus_1"`)}
	for i := range 120 {
		objects = append(objects, paid(fmt.Sprintf("ch_%03d", i), may.Add(time.Duration(i)*time.Minute), `"description":"`+strings.Repeat(fmt.Sprint(i%10), 1<<20)+`"`))
	}
	s := newScene(t, recorded(t, 1, noon, objects...))
	s.sync()
	s.expect("charges", "SELECT count(*) FROM charges", "121")
	changed := paid("ch_000", may, `"description":"short"`)
	s.becomes(recorded(t, 1, noon.Add(time.Hour), append(slices.Clone(objects[:2]), append(slices.Clone(objects[3:]), changed, event("evt_1", "charge.updated", noon, changed))...)...))
	s.sync()
	s.expect("the one that changed", "SELECT description FROM charges WHERE id = 'ch_000'", "short")
	s.compactAndRebuild()
	s.expect("derived again", "SELECT count(*) FROM charges", "121")
	if found := verify(t, s.lake, false); slices.ContainsFunc(found, func(f string) bool { return !strings.HasPrefix(f, "charge without balance transaction") }) {
		t.Errorf("verify finds %.300q", found)
	}
	copying := newSync(s.lake, s.api, nil)
	forget := pipeline.Forget{Plan: copying.Plan, Lake: copying.Lake, Customers: []string{"cus_1"}}
	if receipts, err := forget.Run(t.Context()); err != nil || len(receipts) != 1 {
		t.Fatalf("%d receipts, %v", len(receipts), err)
	}
	s.expect("without her", "SELECT count(*) FROM charges", "120")
}
