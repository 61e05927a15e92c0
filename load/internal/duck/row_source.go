package duck

import (
	"fmt"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

// Kind is the type of plain values that RowSource takes.
type Kind = duckdb.Type

// The kinds that there are.
const (
	KindText   = duckdb.TYPE_VARCHAR
	KindBigint = duckdb.TYPE_BIGINT
	KindHash   = duckdb.TYPE_UBIGINT
	KindTime   = duckdb.TYPE_TIMESTAMP
	KindBool   = duckdb.TYPE_BOOLEAN
)

// RowSource lets DuckDB read n rows of plain values through the feed, as
// columns c0, c1, ….
func RowSource(n int, row func(int) []any, kinds ...Kind) (*Source, error) {
	src := &Source{}
	for i, k := range kinds {
		info, err := duckdb.NewTypeInfo(k)
		if err != nil {
			return nil, err
		}
		src.columns = append(src.columns, duckdb.ColumnInfo{Name: fmt.Sprintf("c%d", i), T: info})
	}
	src.pieces = []piece{{n, func(chunk duckdb.DataChunk, from, n int) error {
		for i := range n {
			for col, v := range row(from + i) {
				if s, ok := v.(string); ok {
					v = strings.ToValidUTF8(s, "\uFFFD") // or DuckDB makes it NULL
				}
				if err := chunk.SetValue(col, i, v); err != nil {
					return err
				}
			}
		}
		return nil
	}}}
	return src, nil
}

// NullText is a text, or NULL in the place of an empty one.
func NullText[T string | []byte](text T) any {
	if len(text) == 0 {
		return nil
	}
	return string(text)
}

// NullTime is a time in UTC, or NULL in the place of none.
func NullTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC()
}
