package duck

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

// Kind is the type of a plain value in RowSource.
type Kind = duckdb.Type

// The kinds.
const (
	KindText   = duckdb.TYPE_VARCHAR
	KindBigint = duckdb.TYPE_BIGINT
	KindHash   = duckdb.TYPE_UBIGINT
	KindTime   = duckdb.TYPE_TIMESTAMP
	KindBool   = duckdb.TYPE_BOOLEAN
)

// RowSource makes a source of n rows of plain values. row returns row i. The columns
// are named c0, c1, ….
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
					v = strings.ToValidUTF8(s, "\uFFFD") // DuckDB would store NULL for invalid UTF-8
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

// NullText returns a text, or nil (NULL) for an empty one.
func NullText[T string | []byte](text T) any {
	if len(text) == 0 {
		return nil
	}
	return string(text)
}

// NullTime returns a time in UTC, or nil (NULL) for the zero time.
func NullTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC()
}

// Insert inserts n rows of plain values into a table, all in one statement. q is a
// session in which the feed is registered; row and kinds are as in [RowSource].
func (f *Feed) Insert(ctx context.Context, q Session, table string, n int, row func(int) []any, kinds ...Kind) error {
	if n == 0 {
		return nil
	}
	src, err := RowSource(n, row, kinds...)
	if err != nil {
		return err
	}
	id, done := f.Offer(src)
	defer done()
	_, err = q.Exec(ctx, fmt.Sprintf("INSERT INTO %s FROM %s(%d)", table, FeedName, id))
	return err
}
