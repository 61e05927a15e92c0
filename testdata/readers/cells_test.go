package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
)

// segment is a raw segment's row, and what else parquet-go can write of the
// shapes that a lake holds.
type segment struct {
	Seq        int64   `parquet:"seq,delta"`
	ID         string  `parquet:"id"`
	Created    *int64  `parquet:"created,optional,timestamp(microsecond:local)"`
	ObservedAt int64   `parquet:"observed_at,timestamp(microsecond:local)"`
	Origin     string  `parquet:"origin,dict"`
	Deleted    bool    `parquet:"deleted"`
	Livemode   *bool   `parquet:"livemode,optional"`
	RequestID  *string `parquet:"request_id,optional,dict"`
	Object     []byte  `parquet:"object,string"`
	More       []byte  `parquet:"more,optional,string"`

	Amount   int64             `parquet:"amount,decimal(3:18)"`
	Rate     float64           `parquet:"rate"`
	Tags     []string          `parquet:"tags,list"`
	Metadata map[string]string `parquet:"metadata"`
	Address  *address          `parquet:"address,optional"`
}

type address struct {
	Country string  `parquet:"country"`
	Line    *string `parquet:"line,optional"`
}

func segments(n int) []segment {
	rows := make([]segment, n)
	for i := range rows {
		text := fmt.Sprint("req_", i)
		rows[i] = segment{
			Seq: int64(i), ID: fmt.Sprint("ch_", i), Object: fmt.Appendf(nil, `{"id": "ch_%d", "amount": 1.50}`, i),
			ObservedAt: 1_700_000_000_123_456 + int64(i), Origin: "list", Deleted: i%3 == 0,
			Amount: int64(i) - 7, Rate: float64(i) / 3,
		}
		for t := range i % 4 {
			rows[i].Tags = append(rows[i].Tags, fmt.Sprint("tag ", t))
		}
		if i%2 == 0 {
			rows[i].Created, rows[i].Livemode, rows[i].RequestID = &rows[i].ObservedAt, &rows[i].Deleted, &text
			rows[i].More = []byte(`{"items": []}`)
			rows[i].Address = &address{Country: "DE"}
			rows[i].Metadata = map[string]string{"order_id": text}
		}
	}
	return rows
}

// write makes a file of several row groups, each of several pages.
func write(t *testing.T, rows []segment, options ...parquet.WriterOption) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rows.parquet")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	options = append(options, parquet.PageBufferSize(2048), parquet.MaxRowsPerRowGroup(2000),
		parquet.KeyValueMetadata("cursor", `{"v":1}`))
	w := parquet.NewGenericWriter[segment](f, options...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestParquetGoFiles(t *testing.T) {
	rows := segments(5000)
	for _, codec := range []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Zstd} {
		for version := 1; version <= 2; version++ {
			t.Run(fmt.Sprint(codec, " page v", version), func(t *testing.T) {
				path := write(t, rows, parquet.Compression(codec), parquet.DataPageVersion(version))
				counted, differences, err := compare(path, path)
				if err != nil || len(differences) > 0 {
					t.Fatalf("compare: %v, %v", differences, err)
				}
				if counted.rows != int64(len(rows)) || counted.cells < 17*counted.rows {
					t.Errorf("compared %+v, want %d rows of 17 columns or more", counted, len(rows))
				}
			})
		}
	}
}

// duckDBCells are columns of testdata/duckdb.parquet as its SQL states them.
var duckDBCells = map[string][]any{
	"account":                   {"acct_1", "acct_1", "acct_ü"},
	"_seq":                      {int64(1), int64(2), int64(3)},
	"amount":                    {"12.345", "-0.001", nil},
	"exact":                     {"0.123456789012", "-99999999999999999999999999.999999999999", nil},
	"created":                   {int64(1704164645678901), int64(-1), nil},
	"day":                       {int64(19782), int64(-25567), nil},
	"address.country":           {"DE", nil, nil},
	"address.line":              {nil, nil, "Straße 1"},
	"numbers.list.element":      {int64(1), nil, int64(3), nil, nil},
	"metadata.key_value.key":    {"order_id", "empty", nil, nil},
	"metadata.key_value.value":  {"A-1", nil, nil, nil},
	"raw":                       {`{"a": [1, 2.50]}`, "null", nil},
	"live":                      {true, false, nil},
	"tries":                     {int64(7), int64(-1), nil},
	"items.list.element.amount": {"1.500", nil, nil},
}

func TestDuckDBFile(t *testing.T) {
	path := filepath.Join("testdata", "duckdb.parquet")
	if _, differences, err := compare(path, path); err != nil || len(differences) > 0 {
		t.Fatalf("compare: %v, %v", differences, err)
	}
	x, err := openXitongsys(path)
	if err != nil {
		t.Fatal(err)
	}
	defer x.close()
	p, err := openParquetGo(path)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	checked := 0
	for i, l := range p.leaves {
		want, ok := duckDBCells[l.path]
		if !ok {
			continue
		}
		checked++
		if got := values(t, x.column(i).next); !slices.Equal(got, want) {
			t.Errorf("%s: xitongsys has %q, want %q", l.path, got, want)
		}
		if got := values(t, p.column(i).next); !slices.Equal(got, want) {
			t.Errorf("%s: parquet-go has %q, want %q", l.path, got, want)
		}
	}
	if checked != len(duckDBCells) {
		t.Errorf("checked %d columns, want %d", checked, len(duckDBCells))
	}
}

func values(t *testing.T, next func() (cell, error)) []any {
	t.Helper()
	var out []any
	for {
		c, err := next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, c.value)
	}
}

