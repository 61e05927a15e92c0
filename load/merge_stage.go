package load

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/trace"
)

// The temporary tables of a merge.
var stagingTables = []string{
	"CREATE TEMP TABLE versions (id VARCHAR, seq BIGINT, hash UBIGINT, created TIMESTAMP, observed_at TIMESTAMP, deleted BOOLEAN, segment BIGINT, due TIMESTAMP, api_version VARCHAR)",
	"CREATE TEMP TABLE new_rejects (id VARCHAR, seq BIGINT, segment BIGINT, \"table\" VARCHAR, field VARCHAR, rule VARCHAR, reason VARCHAR, mapping VARCHAR, first_seen TIMESTAMP, last_seen TIMESTAMP, object VARCHAR, example VARCHAR)",
	"CREATE TEMP TABLE new_lists (id VARCHAR, seq BIGINT, list VARCHAR)",
	"CREATE TEMP TABLE new_named (stream VARCHAR, id VARCHAR)",
	"CREATE TEMP TABLE new_disputes (dispute_id VARCHAR, charge_id VARCHAR)",
}

// stage reads every batch. It keeps rows in memory, until DuckDB knows which of them
// are the newest and reads them; it writes the rest to temporary tables.
func (m *merge) stage(ctx context.Context, batches iter.Seq2[Batch, error]) error {
	if err := m.db.RunTogether(ctx, stagingTables...); err != nil {
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
		trace.Hit(m.lake.opts.Trace.BatchStaged)
	}
	return m.stageValues(ctx, "versions", len(m.versions), func(i int) []any {
		o := m.versions[i]
		return []any{o.ID, int64(o.Seq), o.Hash, duck.NullTime(o.Created), duck.NullTime(o.ObservedAt), o.Deleted, int64(o.Segment), duck.NullTime(o.Due), duck.NullText(o.OtherVersion)}
	}, duck.KindText, duck.KindBigint, duck.KindHash, duck.KindTime, duck.KindTime, duck.KindBool, duck.KindBigint, duck.KindTime, duck.KindText)
}

func (m *merge) stageBatch(ctx context.Context, b Batch) error {
	var rejects []Reject
	var lists, named, disputes [][]any
	for _, o := range b.Objects {
		if o.Deleted {
			m.others.deleted++
		}
		for _, n := range o.Names {
			named = append(named, []any{n.Stream, n.ID})
		}
		if o.Disputed != (Disputed{}) {
			disputes = append(disputes, []any{o.Disputed.Dispute, o.Disputed.Charge})
		}
		for _, list := range o.Incomplete {
			lists = append(lists, []any{o.ID, int64(o.Seq), list})
		}
	}
	for _, rows := range b.Tables {
		rejects = append(rejects, rows.Rejects...)
		if rows.Rows == nil || rows.Rows.NumRows() == 0 {
			continue
		}
		repeated, err := m.stageRows(rows, b.Objects)
		if err != nil {
			return err
		}
		rejects = append(rejects, repeated...)
	}
	m.rejects += int64(len(rejects))
	m.others.lists += len(lists)
	m.others.named += len(named)
	m.others.disputes += len(disputes)
	m.versions = append(m.versions, b.Objects...)
	m.drift = append(m.drift, b.Drift...)
	for kind, n := range b.Unfollowed {
		if m.unfollowed == nil {
			m.unfollowed = map[string]int64{}
		}
		m.unfollowed[kind] += n
	}
	return errors.Join(
		m.stageValues(ctx, "new_rejects", len(rejects), func(i int) []any {
			r := rejects[i]
			return []any{
				r.ID, int64(r.Seq), int64(r.Segment), r.Table, r.Field, r.Rule, r.Reason, r.Mapping,
				duck.NullTime(r.ObservedAt), duck.NullTime(r.ObservedAt), duck.NullText(r.Object), duck.NullText(r.Example),
			}
		}, duck.KindText, duck.KindBigint, duck.KindBigint, duck.KindText, duck.KindText, duck.KindText, duck.KindText, duck.KindText, duck.KindTime, duck.KindTime, duck.KindText, duck.KindText),
		m.stageValues(ctx, "new_lists", len(lists), func(i int) []any { return lists[i] },
			duck.KindText, duck.KindBigint, duck.KindText),
		m.stageValues(ctx, "new_named", len(named), func(i int) []any { return named[i] }, duck.KindText, duck.KindText),
		m.stageValues(ctx, "new_disputes", len(disputes), func(i int) []any { return disputes[i] }, duck.KindText, duck.KindText))
}

// stageRows keeps the rows of one table until release, and returns rejects for those
// with a repeated key.
func (m *merge) stageRows(rows TableRows, objects []ObjectVersion) ([]Reject, error) {
	i := slices.IndexFunc(m.tables, func(t *TableLayout) bool { return t.Schema.Table == rows.Schema.Table })
	if i < 0 || !slices.Contains(m.tables[i].Streams, m.key.Stream) {
		return nil, fmt.Errorf("table %s is not fed by %s", rows.Schema.Table, m.key.Stream)
	}
	t := m.tables[i]
	kept, rejects, err := t.withoutRepeated(rows.Rows)
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", t.Schema.Table, err)
	}
	m.staged[t] = append(m.staged[t], kept...)
	for i := range rejects {
		r := &rejects[i]
		if of := slices.IndexFunc(objects, func(o ObjectVersion) bool { return o.Seq == r.Seq }); of >= 0 {
			r.Segment, r.ObservedAt = objects[of].Segment, objects[of].ObservedAt
		}
	}
	return rejects, nil
}

// release releases the staged rows.
func (m *merge) release() {
	for _, batches := range m.staged {
		for _, rows := range batches {
			rows.Release()
		}
	}
}

// stageValues inserts n rows of plain values into a temporary table.
func (m *merge) stageValues(ctx context.Context, table string, n int, row func(int) []any, kinds ...duck.Kind) error {
	return m.feed.Insert(ctx, m.db.Session, "temp."+table, n, row, kinds...)
}
