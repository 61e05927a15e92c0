package rawlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/trace"
)

const testAccount = "acct_1"

func openLog(t testing.TB, dir string, moments trace.Trace) *Log {
	t.Helper()
	g, err := Open(t.Context(), Options{Lake: dir, SegmentBytes: 32 << 20, SegmentObjects: 20_000, CompactAfter: 64, Trace: moments}, testAccount)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func readAll(ctx context.Context, g *Log, stream string, after uint64) ([]Raw, error) {
	var all []Raw
	for b, err := range g.Read(ctx, stream, after) {
		if err != nil {
			return all, err
		}
		all = append(all, b.Objects...)
	}
	return all, nil
}

func TestLogKeepsObjectsAsTheyWere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	g := openLog(t, dir, trace.Trace{})
	at := time.Date(2024, 2, 29, 23, 59, 59, 123456000, time.UTC)
	in := []Raw{
		{
			ID: "ch_1", Created: at, ObservedAt: at, Origin: "list", Livemode: new(false), APIVersion: "2023-10-16",
			RequestID: "req_1", Object: []byte("{\n  \"a\": \"é\\u0000😀\"}"), More: []byte(`[{"b":1}]`),
		},
		{ID: "noid:abc", ObservedAt: at, Origin: "retrieve", Deleted: true, Object: []byte{}},
	}
	p, err := g.Append(t.Context(), "charge", in, `{"v":1}`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Position{testAccount, "charge", 1}, p); diff != "" {
		t.Error(diff)
	}
	p2, err := g.Append(t.Context(), "charge", []Raw{{ID: "ch_2", ObservedAt: at, Object: []byte("{}")}}, "second")
	if err != nil || p2.Segment != 2 {
		t.Fatal(p2, err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}

	g = openLog(t, dir, trace.Trace{})
	defer g.Close()
	got, err := readAll(t.Context(), g, "charge", 0)
	if err != nil {
		t.Fatal(err)
	}
	want := append(in, Raw{Seq: 3, ID: "ch_2", ObservedAt: at, Object: []byte("{}")})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, err := readAll(t.Context(), g, "charge", 1); err != nil || len(got) != 1 || got[0].Seq != 3 {
		t.Errorf("after segment 1: %v %v", got, err)
	}
	if c, err := g.Cursor("charge"); c != "second" || err != nil {
		t.Errorf("cursor %q %v", c, err)
	}
	if _, err := readAll(t.Context(), g, "charge", 3); !errors.Is(err, ErrBeyondLog) {
		t.Errorf("position beyond the log: %v", err)
	}
}

// Invariant 1: at every moment of an append, a restart finds the old cursor without the
// new objects, or the new cursor with them.
func TestCursorComesWithItsObjects(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	g := openLog(t, dir, trace.Trace{})
	if _, err := g.Append(t.Context(), "charge", []Raw{{ID: "a", Object: []byte("{}")}}, "after a"); err != nil {
		t.Fatal(err)
	}
	if err := g.MoveCursor("charge", "after a, quiet"); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	crash := errors.New("crash")
	look := func(want string) func() {
		return func() {
			copied := t.TempDir()
			if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			g := openLog(t, copied, trace.Trace{})
			defer g.Close()
			cursor, err := g.Cursor("charge")
			objects, err2 := readAll(t.Context(), g, "charge", 0)
			if got := fmt.Sprint(cursor, " ", len(objects)); got != want || errors.Join(err, err2) != nil {
				t.Errorf("found %q, want %q; %v %v", got, want, err, err2)
			}
			if left, _ := filepath.Glob(filepath.Join(copied, "raw", "*", "*", "*"+atomicfile.TempSuffix)); left != nil {
				t.Errorf("left over: %v", left)
			}
		}
	}
	seen := 0
	count := func(f func()) func() { return func() { seen++; f() } }
	g = openLog(t, dir, trace.Trace{
		SegmentWritten: count(look("after a, quiet 1")),
		SegmentRenamed: count(look("after b 2")), // the older cursor.json no longer counts
		SegmentSynced:  count(look("after b 2")),
		CursorMoved:    count(look("after b, quiet 2")),
	})
	defer g.Close()
	if _, err := g.Append(t.Context(), "charge", []Raw{{ID: "b", Object: []byte("{}")}}, "after b"); err != nil {
		t.Fatal(err)
	}
	if err := g.MoveCursor("charge", "after b, quiet"); err != nil {
		t.Fatal(err)
	}
	if seen != 4 {
		t.Errorf("%d moments traced, want 4", seen)
	}
	if err := atomicfile.Write(filepath.Join(dir, "x"), atomicfile.Hooks{}, func(w io.Writer) error {
		_, err := io.WriteString(w, "half")
		return errors.Join(err, crash)
	}); !errors.Is(err, crash) {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "x*")); left != nil {
		t.Errorf("a failed write left %v", left)
	}
}

