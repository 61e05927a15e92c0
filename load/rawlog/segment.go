package rawlog

import (
	"encoding/binary"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/zeebo/xxh3"
)

// rawRow is a Raw as a Parquet row. Analysts may query segments directly, so the names
// and types of its columns are part of the lake's format.
type rawRow struct {
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
	ObjectSent []byte `parquet:"object_sent,optional"` // as received, where that is not UTF-8 and Object has U+FFFD instead
	MoreSent   []byte `parquet:"more_sent,optional"`   // the same for More
	LeftOut    *int64 `parquet:"left_out_bytes,optional"`
}

// The formats of a segment. A row of formatSent may have the received bytes as well as
// their text. A row of formatLeftOut may be a stub of a larger object. An older program
// does not know those columns and would report damage.
const (
	formatUTF8    = 1
	formatSent    = 2
	formatLeftOut = 3
)

// rowGroupBytes is the size of a row group in bytes of raw JSON. The writer and a
// reader hold one row group in memory, whatever the size of the segment.
const rowGroupBytes = 4 << 20

// writeSegment writes objects and footer as one Parquet file to w.
func writeSegment(w io.Writer, foot Footer, objects []Raw) error {
	pw := parquet.NewGenericWriter[rawRow](w, append(withoutBounds("object", "more", "object_sent", "more_sent"),
		parquet.Compression(segmentCodec()),
		parquet.KeyValueMetadata(keyAccount, foot.Account),
		parquet.KeyValueMetadata(keyStream, foot.Stream),
		parquet.KeyValueMetadata(keyFirstSeq, strconv.FormatUint(foot.FirstSeq, 10)),
		parquet.KeyValueMetadata(keyLastSeq, strconv.FormatUint(foot.LastSeq, 10)),
		parquet.KeyValueMetadata(keyCursor, foot.Cursor))...)
	if foot.Forgotten > 0 {
		pw.SetKeyValueMetadata(keyForgot, strconv.FormatUint(foot.Forgotten, 10))
	}
	if foot.Lost > 0 {
		pw.SetKeyValueMetadata(keyLost, strconv.FormatUint(foot.Lost, 10))
	}
	var sum xxh3.Hasher
	size, format := 0, formatUTF8
	for i := range objects {
		row := objects[i].row()
		row.addTo(&sum)
		format = max(format, row.format())
		if _, err := pw.Write([]rawRow{row}); err != nil {
			return err
		}
		if size += row.bytes(); size >= rowGroupBytes {
			if err := pw.Flush(); err != nil {
				return err
			}
			size = 0
		}
	}
	pw.SetKeyValueMetadata(keyFormat, strconv.Itoa(format))
	pw.SetKeyValueMetadata(keySum, strconv.FormatUint(sum.Sum64(), 16))
	return pw.Close()
}

// withoutBounds keeps the least and the greatest value of columns out of the index, and
// out of each page's header, which would have both twice and not compressed. Nobody looks
// for a range of objects.
func withoutBounds(columns ...string) (options []parquet.WriterOption) {
	for _, column := range columns {
		options = append(options, parquet.SkipPageBounds(column), parquet.SkipPageStatistics(column))
	}
	return options
}

// addTo adds a row to the checksum of its segment.
func (r *rawRow) addTo(sum *xxh3.Hasher) {
	var created int64
	livemode := ""
	if r.Created != nil {
		created = *r.Created
	}
	if r.Livemode != nil {
		livemode = strconv.FormatBool(*r.Livemode)
	}
	for _, n := range []int64{r.Seq, created, r.ObservedAt, int64(len(r.Object)), int64(len(r.More))} {
		_, _ = sum.Write(binary.LittleEndian.AppendUint64(nil, uint64(n)))
	}
	for _, s := range []string{r.ID, r.Origin, r.APIVersion, r.RequestID, livemode, strconv.FormatBool(r.Deleted)} {
		_, _ = sum.WriteString(s)
		_, _ = sum.Write([]byte{0})
	}
	_, _ = sum.Write(r.Object)
	_, _ = sum.Write(r.More)
	for _, sent := range [][]byte{r.ObjectSent, r.MoreSent} {
		if sent != nil { // a row without these columns keeps the checksum that it had before they existed
			_, _ = sum.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(sent))))
			_, _ = sum.Write(sent)
		}
	}
	if r.LeftOut != nil {
		_, _ = sum.WriteString("left out")
		_, _ = sum.Write(binary.LittleEndian.AppendUint64(nil, uint64(*r.LeftOut)))
	}
}

func (r *rawRow) format() int {
	switch {
	case r.LeftOut != nil:
		return formatLeftOut
	case r.ObjectSent != nil || r.MoreSent != nil:
		return formatSent
	}
	return formatUTF8
}

func (r *rawRow) bytes() int {
	return len(r.Object) + len(r.More) + len(r.ObjectSent) + len(r.MoreSent)
}

// asUTF8 returns the received bytes as UTF-8, with U+FFFD for each invalid byte. sent
// has the received bytes if that changed any, else nil. Readers other than ours, such
// as DuckDB, refuse a whole segment for one text that is not UTF-8.
func asUTF8(received []byte) (valid, sent []byte) {
	if utf8.Valid(received) {
		return received, nil
	}
	return []byte(string([]rune(string(received)))), received
}

func (r *Raw) row() rawRow {
	row := rawRow{
		Seq: int64(r.Seq), ID: r.ID, ObservedAt: r.ObservedAt.UnixMicro(), Origin: r.Origin,
		Deleted: r.Deleted, Livemode: r.Livemode, APIVersion: r.APIVersion, RequestID: r.RequestID,
	}
	row.Object, row.ObjectSent = asUTF8(r.Object)
	row.More, row.MoreSent = asUTF8(r.More)
	if !r.Created.IsZero() {
		row.Created = new(r.Created.UnixMicro())
	}
	if r.LeftOut > 0 {
		row.LeftOut = new(r.LeftOut)
	}
	return row
}

func (r *rawRow) raw() Raw {
	raw := Raw{
		Seq: uint64(r.Seq), ID: r.ID, ObservedAt: time.UnixMicro(r.ObservedAt).UTC(), Origin: r.Origin,
		Deleted: r.Deleted, Livemode: r.Livemode, APIVersion: r.APIVersion, RequestID: r.RequestID,
		Object: r.Object, More: r.More,
	}
	if r.ObjectSent != nil {
		raw.Object = r.ObjectSent
	}
	if r.MoreSent != nil {
		raw.More = r.MoreSent
	}
	if len(raw.More) == 0 {
		raw.More = nil // a changed byte of the schema can turn a missing text into an empty one
	}
	if r.Created != nil {
		raw.Created = time.UnixMicro(*r.Created).UTC()
	}
	if r.LeftOut != nil {
		raw.LeftOut = *r.LeftOut
	}
	return raw
}
