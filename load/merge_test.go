package load

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/load/loadtest"
	"github.com/stripelake/stripelake/schemas"
)

func expect(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestApplyReplacesEveryRowOfAnObject(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	k.sync(charge("ch_1", "pending", "it_1", "it_2"), charge("ch_2", "paid", "it_3"))
	k.sync(charge("ch_1", "paid", "it_2", "it_4"))
	expect(t, "charges", k.rows(chargeRows), "ch_1 paid 3", "ch_2 paid 2")
	expect(t, "items: it_1 vanished", k.rows(itemRows), "ch_1 it_2", "ch_1 it_4", "ch_2 it_3")

	rejected := charge("ch_2", "x")
	rejected.Reject = "no amount"
	k.sync(rejected)
	expect(t, "charges", k.rows(chargeRows), "ch_1 paid 3")
	expect(t, "rejects", k.rows(rejectRows), "ch_2 4 charges required no amount")

	k.sync(charge("ch_2", "failed"))
	expect(t, "charges", k.rows(chargeRows), "ch_1 paid 3", "ch_2 failed 5")
	expect(t, "rejects", k.rows(rejectRows))
	publishAndCheck(k)
}

func publishAndCheck(k *testLake) {
	k.t.Helper()
	k.publish()
	if _, err := loadtest.Digest(k.t.Context(), k.dir); err != nil {
		k.t.Error(err)
	}
}

// Invariant 5: applying a segment again changes nothing, not even the revision, so it
// causes no publish.
func TestApplyTwice(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	p := k.append(charge("ch_1", "pending", "it_1"), charge("ch_2", "paid"), charge("ch_1", "paid", "it_2"), tombstone("ch_3"))
	if got, want := k.apply(0, p.Segment), (Applied{Objects: 3, Rows: 3, Rejects: 1, Deleted: 1}); got != want {
		t.Errorf("applied %+v, want %+v", got, want)
	}
	k.append(tombstone("ch_2"))
	k.apply(1, 2)
	look := func() [][]string {
		return [][]string{
			k.rows(chargeRows), k.rows(itemRows), k.rows(rejectRows),
			k.rows("SELECT revision::VARCHAR FROM state.info"), k.rows("SELECT count(*)::VARCHAR FROM state.dirty"),
		}
	}
	before := look()
	k.publish()
	for _, again := range []struct{ after, upTo uint64 }{{0, 1}, {1, 2}, {0, 2}} {
		if got := k.apply(again.after, again.upTo); got != (Applied{}) {
			t.Errorf("segments (%d, %d] again: applied %+v", again.after, again.upTo, got)
		}
	}
	before[4] = []string{"0"} // published
	if diff := cmp.Diff(before, look()); diff != "" {
		t.Error(diff)
	}
	if got := k.state.Position(acct, "charge"); got != 2 {
		t.Errorf("position went to %d", got)
	}
	if needs, err := k.state.NeedsPublish(t.Context()); needs || err != nil {
		t.Error("nothing changed, and yet there is something to publish", err)
	}
}

// Invariant 6: a version with a lower seq never replaces a higher one and never
// brings back what a higher one removed.
func TestLowerSeqLoses(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	k.append(charge("ch_1", "old", "it_1"), charge("ch_2", "old", "it_2"), charge("ch_3", "old"))
	rejected := charge("ch_3", "new")
	rejected.Reject = "no amount"
	k.append(charge("ch_1", "new"), tombstone("ch_2"), rejected)
	k.apply(1, 2) // the newer segment first
	look := func() [][]string { return [][]string{k.rows(chargeRows), k.rows(itemRows), k.rows(rejectRows)} }
	before := look()
	expect(t, "rejects", before[2], "ch_2 5 charges deleted deleted, never seen", "ch_3 6 charges required no amount")
	k.apply(0, 1)
	if diff := cmp.Diff(before, look()); diff != "" {
		t.Error(diff)
	}
	k.apply(0, 2)
	if diff := cmp.Diff(before, look()); diff != "" {
		t.Error(diff)
	}
}

func TestTombstones(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	// The full version and its tombstone arrive in one transaction, and in two.
	k.sync(charge("ch_1", "paid", "it_1"), charge("ch_2", "paid", "it_2"), tombstone("ch_1"))
	k.publish()
	k.sync(tombstone("ch_2"), tombstone("ch_9"))
	publishAndCheck(k) // a part whose rows are only marked is exported again
	expect(t, "charges", k.rows(chargeRows), "ch_1 paid 3 deleted", "ch_2 paid 4 deleted")
	expect(t, "items", k.rows(itemRows), "ch_1 it_1 deleted", "ch_2 it_2 deleted")
	expect(t, "seen", k.rows("SELECT DISTINCT deleted_seen_at::VARCHAR FROM charges"), "2025-01-01 00:00:00")
	expect(t, "rejects", k.rows(rejectRows), "ch_9 5 charges deleted deleted, never seen")
	sum, err := k.state.Summary(t.Context())
	want := Resource{Account: acct, Stream: "charge", Segment: 2, Objects: 3, Rows: 2, Deleted: 2, Rejects: 1}
	if diff := cmp.Diff([]Resource{want}, sum.Resources); diff != "" || err != nil {
		t.Error(diff, err)
	}
	// A deleted object exists again.
	k.sync(charge("ch_1", "paid"), charge("ch_9", "paid"))
	expect(t, "charges", k.rows(chargeRows), "ch_1 paid 6", "ch_2 paid 4 deleted", "ch_9 paid 7")
	expect(t, "rejects", k.rows(rejectRows))
	// A rejected object that is then deleted stays one reject.
	rejected := charge("ch_8", "x")
	rejected.Reject = "no amount"
	k.sync(rejected)
	k.sync(tombstone("ch_8"))
	expect(t, "rejects", k.rows(rejectRows), "ch_8 8 charges required no amount")
	publishAndCheck(k)
}

func TestIncompleteLists(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	partial := charge("ch_1", "paid")
	partial.Partial = []string{"refunds", "lines"}
	k.sync(partial, charge("ch_2", "paid"))
	const query = "SELECT concat_ws(' ', id, seq, list) FROM meta.incomplete_lists"
	expect(t, "lists", k.rows(query), "ch_1 1 lines", "ch_1 1 refunds")
	k.sync(charge("ch_1", "paid"))
	expect(t, "lists", k.rows(query))
}

func TestUnchanged(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	old, now := charge("ch_1", "pending"), charge("ch_1", "paid")
	k.sync(old, charge("ch_2", "paid"))
	k.sync(now, tombstone("ch_2"))
	got, err := k.state.Unchanged(t.Context(), acct, "charge",
		[]Raw{old.raw(), now.raw(), charge("ch_2", "paid").raw(), tombstone("ch_2").raw(), charge("ch_3", "paid").raw()})
	if diff := cmp.Diff([]bool{false, true, false, true, false}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	got, err = k.state.Unchanged(t.Context(), acct, "refund", []Raw{now.raw()})
	if diff := cmp.Diff([]bool{false}, got); diff != "" || err != nil {
		t.Error("another stream:", diff, err)
	}
}

// Invariant 3: rows that belong nowhere are an error, not a silent loss, and the whole
// transaction is rolled back (Invariant 4).
func TestApplyChecksItsCounts(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	k.sync(charge("ch_1", "paid", "it_1"))
	k.append(charge("ch_2", "paid", "it_2"), charge("ch_3", "paid"))
	for name, spoil := range map[string]func(*Batch){
		"a row of no object":        func(b *Batch) { b.Objects = b.Objects[1:] },
		"a reject of no object":     func(b *Batch) { b.Tables[0].Rejects = []Reject{{ID: "ch_7", Seq: 2, Table: "charges"}} },
		"a row of another version":  func(b *Batch) { b.Objects[0].Seq = 77 },
		"two objects with one seq":  func(b *Batch) { b.Objects = append(b.Objects, b.Objects[0]) },
		"a table of another stream": func(b *Batch) { b.Tables[1].Schema = &schemas.Schema{Table: "refunds"} },
		"a batch of another table":  func(b *Batch) { b.Tables[0].Schema = b.Tables[1].Schema },
		"a row of a deleted object": func(b *Batch) { b.Objects[0].Deleted = true },
	} {
		batches := func(yield func(Batch, error) bool) {
			for b, err := range k.batches(1, 2) {
				spoil(&b)
				yield(b, err)
			}
		}
		if _, err := k.state.Apply(t.Context(), Position{Account: acct, Stream: "charge", Segment: 2}, batches); err == nil {
			t.Errorf("%s: applied", name)
		}
		if p := k.state.Position(acct, "charge"); p != 1 {
			t.Errorf("%s: position %d", name, p)
		}
	}
	broken := errors.New("broken")
	_, err := k.state.Apply(t.Context(), Position{Account: acct, Stream: "charge", Segment: 2}, func(yield func(Batch, error) bool) {
		for b, err := range k.batches(1, 2) {
			if !yield(b, err) {
				return
			}
		}
		yield(Batch{}, broken)
	})
	if !errors.Is(err, broken) {
		t.Error(err)
	}
	expect(t, "charges", k.rows(chargeRows), "ch_1 paid 1")
	k.apply(1, 2)
	expect(t, "charges", k.rows(chargeRows), "ch_1 paid 1", "ch_2 paid 2", "ch_3 paid 3")
}

// Invariant 4: a crash before the commit leaves neither rows nor position, a crash
// after it leaves both. A copy of the files replaces the crash.
func TestRowsAndPositionTogether(t *testing.T) {
	t.Parallel()
	var k *testLake
	seen := map[string]int{}
	look := func(moment string, wantRows int, wantPosition uint64) func() {
		return func() {
			seen[moment]++
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(k.dir)); err != nil {
				t.Fatal(err)
			}
			l, err := Open(dir, Options{Tables: testTables(), Fingerprint: "1"})
			if err != nil {
				t.Fatal(err)
			}
			s, err := l.OpenState(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			var rows int
			if err := s.db.One(context.Background(), []any{&rows}, "SELECT count(*) FROM charges"); err != nil {
				t.Fatal(err)
			}
			if rows != wantRows || s.Position(acct, "charge") != wantPosition || s.Fresh != "" {
				t.Errorf("%s: %d rows at position %d; %s", moment, rows, s.Position(acct, "charge"), s.Fresh)
			}
		}
	}
	k = newLake(t, func(o *Options) {
		o.Trace = Trace{BatchStaged: look("staged", 0, 0), BeforeCommit: look("before", 0, 0), AfterCommit: look("after", 2, 1)}
	})
	k.sync(charge("ch_1", "paid"), charge("ch_2", "paid"))
	if len(seen) != 3 {
		t.Errorf("moments %v", seen)
	}
}

// Invariant 4: the position moves as far as the batches go, further than was asked for
// too, and is on the disk what it is in memory.
func TestPositionGoesWithTheBatches(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	k.append(charge("ch_1", "paid"))
	k.append(charge("ch_2", "paid"))
	_, err := k.state.Apply(t.Context(), Position{Account: acct, Stream: "charge", Segment: 1}, func(yield func(Batch, error) bool) {
		segment := uint64(0)
		for b, err := range k.batches(0, 2) {
			segment++
			b.UpTo = segment
			if !yield(b, err) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "charges", k.rows(chargeRows), "ch_1 paid 1", "ch_2 paid 2")
	expect(t, "position", k.rows("SELECT segment::VARCHAR FROM meta.positions"), "2")
	if got := k.state.Position(acct, "charge"); got != 2 {
		t.Errorf("position %d", got)
	}
}

// Another process that wrote in spite of the lock is found by the compare in
// compare-and-swap, and nothing is merged over it (Invariant 4).
func TestPositionMovedByAnother(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		ours  []version // applied before
		other string
		want  []string
	}{
		"further": {[]version{charge("ch_1", "paid")}, "UPDATE meta.positions SET segment = 5", []string{"ch_1 paid 1"}},
		"back":    {[]version{charge("ch_1", "paid")}, "DELETE FROM meta.positions", []string{"ch_1 paid 1"}},
		"first":   {nil, "INSERT INTO meta.positions VALUES ('acct_1', 'charge', 5)", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newLake(t)
			if tc.ours != nil {
				k.sync(tc.ours...)
			}
			if _, err := k.state.db.Exec(t.Context(), tc.other); err != nil {
				t.Fatal(err)
			}
			p := k.append(charge("ch_2", "paid"))
			if _, err := k.state.Apply(t.Context(), p, k.batches(p.Segment-1, p.Segment)); err == nil {
				t.Error("applied over another process's position")
			}
			expect(t, "charges", k.rows(chargeRows), tc.want...)
		})
	}
}

// Invariant 3: rows of an object that is not in the batch are an error, and nothing of
// the batch is kept.
func TestRowsNeedAnOwner(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func([]ObjectVersion) []ObjectVersion
		want   string
	}{
		"lost":    {func(o []ObjectVersion) []ObjectVersion { return o[1:] }, "rows of charges: 1 of 2 belong to no object"},
		"renamed": {func(o []ObjectVersion) []ObjectVersion { o[0].ID = "ch_3"; return o }, "rows of charges: 1 of 2 belong to no object"},
		"deleted": {func(o []ObjectVersion) []ObjectVersion { o[0].Deleted = true; return o }, "rows of charges: 1 of 2 belong to no object"},
		"twice":   {func(o []ObjectVersion) []ObjectVersion { o[0].Seq = o[1].Seq; return o }, "2 objects share 1 sequence numbers"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newLake(t)
			p := k.append(charge("ch_1", "paid", "it_1"), charge("ch_2", "paid"))
			_, err := k.state.Apply(t.Context(), p, func(yield func(Batch, error) bool) {
				for b, err := range k.batches(0, p.Segment) {
					b.Objects = c.change(b.Objects)
					if !yield(b, err) {
						return
					}
				}
			})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
			expect(t, "charges", k.rows(chargeRows))
		})
	}
	t.Run("another account", func(t *testing.T) {
		t.Parallel()
		k := newLake(t)
		p := k.append(charge("ch_1", "paid"))
		_, err := k.state.Apply(t.Context(), Position{Account: "acct_2", Stream: "charge", Segment: p.Segment}, k.batches(0, p.Segment))
		if err == nil || !strings.Contains(err.Error(), "rows of charges: 1 of 1 belong to no object") {
			t.Error(err)
		}
	})
}
