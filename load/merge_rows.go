package load

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/duck"
)

// removeOld removes the rows of older versions. An object that is new to the state has
// none, and a backfill has only new ones: then DuckDB does not even scan the table.
// Other rows are found by the seq of the object's known version, which its rows have,
// even for a tombstone. Rows that were read together lie together, and DuckDB skips the
// row groups of all other seqs.
func (m *merge) removeOld(ctx context.Context, t *TableLayout) error {
	if m.found == 0 {
		return nil
	}
	known, err := m.count(ctx, "FROM newest WHERE known_seq > 0 AND full_seq IS NOT NULL")
	if err != nil || known == 0 {
		return err
	}
	if !t.KeyIsID {
		_, err := m.db.Exec(ctx, fmt.Sprintf(`DELETE FROM %s AS t USING newest n
			WHERE t.account = ? AND n.known_seq = t._seq AND n.id = t._source_id AND n.full_seq IS NOT NULL`, HeldTable(t.Schema)), m.key.Account)
		if err != nil {
			return err
		}
	}
	name := sqltext.Ident(t.Schema.Table)
	_, err = m.db.Exec(ctx, fmt.Sprintf(`CREATE OR REPLACE TEMP TABLE gone AS
		SELECT t.rowid AS row, %s AS partition, %s AS bucket
		FROM %s t JOIN newest n ON n.known_seq = t._seq AND n.id = t._source_id
		WHERE t.account = ? AND n.full_seq IS NOT NULL`,
		t.Period.label("t."), t.Period.bucket("t."), name), m.key.Account)
	if err != nil {
		return err
	}
	gone, err := m.count(ctx, "FROM gone")
	if err != nil || gone == 0 {
		return err
	}
	if err := m.markDirty(ctx, t, "SELECT partition, bucket FROM gone"); err != nil {
		return err
	}
	deleted, err := m.db.Exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE rowid IN (SELECT row FROM gone)", name))
	if err == nil && deleted != gone {
		err = fmt.Errorf("%d of %d old rows removed", deleted, gone)
	}
	return err
}

// insertNew adds the rows of the newest full versions and checks their number
// (Invariant 3). DuckDB reads them in place, twice: first only the columns that
// determine which parts become dirty.
func (m *merge) insertNew(ctx context.Context, t *TableLayout) error {
	keys := []string{"_source_id", "_seq"}
	if t.Period.column != "" {
		keys = append(keys, t.Period.column)
	}
	narrow, err1 := t.SourceOfColumns(m.staged[t], keys...)
	whole, err2 := t.SourceOf(m.staged[t])
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	n, done := m.feed.Offer(narrow)
	defer done()
	w, done := m.feed.Offer(whole)
	defer done()
	want, from := int64(whole.Rows()), fmt.Sprintf("FROM %s(%d) s%s", duck.FeedName, n, m.onlyNewest(keys[0], keys[1]))
	if !m.allNewest() {
		var err error
		if want, err = m.count(ctx, from); err != nil || want == 0 {
			return err
		}
	}
	if err := m.markDirty(ctx, t, fmt.Sprintf("SELECT %s, %s %s", t.Period.label("s."), t.Period.bucket("s."), from)); err != nil {
		return err
	}
	inserted, err := m.db.Exec(ctx, fmt.Sprintf("INSERT INTO %s SELECT %s FROM %s(%d) s%s", sqltext.Ident(t.Schema.Table),
		strings.Join(t.Exprs, ", "), duck.FeedName, w, m.onlyNewest(t.FeedColumn(keys[0]), t.FeedColumn(keys[1]))))
	if err == nil && inserted != want {
		err = fmt.Errorf("%d of %d rows inserted", inserted, want)
	}
	m.applied.Rows += inserted
	return err
}

// allNewest reports whether every staged version is the newest of its object, as in a
// backfill. Then all staged rows are current.
func (m *merge) allNewest() bool { return m.applied.Objects == int64(len(m.versions)) }

// onlyNewest returns the SQL that restricts staged rows s to those of the newest full
// versions. id and seq are the names of their columns.
func (m *merge) onlyNewest(id, seq string) string {
	if m.allNewest() {
		return ""
	}
	return fmt.Sprintf(" SEMI JOIN newest n ON n.id = s.%s AND n.full_seq = s.%s", id, seq)
}

// markDirty records the buckets of a table's partitions that differ from the published
// ones.
func (m *merge) markDirty(ctx context.Context, t *TableLayout, partitionsAndBuckets string, args ...any) error {
	_, err := m.db.Exec(ctx, fmt.Sprintf(`INSERT INTO state.dirty
		SELECT DISTINCT %s, %s, p.*, (SELECT revision + 1 FROM state.info) FROM (%s) p`,
		sqltext.Literal(t.Schema.Table), sqltext.Literal(m.key.Account), partitionsAndBuckets), args...)
	return err
}
