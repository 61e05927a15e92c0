package load

import (
	"context"
	"fmt"
	"slices"

	"github.com/stripelake/stripelake/internal/sqltext"
)

// markDeleted marks the last rows of every object whose newest version is a tombstone.
// An object without a full version has no rows: it becomes a reject of the stream's
// main table, so that every object is counted (Invariant 3).
func (m *merge) markDeleted(ctx context.Context) error {
	if m.others.deleted == 0 {
		return nil
	}
	deleted, err := m.count(ctx, "FROM newest WHERE deleted")
	if err != nil || deleted == 0 {
		return err
	}
	m.applied.Deleted = deleted
	for _, t := range m.tables {
		if !slices.Contains(t.Streams, m.key.Stream) {
			continue
		}
		const which = `t.account = ? AND t._source_id = n.id AND n.deleted AND t._seq = coalesce(n.full_seq, n.known_seq)`
		err := m.markDirty(ctx, t, fmt.Sprintf("SELECT %s, %s FROM %s t, newest n WHERE %s",
			t.Period.label("t."), t.Period.bucket("t."), sqltext.Ident(t.Schema.Table), which), m.key.Account)
		if err != nil {
			return err
		}
		names := []string{sqltext.Ident(t.Schema.Table)}
		if !t.KeyIsID {
			names = append(names, HeldTable(t.Schema))
		}
		for _, name := range names {
			_, err = m.db.Exec(ctx, fmt.Sprintf(`UPDATE %s AS t SET deleted = true, deleted_seen_at = n.observed_at, _seq = n.seq
				FROM newest n WHERE %s`, name, which), m.key.Account)
			if err != nil {
				return fmt.Errorf("table %s: %w", t.Schema.Table, err)
			}
		}
	}
	return m.rejectUnseen(ctx)
}

func (m *merge) rejectUnseen(ctx context.Context) error {
	i := slices.IndexFunc(m.tables, func(t *TableLayout) bool { return t.Main == m.key.Stream })
	if i < 0 {
		return nil
	}
	_, err := m.db.Exec(ctx, `DELETE FROM meta.rejects r USING newest n
		WHERE r.account = ? AND r.stream = ? AND r.id = n.id AND n.deleted AND NOT n.seen`,
		m.key.Account, m.key.Stream)
	if err != nil {
		return err
	}
	n, err := m.db.Exec(ctx, `INSERT INTO meta.rejects
		SELECT ?, ?, id, seq, (SELECT arg_max(v.segment, v.seq) FROM versions v WHERE v.id = n.id),
			?, NULL, 'deleted', 'deleted, never seen', NULL, observed_at, observed_at, NULL, NULL
		FROM newest n WHERE deleted AND NOT seen`,
		m.key.Account, m.key.Stream, m.tables[i].Schema.Table)
	m.applied.Rejects += n
	return err
}
