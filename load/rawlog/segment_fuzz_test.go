package rawlog

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// FuzzSegment reads any bytes as a segment. The read must end without a panic, with
// little memory, and any error must name the file.
func FuzzSegment(f *testing.F) {
	var whole bytes.Buffer
	foot := Footer{Account: testAccount, Stream: "charges", FirstSeq: 1, LastSeq: 3, Cursor: "c"}
	err := writeSegment(&whole, foot, []Raw{
		{Seq: 1, ID: "ch_1", Created: time.Unix(1, 0), Origin: "list", Livemode: new(false), RequestID: "req_1", Object: []byte(`{"id":"ch_1"}`)},
		{Seq: 2, ID: "ch_2", Origin: "list", Deleted: true, Object: []byte(`{"id":"ch_2"}`), More: []byte(`{"/refunds":[]}`)},
		{Seq: 3, ID: "ch_3", Origin: "event", APIVersion: "2023-10-16", Object: []byte(strings.Repeat("x", 4000))},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole.Bytes())
	f.Add(whole.Bytes()[:whole.Len()/2])
	f.Add([]byte("PAR1PAR1"))
	f.Add([]byte("PAR1\xff\xff\xff\x7fPAR1"))
	f.Add([]byte(nil))
	for _, list := range []string{"\x29", "\x49"} { // a schema, or row groups, of two thousand million elements
		meta := "\x15\x02" + list + "\xfc\xff\xff\xff\xff\x07\x00"
		f.Add(fmt.Appendf(nil, "PAR1%s%c\x00\x00\x00PAR1", meta, len(meta)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "00000001-00000001.parquet")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var rows int
		err := readSegment(t.Context(), SegmentFile{First: 1, Last: 1, Path: path}, testAccount, "charges", func(b SegmentBatch, err error) bool {
			rows += len(b.Objects)
			return true
		})
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20+uint64(1000*len(data)) {
			t.Errorf("%d bytes took %d MiB of memory", len(data), grown>>20)
		}
		var damage *DamagedError
		if err != nil && !(errors.As(err, &damage) && damage.Path == path) && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the error names no file: %v", err)
		}
		if err == nil && rows != 3 && rows > len(data) {
			t.Errorf("%d rows of %d bytes", rows, len(data))
		}
	})
}
