package load

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

// The temporary tables of a merge.
var stagingTables = []string{
	"CREATE TEMP TABLE versions (id VARCHAR, seq BIGINT, hash UBIGINT, created TIMESTAMP, observed_at TIMESTAMP, deleted BOOLEAN, segment BIGINT)",
	"CREATE TEMP TABLE new_rejects (id VARCHAR, seq BIGINT, segment BIGINT, \"table\" VARCHAR, field VARCHAR, rule VARCHAR, reason VARCHAR, mapping VARCHAR, first_seen TIMESTAMP, last_seen TIMESTAMP, object VARCHAR)",
	"CREATE TEMP TABLE new_lists (id VARCHAR, seq BIGINT, list VARCHAR)",
}

func (t *table) stage() string { return "temp." + ident("new:"+t.Schema.Table) }

// stage brings every batch into temporary tables.
func (m *merge) stage(ctx context.Context, batches iter.Seq2[Batch, error]) error {
	if err := m.run(ctx, stagingTables...); err != nil {
		return err
	}
	for b, err := range batches {
		if err != nil {
			return err
		}
		if err := m.stageBatch(ctx, b); err != nil {
			return err
		}
		m.upTo = max(m.upTo, b.UpTo)
		hit(m.lake.opts.Trace.BatchStaged)
	}
	return nil
}

func (m *merge) stageBatch(ctx context.Context, b Batch) error {
	var rejects []Reject
	var lists [][]any
	for _, o := range b.Objects {
		for _, list := range o.Incomplete {
			lists = append(lists, []any{o.ID, int64(o.Seq), list})
		}
	}
	for _, rows := range b.Tables {
		rejects = append(rejects, rows.Rejects...)
		if rows.Rows == nil || rows.Rows.NumRows() == 0 {
			continue
		}
		if err := m.stageRows(ctx, rows); err != nil {
			return err
		}
	}
	m.rejects += int64(len(rejects))
	m.drift = append(m.drift, b.Drift...)
	return errors.Join(
		m.stageValues(ctx, "versions", len(b.Objects), func(i int) []any {
			o := b.Objects[i]
			return []any{o.ID, int64(o.Seq), o.Hash, orNull(o.Created), orNull(o.ObservedAt), o.Deleted, int64(o.Segment)}
		}, kindText, kindBigint, kindHash, kindTime, kindTime, kindBool, kindBigint),
		m.stageValues(ctx, "new_rejects", len(rejects), func(i int) []any {
			r := rejects[i]
			return []any{
				r.ID, int64(r.Seq), int64(r.Segment), r.Table, r.Field, r.Rule, r.Reason, r.Mapping,
				orNull(r.ObservedAt), orNull(r.ObservedAt), orNone(r.Object),
			}
		}, kindText, kindBigint, kindBigint, kindText, kindText, kindText, kindText, kindText, kindTime, kindTime, kindText),
		m.stageValues(ctx, "new_lists", len(lists), func(i int) []any { return lists[i] },
			kindText, kindBigint, kindText))
}

// stageRows brings the rows of one table in, through the table's layout.
func (m *merge) stageRows(ctx context.Context, rows TableRows) error {
	i := slices.IndexFunc(m.tables, func(t *table) bool { return t.Schema.Table == rows.Schema.Table })
	if i < 0 || !slices.Contains(m.tables[i].Streams, m.key.stream) {
		return fmt.Errorf("table %s is not fed by %s", rows.Schema.Table, m.key.stream)
	}
	t := m.tables[i]
	src, err := t.source(rows.Rows)
	if err != nil {
		return fmt.Errorf("table %s: %w", t.Schema.Table, err)
	}
	if _, ok := m.staged[t]; !ok {
		if err := m.run(ctx, fmt.Sprintf("CREATE TEMP TABLE %s AS FROM %s LIMIT 0", t.stage()[len("temp."):], ident(t.Schema.Table))); err != nil {
			return err
		}
	}
	id, done := m.feed.offer(src)
	defer done()
	n, err := m.exec(ctx, fmt.Sprintf("INSERT INTO %s SELECT %s FROM %s(%d)",
		t.stage(), strings.Join(t.exprs, ", "), feedName, id))
	m.staged[t] += n
	if err == nil && n != rows.Rows.NumRows() {
		err = fmt.Errorf("table %s: %d of %d rows staged", t.Schema.Table, n, rows.Rows.NumRows())
	}
	return err
}

// stageValues brings rows of plain values in.
func (m *merge) stageValues(ctx context.Context, table string, n int, row func(int) []any, kinds ...duckdb.Type) error {
	if n == 0 {
		return nil
	}
	src, err := rowSource(n, row, kinds...)
	if err != nil {
		return err
	}
	id, done := m.feed.offer(src)
	defer done()
	_, err = m.exec(ctx, fmt.Sprintf("INSERT INTO temp.%s FROM %s(%d)", table, feedName, id))
	return err
}

// The kinds of plain values that rowSource takes.
const (
	kindText   = duckdb.TYPE_VARCHAR
	kindBigint = duckdb.TYPE_BIGINT
	kindHash   = duckdb.TYPE_UBIGINT
	kindTime   = duckdb.TYPE_TIMESTAMP
	kindBool   = duckdb.TYPE_BOOLEAN
)

// rowSource lets DuckDB read n rows of plain values through the feed, as
// columns c0, c1, ….
func rowSource(n int, row func(int) []any, kinds ...duckdb.Type) (*source, error) {
	src := &source{rows: n}
	for i, k := range kinds {
		info, err := duckdb.NewTypeInfo(k)
		if err != nil {
			return nil, err
		}
		src.columns = append(src.columns, duckdb.ColumnInfo{Name: fmt.Sprintf("c%d", i), T: info})
	}
	src.fill = func(chunk duckdb.DataChunk, from, n int) error {
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
	}
	return src, nil
}

func orNone(text []byte) any {
	if text == nil {
		return nil
	}
	return string(text)
}

func orNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC()
}
