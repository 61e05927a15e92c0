package load

import (
	"testing"

	"github.com/stripelake/stripelake/load/loadtest"
)

// Invariant 4: a second state begins a stream that is derived again before its first
// segment, and has rows and position together at each restart. The present state stays
// as it is until the second takes its place.
func TestRebuildHasRowsAndPositionTogether(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	k.sync(charge("ch_1", "pending", "it_1"), charge("ch_2", "paid"))
	k.sync(charge("ch_1", "paid", "it_2"))
	k.publish()
	charges, items := k.rows(chargeRows), k.rows(itemRows)
	begin := func(resumes bool) {
		t.Helper()
		if resumed, err := k.state.BeginRebuild(t.Context(), "items"); resumed != resumes || err != nil {
			t.Fatalf("resumed: %t, %v", resumed, err)
		}
	}
	look := func(what string, position uint64, wantCharges, wantItems []string) {
		t.Helper()
		expect(t, what+": charges", k.rows(chargeRows), wantCharges...)
		expect(t, what+": items", k.rows(itemRows), wantItems...)
		if got := k.state.Position(acct, "charge"); got != position {
			t.Errorf("%s: position %d, want %d", what, got, position)
		}
	}
	begin(false)
	look("begun", 0, nil, nil)
	k.apply(0, 1)
	k = k.reopen()
	look("stopped", 2, charges, items)
	begin(true)
	look("resumed", 1, []string{"ch_1 pending 1", "ch_2 paid 2"}, []string{"ch_1 it_1"})
	k.apply(1, 2)
	if err := k.state.SwapIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	look("swapped in", 2, charges, items)
	k = k.reopen()
	look("opened again", 2, charges, items)
	publishAndCheck(k)
}

// Invariant 7: a table that was derived again is published whole. Of a partition that
// has no rows any more nothing is linked.
func TestRebuiltTableIsPublishedAnew(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	k.sync(charge("ch_1", "paid", "it_1"), on("2025-01-05", charge("ch_2", "paid", "it_2")))
	k.publish()
	if _, err := k.state.BeginRebuild(t.Context(), "items"); err != nil {
		t.Fatal(err)
	}
	_, err := k.state.Apply(t.Context(), Position{Account: acct, Stream: "charge", Segment: 1}, func(yield func(Batch, error) bool) {
		for b, err := range k.batches(0, 1) {
			b.Tables[1].Rows = nil // by a mapping that leaves the items out
			if !yield(b, err) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := k.state.SwapIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, f := range k.publish().Files {
		if f.Table == "items" {
			t.Errorf("%s is published, and holds nothing", f.Path)
		}
	}
	if _, err := loadtest.Digest(t.Context(), k.dir); err != nil {
		t.Error(err)
	}
}
