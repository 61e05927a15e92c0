package rawlog

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/zeebo/xxh3"

	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/internal/trace"
)

var brokenBytes = []Raw{
	{Seq: 1, ID: "ch_1", Origin: "list", ObservedAt: time.Unix(1, 0).UTC(), Object: []byte("{\"id\":\"ch_1\",\"description\":\"a\xff\xfeé\"}")},
	{Seq: 2, ID: "ch_2", Origin: "list", ObservedAt: time.Unix(1, 0).UTC(), Object: []byte(`{"id":"ch_2","description":"é"}`)},
	{Seq: 3, ID: "ch_3", Origin: "list", ObservedAt: time.Unix(1, 0).UTC(), Object: []byte(`{"id":"ch_3"}`), More: []byte("{\"/refunds\":[\"\xe2\x82\"]}")},
}

// The texts of a segment are UTF-8, whatever was received: other readers refuse a whole
// segment for one text that is not. The segment also has the received bytes, and the
// log reads and compares those.
func TestSegmentIsUTF8(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	g := openLog(t, dir, trace.Trace{})
	defer g.Close()
	want := [][4]string{
		{"{\"id\":\"ch_1\",\"description\":\"a\ufffd\ufffdé\"}", "", string(brokenBytes[0].Object), ""},
		{string(brokenBytes[1].Object), "", "", ""},
		{string(brokenBytes[2].Object), "{\"/refunds\":[\"\ufffd\ufffd\"]}", "", string(brokenBytes[2].More)},
	}
	if _, err := g.Append(t.Context(), "charge", append([]Raw(nil), brokenBytes...), "c"); err != nil {
		t.Fatal(err)
	}
	path := SegmentPath(filepath.Join(dir, lakedir.RawDir, testAccount, "charge"), 1, 1)

	got, err := readAll(t.Context(), g, "charge", 0)
	if diff := cmp.Diff(brokenBytes, got); err != nil || diff != "" {
		t.Errorf("read from the log: %v\n%s", err, diff)
	}
	for i := range got {
		if got[i].Hash() != brokenBytes[i].Hash() {
			t.Errorf("%s has another hash when it is read", got[i].ID)
		}
	}

	db, err := duck.Open("100MB", 1, "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(t.Context(), "SELECT object, coalesce(more, ''), coalesce(object_sent, ''), coalesce(more_sent, '') FROM read_parquet(?) ORDER BY seq", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var inDuckDB [][4]string
	for rows.Next() {
		var object, more string
		var objectSent, moreSent []byte
		if err := rows.Scan(&object, &more, &objectSent, &moreSent); err != nil {
			t.Fatal(err)
		}
		inDuckDB = append(inDuckDB, [4]string{object, more, string(objectSent), string(moreSent)})
	}
	if diff := cmp.Diff(want, inDuckDB); rows.Err() != nil || diff != "" {
		t.Errorf("read by DuckDB: %v\n%s", rows.Err(), diff)
	}

	type row struct {
		Object     string  `parquet:"object"`
		More       *string `parquet:"more,optional"`
		ObjectSent *[]byte `parquet:"object_sent,optional"`
		MoreSent   *[]byte `parquet:"more_sent,optional"`
	}
	plain, err := parquet.ReadFile[row](path)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range plain {
		if (r.ObjectSent != nil) != (want[i][2] != "") || (r.MoreSent != nil) != (want[i][3] != "") || r.Object != want[i][0] {
			t.Errorf("row %d read by a Go reader: %+v", i, r)
		}
	}
}

// An older program reports a segment with received bytes as one of a newer version, and
// reads all others.
func TestSegmentFormat(t *testing.T) {
	t.Parallel()
	for objects, want := range map[*[]Raw]string{new(brokenBytes): "2", new(brokenBytes[1:2]): "1"} {
		dir := t.TempDir()
		g := openLog(t, dir, trace.Trace{})
		defer g.Close()
		if _, err := g.Append(t.Context(), "charge", append([]Raw(nil), *objects...), "c"); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(SegmentPath(filepath.Join(dir, lakedir.RawDir, testAccount, "charge"), 1, 1))
		if err != nil {
			t.Fatal(err)
		}
		file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		if format, _ := file.Lookup(keyFormat); format != want {
			t.Errorf("%d objects are in a segment of format %s, want %s", len(*objects), format, want)
		}
	}
}

// rowBefore is a row without the columns for received bytes, as segments had it before.
type rowBefore struct {
	Seq        int64  `parquet:"seq,delta"`
	ID         string `parquet:"id"`
	Created    *int64 `parquet:"created,optional,timestamp(microsecond:local)"`
	ObservedAt int64  `parquet:"observed_at,timestamp(microsecond:local)"`
	Origin     string `parquet:"origin,dict"`
	Deleted    bool   `parquet:"deleted"`
	Livemode   *bool  `parquet:"livemode,optional"`
	APIVersion string `parquet:"api_version,dict"`
	RequestID  string `parquet:"request_id,dict"`
	Object     []byte `parquet:"object,string"`
	More       []byte `parquet:"more,optional,string"`
}

// A segment of that earlier format reads as it was written, broken bytes too.
func TestSegmentWithoutSentBytes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	folder := filepath.Join(dir, lakedir.RawDir, testAccount, "charge")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	var rows []rowBefore
	var sum xxh3.Hasher
	for _, o := range brokenBytes {
		before := rowBefore{Seq: int64(o.Seq), ID: o.ID, ObservedAt: o.ObservedAt.UnixMicro(), Origin: o.Origin, Object: o.Object, More: o.More}
		(&rawRow{Seq: before.Seq, ID: before.ID, ObservedAt: before.ObservedAt, Origin: before.Origin, Object: before.Object, More: before.More}).addTo(&sum)
		rows = append(rows, before)
	}
	err := parquet.WriteFile(SegmentPath(folder, 1, 1), rows, parquet.KeyValueMetadata(keyFormat, "1"), parquet.KeyValueMetadata(keyAccount, testAccount),
		parquet.KeyValueMetadata(keyStream, "charge"), parquet.KeyValueMetadata(keyFirstSeq, "1"), parquet.KeyValueMetadata(keyLastSeq, fmt.Sprint(len(rows))),
		parquet.KeyValueMetadata(keyCursor, "c"), parquet.KeyValueMetadata(keySum, strconv.FormatUint(sum.Sum64(), 16)))
	if err != nil {
		t.Fatal(err)
	}
	g := openLog(t, dir, trace.Trace{})
	defer g.Close()
	got, err := readAll(t.Context(), g, "charge", 0)
	if diff := cmp.Diff(brokenBytes, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}