func TestQuietStreamKeepsItsCursor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	g := openLog(t, dir, trace.Trace{})
	if _, err := g.Append(t.Context(), "refund", nil, "c"); err == nil {
		t.Error("an empty append was accepted")
	}
	if err := g.MoveCursor("refund", "nothing yet"); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	g = openLog(t, dir, trace.Trace{})
	defer g.Close()
	if c, err := g.Cursor("refund"); c != "nothing yet" || err != nil {
		t.Errorf("cursor %q %v", c, err)
	}
	if got, err := readAll(t.Context(), g, "refund", 0); len(got) != 0 || err != nil {
		t.Error(got, err)
	}
}

// Invariant 1: an append that fails after its rename has made both durable, objects
// and cursor, and what comes next goes on from them: no segment is written over.
func TestAppendAfterAFailedOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	stream := filepath.Join(dir, "raw", testAccount, "charge")
	failing := false
	g := openLog(t, dir, trace.Trace{SegmentRenamed: func() {
		if failing { // the folder cannot be flushed
			if err := os.Rename(stream, stream+"_away"); err != nil {
				t.Error(err)
			}
		}
	}})
	defer g.Close()
	one := func(id string) []Raw { return []Raw{{ID: id, Object: []byte("{}")}} }
	if _, err := g.Append(t.Context(), "charge", one("a"), "after a"); err != nil {
		t.Fatal(err)
	}
	failing = true
	if _, err := g.Append(t.Context(), "charge", one("b"), "after b"); err == nil {
		t.Fatal("an append that is not durable was none that failed")
	}
	failing = false
	if err := os.Rename(stream+"_away", stream); err != nil {
		t.Fatal(err)
	}
	if cursor, err := g.Cursor("charge"); cursor != "after b" || err != nil {
		t.Errorf("cursor %q, %v", cursor, err)
	}
	if p, err := g.Append(t.Context(), "charge", one("c"), "after c"); p.Segment != 3 || err != nil {
		t.Errorf("appended segment %d, %v", p.Segment, err)
	}
	expectLog(t, g, "after c", "a1 b2 c3 ")
}

// expectLog compares the cursor of charges and what the log holds of them.
func expectLog(t *testing.T, g *Log, cursor, objects string) {
	t.Helper()
	gotCursor, err1 := g.Cursor("charge")
	all, err2 := readAll(t.Context(), g, "charge", 0)
	got := ""
	for _, o := range all {
		got += fmt.Sprintf("%s%d ", o.ID, o.Seq)
	}
	if gotCursor != cursor || got != objects || errors.Join(err1, err2) != nil {
		t.Errorf("cursor %q and objects %s; want %q and %s; %v %v", gotCursor, got, cursor, objects, err1, err2)
	}
}

// Invariants 1 and 9: cursor.json counts only where it follows the newest segment.
// Behind objects that are not in the log nothing is read on; an older one is none.
func TestCursorFileFollowsTheNewestSegment(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		file, content string
		cursor        string // empty: an error
	}{
		"the newest":          {"cursor.json", `{"after_segment":2,"cursor":"quiet"}`, "quiet"},
		"an older one":        {"cursor.json", `{"after_segment":1,"cursor":"quiet"}`, "after b"},
		"one that is missing": {"cursor.json", `{"after_segment":3,"cursor":"quiet"}`, ""},
		"damaged":             {"cursor.json", `{"after_segment":2,"cur`, unreadableCursor},
		"beside what is none": {"00000000-00000003.parquet", "", unreadableCursor},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			g := openLog(t, dir, trace.Trace{})
			for _, id := range []string{"a", "b"} {
				if _, err := g.Append(t.Context(), "charge", []Raw{{ID: id, Object: []byte("{}")}}, "after "+id); err != nil {
					t.Fatal(err)
				}
			}
			if err := errors.Join(g.Close(), os.WriteFile(filepath.Join(dir, "raw", testAccount, "charge", tc.file), []byte(tc.content), 0o600)); err != nil {
				t.Fatal(err)
			}
			g, err := Open(t.Context(), g.opts, testAccount)
			if tc.cursor == "" {
				if err == nil {
					t.Error("a log that its cursor is ahead of was opened", g.Close())
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer g.Close()
			expectLog(t, g, tc.cursor, "a1 b2 ")
		})
	}
}
