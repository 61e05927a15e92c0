package rawlog

import (
	"bytes"
	"errors"
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

// Invariant 2: a log with a gap in its ranges cannot be used; a wider range supersedes
// those inside it.
func TestSegmentRanges(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, files, want, err string
	}{
		{"none", "", "", ""},
		{"in order", "1-1 2-2 3-3", "1-1 2-2 3-3", ""},
		{"compacted", "1-3 4-4", "1-3 4-4", ""},
		{"compacted, old ones still there", "1-1 1-3 2-2 3-3 4-4", "1-3 4-4", ""},
		{"gap", "1-1 3-3", "", "segment 2 is missing before 00000003-00000003.parquet"},
		{"first missing", "2-2", "", "segment 1 is missing"},
		{"overlap that is no compaction", "1-2 2-3", "", "segment 3 is missing before 00000002-00000003.parquet"},
		{"backwards", "1-1 2-1", "1-1", ""}, // the stream's cursor reports it
		{"from zero", "0-1 1-1", "1-1", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			for f := range strings.FieldsSeq(tc.files) {
				var first, last uint64
				if _, err := fmt.Sscanf(f, "%d-%d", &first, &last); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(SegmentPath(dir, first, last), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			spans, err := ListSegments(dir)
			var got []string
			for _, s := range spans {
				got = append(got, fmt.Sprintf("%d-%d", s.First, s.Last))
			}
			if strings.Join(got, " ") != tc.want {
				t.Errorf("got %v, want %s", got, tc.want)
			}
			if (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("error %v, want %q", err, tc.err)
			}
		})
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "notes.parquet"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ListSegments(dir); err == nil {
		t.Error("a strange file was taken for nothing")
	}
}

// Invariant 2: a segment in the place of another one, whole as it is, is not taken for
// that one by who looks at the log, nor by who would set aside what is damaged.
func TestSegmentInAnothersPlace(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		from, to []string
		inspect  string // of the damage
		losses   string // of the error, or which segments are lost
		read     string // of the error
	}{
		"whole": {},
		"copied": {
			[]string{"charge/1"}, []string{"charge/2"}, "it begins with seq 1, after 3", "segment 2 ", "",
		},
		"another stream's": {
			[]string{"refund/1"}, []string{"charge/2"}, "it belongs to acct_1/refund", "segment 2 ", "it belongs to acct_1/refund",
		},
		"swapped": {
			[]string{"charge/1", "charge/2"}, []string{"charge/2", "charge/1"}, "it begins with seq 1, after 5", "verify, which says which files to rename", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			g := openLog(t, dir, trace.Trace{})
			defer g.Close()
			letters(t, g, "abc", "de", "f")
			if _, err := g.Append(t.Context(), "refund", []Raw{{ID: "r", Object: []byte("{}")}}, "after r"); err != nil {
				t.Fatal(err)
			}
			path := func(segment string) string {
				return g.opts.path(testAccount, segment[:6], fmt.Sprintf("0000000%[1]s-0000000%[1]s.parquet", segment[7:]))
			}
			var files [][]byte
			for _, from := range tc.from {
				data, err := os.ReadFile(path(from))
				if err != nil {
					t.Fatal(err)
				}
				files = append(files, data)
			}
			for i, to := range tc.to {
				if err := os.WriteFile(path(to), files[i], 0o600); err != nil {
					t.Fatal(err)
				}
			}
			says := func(what, want, got string) {
				if (want == "") != (got == "") || !strings.Contains(got, want) {
					t.Errorf("%s says %q, want %q", what, got, want)
				}
			}
			segments, damage := Inspect(dir, testAccount, "charge")
			text := ""
			for _, err := range damage {
				text += err.Error()
			}
			says("Inspect", tc.inspect, text)
			losses, err := g.Losses(t.Context(), "charge", 3, 3, 6)
			text = ""
			for _, x := range losses {
				text += RangeText(x.First, x.Last) + " "
			}
			if err != nil {
				text = err.Error()
			}
			says("Losses", tc.losses, text)
			text = ""
			if _, err = readAll(t.Context(), g, "charge", 0); err != nil {
				text = err.Error()
			}
			says("Read", tc.read, text)
			if listed, err := ListSegments(g.opts.path(testAccount, "charge")); err != nil || segments != 3 || listed[len(listed)-1].Last != 3 {
				t.Errorf("%d segments: %+v; %v", segments, listed, err)
			}
		})
	}
}

