package load

import (
	"context"
	"fmt"
)

// removeOld removes the rows that older versions made. An object that is new
// to the state has none, and a backfill has only new ones: then the table is
// not even scanned.
func (m *merge) removeOld(ctx context.Context, t *table) error {
	known, err := m.count(ctx, "FROM newest WHERE known_seq > 0 AND full_seq IS NOT NULL")
	if err != nil || known == 0 {
		return err
	}
	name := ident(t.Schema.Table)
	_, err = m.exec(ctx, fmt.Sprintf(`CREATE OR REPLACE TEMP TABLE gone AS
		SELECT t.rowid AS row, %s AS partition, %s AS bucket
		FROM %s t JOIN newest n ON n.id = t._source_id
		WHERE t.account = ? AND n.full_seq IS NOT NULL AND t._seq <= n.full_seq`,
		t.period.label("t."), bucketOf("t."), name), m.key.account)
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
	deleted, err := m.exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE rowid IN (SELECT row FROM gone)", name))
	if err == nil && deleted != gone {
		err = fmt.Errorf("%d of %d old rows removed", deleted, gone)
	}
	return err
}

// insertNew adds the rows of the newest full versions and checks their number
// (Invariant 3).
func (m *merge) insertNew(ctx context.Context, t *table) error {
	join := fmt.Sprintf("FROM %s s JOIN newest n ON n.id = s._source_id AND n.full_seq = s._seq", t.stage())
	want, err := m.count(ctx, fmt.Sprintf(
		"FROM %s s WHERE EXISTS (FROM newest n WHERE n.id = s._source_id AND n.full_seq = s._seq)", t.stage()))
	if err != nil || want == 0 {
		return err
	}
	if err := m.markDirty(ctx, t, fmt.Sprintf("SELECT %s, %s %s", t.period.label("s."), bucketOf("s."), join)); err != nil {
		return err
	}
	inserted, err := m.exec(ctx, fmt.Sprintf("INSERT INTO %s SELECT s.* %s", ident(t.Schema.Table), join))
	if err == nil && inserted != want {
		err = fmt.Errorf("%d of %d rows inserted", inserted, want)
	}
	m.applied.Rows += inserted
	return err
}

// markDirty notes which parts of a table's partitions are no longer as published.
func (m *merge) markDirty(ctx context.Context, t *table, partitionsAndBuckets string, args ...any) error {
	_, err := m.exec(ctx, fmt.Sprintf(`INSERT INTO state.dirty
		SELECT DISTINCT %s, %s, p.*, (SELECT revision + 1 FROM state.info) FROM (%s) p`,
		literal(t.Schema.Table), literal(m.key.account), partitionsAndBuckets), args...)
	return err
}