// A comparison that cannot fail proves nothing: each change of one row of one
// of the two files must show, with its row and column.
func TestDifferenceIsSeen(t *testing.T) {
	const row = 3001
	tests := []struct {
		column string
		change func(*segment)
		want   string
	}{
		{"amount", func(s *segment) { s.Amount++ }, `xitongsys has "2.994" at levels 0/0, parquet-go has "2.995" at levels 0/0`},
		{"object", func(s *segment) { s.Object = []byte(`{}`) }, `parquet-go has "{}" at`},
		{"observed_at", func(s *segment) { s.ObservedAt++ }, "1700000000126457 at levels 0/0, parquet-go has 1700000000126458 at"},
		{"deleted", func(s *segment) { s.Deleted = true }, "xitongsys has false"},
		{"livemode", func(s *segment) { s.Livemode = new(bool) }, "xitongsys has null at levels 0/0, parquet-go has false at levels 0/1"},
		{"request_id", func(s *segment) { s.RequestID = new(string) }, `xitongsys has null at levels 0/0, parquet-go has "" at levels 0/1`},
		{"rate", func(s *segment) { s.Rate = 0.5 }, "parquet-go has 0.5"},
		{"tags.list.element", func(s *segment) { s.Tags[0] = "other" }, `"tag 0" at levels 0/1, parquet-go has "other"`},
		{"metadata.key_value.key", func(s *segment) { s.Metadata = map[string]string{"k": "v"} }, `xitongsys has null at levels 0/0, parquet-go has "k"`},
	}
	rows := segments(5000)
	original := write(t, rows)
	for _, tt := range tests {
		t.Run(tt.column, func(t *testing.T) {
			changed := segments(5000)
			tt.change(&changed[row])
			_, differences, err := compare(original, write(t, changed))
			if err != nil {
				t.Fatal(err)
			}
			if len(differences) == 0 {
				t.Fatal("not seen")
			}
			if d := differences[0]; d.row != row || d.column != tt.column || !strings.Contains(d.String(), tt.want) {
				t.Errorf("got %q, want row %d, column %s, %q", d, row, tt.column, tt.want)
			}
		})
	}
	t.Run("row missing", func(t *testing.T) {
		if _, _, err := compare(original, write(t, rows[1:])); err == nil || !strings.Contains(err.Error(), "rows") {
			t.Errorf("got %v, want the row counts", err)
		}
	})
	t.Run("list longer", func(t *testing.T) {
		changed := segments(5000)
		changed[len(changed)-1].Tags = append(changed[len(changed)-1].Tags, "one more")
		if _, _, err := compare(original, write(t, changed)); !errors.Is(err, io.EOF) {
			t.Errorf("got %v, want the end of the shorter column", err)
		}
	})
	t.Run("cursor", func(t *testing.T) {
		changed := write(t, rows, parquet.KeyValueMetadata("more", "x"))
		if _, _, err := compare(original, changed); err == nil || !strings.Contains(err.Error(), "metadata") {
			t.Errorf("got %v, want the key-value metadata", err)
		}
	})
}

// The same integers at another scale are other amounts.
func TestSchemaDifferenceIsSeen(t *testing.T) {
	var paths []string
	for _, scale := range []int{2, 3} {
		path := filepath.Join(t.TempDir(), "amounts.parquet")
		schema := parquet.NewSchema("amounts", parquet.Group{"amount": parquet.Decimal(scale, 18, parquet.Int64Type)})
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		w := parquet.NewWriter(f, schema)
		if _, err := w.WriteRows([]parquet.Row{{parquet.Int64Value(1234)}}); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Close(), f.Close()); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	want := "xitongsys has amount INT64(64) converted=5 decimal(18,2) levels=0/0, parquet-go has amount INT64(64) converted=5 decimal(18,3)"
	if _, _, err := compare(paths[0], paths[1]); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestDamagedFile(t *testing.T) {
	whole, err := os.ReadFile(write(t, segments(500)))
	if err != nil {
		t.Fatal(err)
	}
	blank := slices.Clone(whole)
	clear(blank[len(blank)/3 : len(blank)/2])
	for name, content := range map[string][]byte{"torn": whole[:len(whole)/2], "empty": nil, "pages lost": blank} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "damaged.parquet")
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, differences, err := compare(path, path); err == nil && len(differences) == 0 {
				t.Error("the readers agree on a damaged file")
			}
		})
	}
}

// A lake's current is a link; an empty or missing half is an error.
func TestCompareFiles(t *testing.T) {
	lake := t.TempDir()
	generation := filepath.Join(lake, ".state", "generations", "000001")
	put := func(dir string) {
		t.Helper()
		content, err := os.ReadFile(filepath.Join("testdata", "duckdb.parquet"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "part-00.parquet"), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(filepath.Join(lake, "raw", "acct_1", "charges"))
	if err := compareFiles(lake, io.Discard); err == nil {
		t.Error("a lake without current passes")
	}
	if err := os.MkdirAll(generation, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(generation, filepath.Join(lake, "current")); err != nil {
		t.Fatal(err)
	}
	if err := compareFiles(lake, io.Discard); err == nil {
		t.Error("a generation without files passes")
	}
	put(filepath.Join(generation, "charges", "acct=acct_1", "created_month=2024-01"))
	var out strings.Builder
	if err := compareFiles(lake, &out); err != nil {
		t.Fatal(err)
	}
	if want := "2 files, 6 rows, 110 cells: both readers in Go agree\n"; out.String() != want {
		t.Errorf("got %q, want %q", &out, want)
	}
}