// A segment that is cut or changed anywhere is an error that names it, or, in
// a byte that carries no data, reads as before. It is never read wrong.
func TestDamagedSegment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	g := openLog(t, dir, trace.Trace{})
	defer g.Close()
	var in []Raw
	for i := range 50 {
		in = append(in, Raw{
			ID: fmt.Sprint("ch_", i), Origin: "list", ObservedAt: time.Unix(1, 0).UTC(),
			Object: fmt.Appendf(nil, `{"id":"ch_%d","noise":"%x"}`, i, i*i*7919),
		})
	}
	if _, err := g.Append(t.Context(), "charge", in, "c"); err != nil {
		t.Fatal(err)
	}
	path := SegmentPath(filepath.Join(dir, lakedir.RawDir, testAccount, "charge"), 1, 1)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, data []byte) (failed bool) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readAll(t.Context(), g, "charge", 0)
		var damage *DamagedError
		switch {
		case err == nil && cmp.Equal(in, got):
			return false
		case err == nil:
			t.Errorf("%s: read as something else", what)
		case !errors.As(err, &damage) || damage.Path != path:
			t.Errorf("%s: error does not name the segment: %v", what, err)
		}
		return true
	}
	for _, n := range []int{0, 1, 100, len(whole) / 2, len(whole) - 1} {
		if !check(fmt.Sprint("cut to ", n), whole[:n]) {
			t.Errorf("cut to %d bytes went unnoticed", n)
		}
	}
	for i := 0; i < len(whole); i += 7 {
		changed := append([]byte(nil), whole...)
		changed[i] ^= 0x41
		check(fmt.Sprintf("byte %d of %d changed", i, len(whole)), changed)
	}
}

func TestReadInSmallBatches(t *testing.T) {
	t.Parallel()
	g := openLog(t, t.TempDir(), trace.Trace{})
	defer g.Close()
	in := make([]Raw, 2*batchObjects+10)
	for i := range in {
		in[i] = Raw{ID: fmt.Sprint(i), Object: []byte("{}")}
	}
	in[5].Object = make([]byte, rowGroupBytes) // ends the first row group
	if _, err := g.Append(t.Context(), "charge", in, "c"); err != nil {
		t.Fatal(err)
	}
	var sizes []int
	var ends []bool
	for b, err := range g.Read(t.Context(), "charge", 0) {
		if err != nil {
			t.Fatal(err)
		}
		sizes, ends = append(sizes, len(b.Objects)), append(ends, b.End)
	}
	if diff := cmp.Diff([]int{6, batchObjects, batchObjects, 4}, sizes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]bool{false, false, false, true}, ends); diff != "" {
		t.Error(diff)
	}
	for _, err := range g.Read(t.Context(), "charge", 0) {
		if err != nil {
			t.Error(err)
		}
		break // a consumer that stops early is no error
	}
}

// An object is in its segment once, compressed: neither a page's header nor the index has
// it as the least or the greatest of a column.
func TestSegmentHoldsObjectsOnce(t *testing.T) {
	t.Parallel()
	objects, _ := benchObjects(300)
	objects[7].More = objects[8].Object
	var file bytes.Buffer
	if err := writeSegment(&file, Footer{Account: testAccount, Stream: "charges", FirstSeq: 1, LastSeq: 300}, objects); err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if bytes.Contains(file.Bytes(), o.Object) {
			t.Errorf("%s is there as it was received", o.ID)
		}
	}
}
