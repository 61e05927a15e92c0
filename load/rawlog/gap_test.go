package rawlog

import (
	"errors"
	"io"
	"testing"

	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/trace"
)

// A gap is legal only if the footer says so, and only one of that size.
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
		err := atomicfile.Write(path, atomicfile.Hooks{}, func(w io.Writer) error { return writeSegment(w, new(zstd.Codec), foot, kept) })
		if err != nil {
			t.Fatal(err)
		}
		_, err = readAll(t.Context(), g, "charge", 0)
		if legal := err == nil; legal != tc.legal || !legal && !errors.As(err, new(*DamagedError)) {
			t.Errorf("two of three rows, %d announced as forgotten: %v", tc.forgotten, err)
		}
	}
}
