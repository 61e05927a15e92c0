package rawlog

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/internal/trace"
)

// letters appends a segment for each word, of an object for each letter.
func letters(t *testing.T, g *Log, words ...string) {
	t.Helper()
	for _, word := range words {
		var objects []Raw
		for _, id := range word {
			objects = append(objects, Raw{ID: string(id), ObservedAt: time.Unix(9, 0), Object: []byte("{}")})
		}
		if _, err := g.Append(t.Context(), "charge", objects, "after "+word); err != nil {
			t.Fatal(err)
		}
	}
}

// found is what a restart finds of charges in a copy of a lake: the cursor, the newest
// segment and the objects with their seqs. An error is text too.
func found(t *testing.T, dir string) string {
	t.Helper()
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	g, err := Open(t.Context(), Options{Lake: copied, SegmentBytes: 32 << 20, SegmentObjects: 20_000, CompactAfter: 64}, testAccount)
	if err != nil {
		return strings.ReplaceAll(err.Error(), copied, "")
	}
	defer g.Close()
	cursor, err1 := g.Cursor("charge")
	newest, err2 := g.Newest("charge")
	all, err3 := readAll(t.Context(), g, "charge", 0)
	text := fmt.Sprintf("%s: %d:", cursor, newest.Segment)
	for _, o := range all {
		text += fmt.Sprintf(" %s%d", o.ID, o.Seq)
	}
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			text += " " + strings.ReplaceAll(err.Error(), copied, "")
		}
	}
	return text
}

// Invariant 2: at every moment of what rewrites a log, a restart finds it as before or
// as it should be, with the numbers, the seqs and the cursor that it had.
func TestLogIsWholeAtEveryMoment(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		rewrite       func(*Log) error
		before, after string
		moments       int
	}{
		"compact": {
			func(g *Log) error { _, _, err := g.Compact(t.Context(), "charge"); return err },
			"after f: 3: a1 b2 c3 d4 e5 f6", "after f: 3: a1 b2 c3 d4 e5 f6", 4,
		},
		"erase in one": {
			func(g *Log) error { return eraseLetters(t, g, "c") },
			"after f: 3: a1 b2 c3 d4 e5 f6", "after f: 3: a1 b2 d4 e5 f6", 3,
		},
		"erase a whole segment": {
			func(g *Log) error { return eraseLetters(t, g, "f") },
			"after f: 3: a1 b2 c3 d4 e5 f6", "after f: 3: a1 b2 c3 d4 e5", 3,
		},
		"compact what is erased": {
			func(g *Log) error {
				if err := eraseLetters(t, g, "bf"); err != nil {
					return err
				}
				_, _, err := g.Compact(t.Context(), "charge")
				return err
			},
			"", "after f: 3: a1 c3 d4 e5", 10,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			seen := 0
			look := func() {
				seen++
				if got := found(t, dir); tc.before != "" && got != tc.before && got != tc.after {
					t.Errorf("moment %d: found %s; want %s, or %s", seen, got, tc.before, tc.after)
				}
			}
			g := openLog(t, dir, trace.Trace{})
			defer g.Close()
			letters(t, g, "abc", "de", "f")
			g.opts.Trace = trace.Trace{SegmentWritten: look, SegmentRenamed: look, SegmentSynced: look, SegmentsMerged: look}
			if err := tc.rewrite(g); err != nil {
				t.Fatal(err)
			}
			if got := found(t, dir); got != tc.after || seen != tc.moments {
				t.Errorf("in the end %s, want %s; %d moments, want %d", got, tc.after, seen, tc.moments)
			}
			g.opts.Trace = trace.Trace{}
			letters(t, g, "g") // after what nobody wrote over
			if got, want := found(t, dir), strings.Replace(tc.after, "after f: 3:", "after g: 4:", 1)+" g7"; got != want {
				t.Errorf("after one more append %s, want %s", got, want)
			}
		})
	}
}

func eraseLetters(t *testing.T, g *Log, gone string) error {
	_, err := g.Rewrite(t.Context(), "charge", Rewriting{
		Erase:  func(o *Raw) bool { return strings.Contains(gone, o.ID) },
		Cursor: func(c string) string { return c },
	})
	return err
}

// Invariants 1, 2 and 9: what stands in the place of segments that are lost has their
// numbers and their seqs. A cursor that follows lost objects is none: the stream goes
// on from the segment before, and reads them again.
func TestQuarantineKeepsTheNumbers(t *testing.T) {
	t.Parallel()
	const path = "charge/0000000%d-0000000%d.parquet"
	for name, tc := range map[string]struct {
		cut      []int // segments
		removed  []int
		quiet    bool // there is a cursor.json
		applied  uint64
		highest  uint64
		want     string
		appended string // with one object more
	}{
		"in the middle":         {cut: []int{2}, quiet: true, want: "quiet: 3: a1 b2 c3 f6", appended: "after g: 4: a1 b2 c3 f6 g7"},
		"missing in the middle": {removed: []int{2}, want: "after f: 3: a1 b2 c3 f6", appended: "after g: 4: a1 b2 c3 f6 g7"},
		"the first":             {cut: []int{1}, want: "after f: 3: d4 e5 f6", appended: "after g: 4: d4 e5 f6 g7"},
		"the newest":            {cut: []int{3}, applied: 3, highest: 6, want: "after de: 3: a1 b2 c3 d4 e5", appended: "after g: 4: a1 b2 c3 d4 e5 g7"},
		"the newest, then quiet, of which all objects are known": {
			cut: []int{3}, quiet: true, applied: 3, highest: 6, want: "quiet: 3: a1 b2 c3 d4 e5", appended: "after g: 4: a1 b2 c3 d4 e5 g7",
		},
		"the newest, then quiet": {
			cut: []int{3}, quiet: true, applied: 2, highest: 5, want: "after de: 3: a1 b2 c3 d4 e5", appended: "after g: 4: a1 b2 c3 d4 e5 g6",
		},
		"the last two": {cut: []int{2}, removed: []int{3}, quiet: true, want: "after abc: 3: a1 b2 c3", appended: "after g: 4: a1 b2 c3 g4"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			g := openLog(t, dir, trace.Trace{})
			letters(t, g, "abc", "de", "f")
			if tc.quiet {
				if err := g.MoveCursor("charge", "quiet"); err != nil {
					t.Fatal(err)
				}
			}
			segment := func(n int) string { return filepath.Join(dir, lakedir.RawDir, testAccount, fmt.Sprintf(path, n, n)) }
			for _, n := range tc.cut {
				if err := os.Truncate(segment(n), 100); err != nil {
					t.Fatal(err)
				}
			}
			for _, n := range tc.removed {
				if err := os.Remove(segment(n)); err != nil {
					t.Fatal(err)
				}
			}
			if err := g.Close(); err != nil {
				t.Fatal(err)
			}
			g, err := Lock(t.Context(), g.opts, testAccount)
			if err != nil {
				t.Fatal(err)
			}
			defer g.Close()
			for range 2 { // the second time there is nothing left to find, nor to do
				losses, err := g.Losses(t.Context(), "charge", 3, tc.applied, tc.highest)
				if err != nil {
					t.Fatal(err)
				}
				for _, x := range losses {
					if err := g.Quarantine(t.Context(), x); err != nil {
						t.Fatal(err)
					}
				}
				if diff := cmp.Diff(tc.want, found(t, dir)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
			letters(t, g, "g")
			if diff := cmp.Diff(tc.appended, found(t, dir)); diff != "" {
				t.Errorf("with one more (-want +got):\n%s", diff)
			}
		})
	}
}
