package load

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/rawlog"
)

// erase rewrites the charges of a lake without some ids.
func (k *testLake) erase(ids ...string) int {
	k.t.Helper()
	n, err := k.log.Rewrite(k.t.Context(), "charge", Rewriting{
		Erase:  func(o *Raw) bool { return slices.Contains(ids, o.ID) },
		Cursor: func(c string) string { return strings.ReplaceAll(c, "after b", "after forgotten") },
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return n
}

// logged returns the content of the log of charges, one text for each segment.
func (k *testLake) logged() []string {
	k.t.Helper()
	var segments []string
	line := ""
	for b, err := range k.log.Read(k.t.Context(), "charge", 0) {
		if err != nil {
			k.t.Fatal(err)
		}
		for _, o := range b.Objects {
			line += fmt.Sprintf("%s%d ", o.ID, o.Seq)
		}
		if b.End {
			segments = append(segments, line)
			line = ""
		}
	}
	if line != "" {
		k.t.Errorf("no end of a segment after %q", line)
	}
	return segments
}

// Invariants 2 and 5: a rewritten log keeps its segments, their seqs and their ends,
// and the tables are those that the kept objects alone make.
func TestRewriteKeepsSegmentsAndSeqs(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	k.append(charge("a", "new", "item_a"), charge("b", "new"), charge("c", "new"), charge("b", "paid"))
	k.append(charge("b", "refunded"))
	k.append(charge("d", "new"), charge("b", "late"), charge("a", "paid"))
	path := func(n uint64) string { return rawlog.SegmentPath(k.path(lakedir.RawDir, acct, "charge"), n, n) }
	untouched := mustRead(t, path(3))

	if n := k.erase("nobody"); n != 2 { // two cursors name b
		t.Errorf("%d segments rewritten for their cursors, want 2", n)
	}
	if got := mustRead(t, path(3)); got != untouched {
		t.Error("a segment that holds nothing to erase was rewritten")
	}
	if n := k.erase("b"); n != 3 {
		t.Errorf("%d segments rewritten, want 3", n)
	}
	if n := k.erase("b"); n != 0 {
		t.Errorf("%d segments rewritten again, want 0", n)
	}
	want := []string{"a1 c3 ", "", "d6 a8 "}
	if diff := cmp.Diff(want, k.logged()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	k = k.reopen()
	if diff := cmp.Diff(want, k.logged()); diff != "" {
		t.Errorf("log, opened again (-want +got):\n%s", diff)
	}
	if cursor, err := k.log.Cursor("charge"); cursor != "after a" || err != nil {
		t.Errorf("cursor %q, %v", cursor, err)
	}
	k.append(charge("e", "new"))
	k.erase("e", "d") // the newest segment loses its only row, and keeps its seq
	k = k.reopen()
	k.append(charge("f", "new"))
	if diff := cmp.Diff([]string{"a1 c3 ", "", "a8 ", "", "f10 "}, k.logged()); diff != "" {
		t.Errorf("a seq was handed out again (-want +got):\n%s", diff)
	}

	k.apply(0, 5)
	if got := k.state.Position(acct, "charge"); got != 5 {
		t.Errorf("applied up to segment %d, want 5", got)
	}
	if diff := cmp.Diff([]string{"a paid 8", "c new 3", "f new 10"}, k.rows(chargeRows)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// Superseded segments hold the same objects as the wider one.
func TestRewriteRemovesSupersededSegments(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	k.append(charge("a", "new"))
	dir := k.path(lakedir.RawDir, acct, "charge")
	if err := os.WriteFile(rawlog.SegmentPath(dir, 1, 2), []byte(mustRead(t, rawlog.SegmentPath(dir, 1, 1))), 0o600); err != nil {
		t.Fatal(err)
	}
	k.erase("a")
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if diff := cmp.Diff([]string{rawlog.SegmentPath(dir, 1, 2)}, files); diff != "" || err != nil {
		t.Errorf("(-want +got):\n%s%v", diff, err)
	}
}

// Discard leaves no old bytes, and the next generation shares no file with an older
// one.
func TestDiscardStartsFromNothing(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	k.sync(charge("a", "new", "item_a"), charge("b", "new"))
	k.publish()
	k.sync(charge("c", "new"))
	before := k.publish()
	for _, name := range []string{"work.duckdb.damaged", "work.duckdb.next.wal", "tmp/spilled", "status.json", "generations/000099/x"} {
		path := k.path(lakedir.StateDir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("secret"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	k.erase("b")
	if err := k.state.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	k.apply(0, 2)
	after := k.publish()
	if err := k.state.RemoveOtherGenerations(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a new 1", "c new 3"}, k.rows(chargeRows)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if after.Lineage == before.Lineage || after.Number <= before.Number {
		t.Errorf("generation %d of lineage %s after %d of %s", after.Number, after.Lineage, before.Number, before.Lineage)
	}
	numbers, err := k.Generations().Numbers()
	if diff := cmp.Diff([]uint64{after.Number}, numbers); diff != "" || err != nil {
		t.Errorf("generations (-want +got):\n%s%v", diff, err)
	}
	var names []string
	entries, err := os.ReadDir(k.path(lakedir.StateDir))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if diff := cmp.Diff([]string{"generations", "lake.lock", "lock", "members", "queue", "work.duckdb", "work.duckdb.wal"}, without(names, "tmp")); diff != "" || err != nil {
		t.Errorf("private folder (-want +got):\n%s%v", diff, err)
	}
}

func without(names []string, name string) []string {
	return slices.DeleteFunc(names, func(n string) bool { return n == name })
}

func TestForgottenList(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := Open(dir, Options{Mode: "test"})
	if err != nil {
		t.Fatal(err)
	}
	list := func() *Forgotten {
		f, err := l.Forgotten()
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	first, second := list(), list()
	if !first.Empty() || first.Has(acct, "cus_1") || first.Has(acct, "") {
		t.Error("an empty list has something on it")
	}
	// Two processes began with the same empty list.
	if err := errors.Join(first.Add(t.Context(), acct, []string{"cus_1"}), second.Add(t.Context(), acct, []string{"cus_2"})); err != nil {
		t.Fatal(err)
	}
	got := list()
	for id, want := range map[string]bool{"cus_1": true, "cus_2": true, "cus_3": false} {
		if got.Has(acct, id) != want {
			t.Errorf("%s on the list: %t, want %t", id, !want, want)
		}
	}
	if got.Has("acct_2", "cus_1") {
		t.Error("another account's customer of the same id is on the list")
	}
	if first.Sum(acct, "cus_1") != got.Sum(acct, "cus_1") {
		t.Error("the salt has changed")
	}
	path := filepath.Join(dir, "forgotten.json")
	if text := mustRead(t, path); strings.Contains(text, "cus_") {
		t.Errorf("the list names who was forgotten: %s", text)
	}
	if err := os.WriteFile(path, []byte(`{"salt":"00","ids":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Forgotten(); err == nil {
		t.Error("a damaged list was taken for a good one")
	}
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
