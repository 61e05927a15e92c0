package rawlog

import (
	"errors"
	"io"
	"testing"

	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/trace"
)

// A gap is legal only if the footer declares it, with its exact size.
func TestUnannouncedGapIsDamage(t *testing.T) {
	t.Parallel()
	g := openLog(t, t.TempDir(), trace.Trace{})
	defer g.Close()
	objects := []Raw{{ID: "a", Object: []byte("{}")}, {ID: "b", Object: []byte("{}")}, {ID: "c", Object: []byte("{}")}}
	if _, err := g.Append(t.Context(), "charge", objects, "after c"); err != nil {
		t.Fatal(err)
	}
	path := SegmentPath(g.opts.path(testAccount, "charge"), 1, 1)
	kept := []Raw{objects[0], objects[2]}
	for _, tc := range []struct {
		forgotten uint64
		legal     bool
	}{{0, false}, {1, true}, {2, false}, {4, false}} {
		foot := Footer{Account: testAccount, Stream: "charge", FirstSeq: 1, LastSeq: 3, Forgotten: tc.forgotten}
		err := atomicfile.Write(path, atomicfile.Hooks{}, func(w io.Writer) error { return writeSegment(w, foot, kept) })
		if err != nil {
			t.Fatal(err)
		}
		_, err = readAll(t.Context(), g, "charge", 0)
		if legal := err == nil; legal != tc.legal || !legal && !errors.As(err, new(*DamagedError)) {
			t.Errorf("two of three rows, %d announced as forgotten: %v", tc.forgotten, err)
		}
	}
}

// Invariants 5 and 6 rest on seqs that go up, each once: rows in another order, or of
// one seq, are damage, however well they are summed up.
func TestRowsOutOfOrderAreDamage(t *testing.T) {
	t.Parallel()
	g := openLog(t, t.TempDir(), trace.Trace{})
	defer g.Close()
	letters(t, g, "ab")
	path := SegmentPath(g.opts.path(testAccount, "charge"), 1, 1)
	for _, tc := range []struct {
		seqs  [2]uint64
		legal bool
	}{{[2]uint64{1, 2}, true}, {[2]uint64{2, 1}, false}, {[2]uint64{2, 2}, false}, {[2]uint64{1, 3}, false}, {[2]uint64{0, 1}, false}} {
		foot := Footer{Account: testAccount, Stream: "charge", FirstSeq: 1, LastSeq: 2}
		rows := []Raw{{Seq: tc.seqs[0], ID: "a", Object: []byte("{}")}, {Seq: tc.seqs[1], ID: "b", Object: []byte("{}")}}
		err := atomicfile.Write(path, atomicfile.Hooks{}, func(w io.Writer) error { return writeSegment(w, foot, rows) })
		if err != nil {
			t.Fatal(err)
		}
		_, err = readAll(t.Context(), g, "charge", 0)
		if legal := err == nil; legal != tc.legal || !legal && !errors.As(err, new(*DamagedError)) {
			t.Errorf("seqs %v: %v", tc.seqs, err)
		}
	}
}
