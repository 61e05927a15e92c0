package rawlog

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/load/internal/trace"
)

// A lake that is synced every fifteen minutes has few files, and they hold all that was
// ever appended, in order, with the cursor of the last append. The number of syncs does
// not matter: a year would be 35,040 of them.
func TestManySyncsFewFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	g := openLog(t, dir, trace.Trace{})
	const syncs = 700
	most := 0
	for i := range syncs {
		o := Raw{ID: fmt.Sprintf("ch_%d", i), Created: time.Unix(int64(i)+1, 0), ObservedAt: time.Unix(9, 0), Origin: "list", Object: fmt.Appendf(nil, `{"id":"ch_%d"}`, i)}
		if _, err := g.Append(t.Context(), "charges", []Raw{o}, fmt.Sprintf("cursor %d", i)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := g.Tidy(t.Context(), "charges"); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join(dir, "raw", testAccount, "charges", "*.parquet"))
		if err != nil {
			t.Fatal(err)
		}
		most = max(most, len(files))
	}
	if most > 64 {
		t.Errorf("%d files at once", most)
	}
	if cursor, err := g.Cursor("charges"); err != nil || cursor != fmt.Sprintf("cursor %d", syncs-1) {
		t.Errorf("cursor %q, %v", cursor, err)
	}
	seq := uint64(0)
	for batch, err := range g.Read(t.Context(), "charges", 0) {
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range batch.Objects {
			if seq++; o.Seq != seq || o.ID != fmt.Sprintf("ch_%d", seq-1) {
				t.Fatalf("%s with seq %d where %d was due", o.ID, o.Seq, seq)
			}
		}
	}
	if seq != syncs {
		t.Errorf("%d objects", seq)
	}
	if p, err := g.Newest("charges"); err != nil || p.Segment != syncs {
		t.Errorf("newest %v, %v", p, err)
	}
}

// Reading from a position inside a merged segment returns all of it: applying known
// objects changes nothing (Invariant 5).
func TestCompactKeepsPositions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	g := openLog(t, dir, trace.Trace{})
	for i := range 5 {
		if _, err := g.Append(t.Context(), "charges", []Raw{{ID: fmt.Sprint(i), ObservedAt: time.Unix(9, 0), Object: []byte("{}")}}, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if merged, into, err := g.Compact(t.Context(), "charges"); err != nil || merged != 5 || into != 1 {
		t.Fatal(merged, into, err)
	}
	read := map[uint64][]string{}
	for _, after := range []uint64{0, 3, 5} {
		read[after] = []string{}
		for batch, err := range g.Read(t.Context(), "charges", after) {
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range batch.Objects {
				read[after] = append(read[after], o.ID)
			}
		}
	}
	all := []string{"0", "1", "2", "3", "4"}
	if diff := cmp.Diff(map[uint64][]string{0: all, 3: all, 5: {}}, read); diff != "" {
		t.Error(diff)
	}
	if merged, into, err := g.Compact(t.Context(), "charges"); err != nil || merged != 0 || into != 0 {
		t.Error("a compacted stream is compacted again", merged, into, err)
	}
	// A file that a kill left is no damage, and the next compaction removes it.
	stale := filepath.Join(dir, "raw", testAccount, "charges", "00000002-00000003.parquet")
	if err := os.WriteFile(stale, []byte("superseded"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := g.Compact(t.Context(), "charges"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stale); !os.IsNotExist(err) {
		t.Errorf("a superseded segment is still there: %v", err)
	}
}
