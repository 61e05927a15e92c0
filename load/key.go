package load

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/schemas"
)

// In a table whose key is not the id of the row's object, two rows may have the same
// key. If one object made both, withoutRepeated rejects the later row. If two objects
// made them, the object that was created first keeps the key; among objects created at
// the same time, the one with the smaller id does. A deleted object comes after one
// that is not. Only the newest versions decide, so the order in which objects arrived
// does not matter (docs/adr/0034). The other row waits in a separate table, and is a
// reject as long as it waits.

// ruleTaken is the rule of a reject whose key belongs to another object's row.
const ruleTaken = "key taken"

// HeldTable returns the SQL name of the table of rows that wait for their key. It is
// never published.
func HeldTable(s *schemas.Schema) string { return "state." + sqltext.Ident(s.Table+"_held") }

// createHeld returns the statement that creates that table: the table's columns,
// without constraints.
func createHeld(s *schemas.Schema) string {
	var columns []string
	for _, c := range s.Columns() {
		columns = append(columns, sqltext.Ident(c.Name)+" "+duck.SQLType(c.Type))
	}
	return fmt.Sprintf("CREATE TABLE %s (%s)", HeldTable(s), strings.Join(columns, ", "))
}

// everyRow returns the SQL for all rows of a table, including those that wait.
func (t *TableLayout) everyRow() string {
	if t.KeyIsID {
		return sqltext.Ident(t.Schema.Table)
	}
	return fmt.Sprintf("(FROM %s UNION ALL FROM %s)", sqltext.Ident(t.Schema.Table), HeldTable(t.Schema))
}

// settleKeys decides which rows keep the keys that several objects have. It is the last
// step of the merge that changes rows, when the state has the newest version of each
// object.
func (m *merge) settleKeys(ctx context.Context) error {
	if m.applied.Objects == 0 {
		return nil // no object is newer than the last decision
	}
	for _, t := range m.tables {
		if t.KeyIsID || !slices.Contains(t.Streams, m.key.Stream) {
			continue
		}
		contested, err := m.findContested(ctx, t)
		if err == nil && contested {
			err = m.settleTable(ctx, t)
		}
		if err != nil {
			return fmt.Errorf("table %s: who keeps a key: %w", t.Schema.Table, err)
		}
	}
	return nil
}

// findContested finds the keys to decide on: those of staged rows that another row has,
// too, and those that a row waits for. It reports whether there is any, or a reject
// with ruleTaken.
func (m *merge) findContested(ctx context.Context, t *TableLayout) (bool, error) {
	_, err := m.db.Exec(ctx, fmt.Sprintf("CREATE OR REPLACE TEMP TABLE contested AS SELECT DISTINCT %s FROM %s WHERE account = ?", t.keysAs(), HeldTable(t.Schema)), m.key.Account)
	if err != nil {
		return false, err
	}
	if len(m.staged[t]) > 0 {
		narrow, err := t.SourceOfColumns(m.staged[t], append(slices.Clone(t.Schema.PrimaryKey), "_source_id", "_seq")...)
		if err != nil {
			return false, err
		}
		id, done := m.feed.Offer(narrow)
		defer done()
		_, err = m.db.Exec(ctx, fmt.Sprintf(`INSERT INTO temp.contested
			SELECT %[1]s FROM %[2]s t SEMI JOIN (SELECT %[1]s FROM %[3]s(%[4]d) s%[5]s) s ON %[6]s
			WHERE account = ? GROUP BY ALL HAVING count(*) > 1 EXCEPT FROM temp.contested`,
			t.keysAs(), sqltext.Ident(t.Schema.Table), duck.FeedName, id, m.onlyNewest("_source_id", "_seq"), t.hasKey("s")), m.key.Account)
		if err != nil {
			return false, err
		}
	}
	n, err := m.count(ctx, `FROM (SELECT 1 FROM temp.contested UNION ALL SELECT 1 FROM meta.rejects WHERE account = ? AND "table" = ? AND rule = ?)`,
		m.key.Account, t.Schema.Table, ruleTaken)
	return n > 0, err
}

// keysAs returns the SQL for a row's key, under names that no column has.
func (t *TableLayout) keysAs() string {
	var columns []string
	for i, k := range t.Keys() {
		columns = append(columns, fmt.Sprintf("%s AS _key%d", k, i))
	}
	return strings.Join(columns, ", ")
}

// hasKey returns the SQL condition that a row t has the key of a row in another
// relation.
func (t *TableLayout) hasKey(other string) string {
	var same []string
	for i, k := range t.Keys() {
		same = append(same, fmt.Sprintf("t.%s = %s._key%d", k, other, i))
	}
	return strings.Join(same, " AND ")
}

// settleTable gives each contested key to the row that it belongs to.
func (m *merge) settleTable(ctx context.Context, t *TableLayout) error {
	if err := m.rank(ctx, t); err != nil {
		return err
	}
	held, err := m.hand(ctx, t, sqltext.Ident(t.Schema.Table), HeldTable(t.Schema), "NOT held AND place > 1")
	if err != nil {
		return err
	}
	freed, err := m.hand(ctx, t, HeldTable(t.Schema), sqltext.Ident(t.Schema.Table), "held AND place = 1")
	if err != nil {
		return err
	}
	m.applied.Rows = max(0, m.applied.Rows+freed-held)
	return m.rejectHeld(ctx, t)
}

// rank orders the rows that have a contested key or wait for it.
func (m *merge) rank(ctx context.Context, t *TableLayout) error {
	rows := func(from string, held bool) string {
		return fmt.Sprintf("SELECT struct_pack(%s) AS key, %s AS text, _source_id, _seq, %t AS held FROM %s t SEMI JOIN temp.contested c ON %s WHERE account = %s",
			duck.PackedStruct(t.Keys()), t.KeyText(), held, from, t.hasKey("c"), sqltext.Literal(m.key.Account))
	}
	_, err := m.db.Exec(ctx, fmt.Sprintf(`CREATE OR REPLACE TEMP TABLE claims AS
		WITH rows AS (%[1]s UNION ALL %[2]s),
			objects AS (FROM state.objects WHERE account = ? AND stream IN (%[3]s) AND id_hash IN (SELECT hash(_source_id) FROM rows))
		SELECT r.key, r.text, r._source_id, r._seq, r.held, o.stream, o.created, o.deleted, o.observed_at, row_number() OVER one AS place, first(r._source_id) OVER one AS holder, first(o.created) OVER one AS since, first(o.deleted) OVER one AS gone
		FROM rows r JOIN objects o ON o.id = r._source_id
		WINDOW one AS (PARTITION BY r.key ORDER BY o.deleted, o.created NULLS LAST, r._source_id)`,
		rows(sqltext.Ident(t.Schema.Table), false), rows(HeldTable(t.Schema), true), t.StreamList()), m.key.Account)
	return err
}

// hand moves rows from the table to the waiting ones, or back. In both directions it
// marks their parts as dirty.
func (m *merge) hand(ctx context.Context, t *TableLayout, from, to, which string) (int64, error) {
	moved := fmt.Sprintf("FROM %s t SEMI JOIN (FROM temp.claims WHERE %s) c ON c._source_id = t._source_id AND c.key = struct_pack(%s) WHERE account = %s",
		from, which, duck.PackedStruct(t.Keys()), sqltext.Literal(m.key.Account))
	n, err := m.count(ctx, moved)
	if err != nil || n == 0 {
		return 0, err
	}
	if err := m.markDirty(ctx, t, fmt.Sprintf("SELECT %s, %s %s", t.Period.label("t."), t.Period.bucket("t."), moved)); err != nil {
		return 0, err
	}
	inserted, err := m.db.Exec(ctx, fmt.Sprintf("INSERT INTO %s SELECT t.* %s", to, moved))
	if err != nil {
		return 0, err
	}
	deleted, err := m.db.Exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE rowid IN (SELECT t.rowid %s)", from, moved))
	if err == nil && (inserted != n || deleted != n) { // Invariant 3
		err = fmt.Errorf("of %d rows %d were put there and %d taken away", n, inserted, deleted)
	}
	return n, err
}

// rejectHeld writes rejects for the waiting rows, with the reasons. The value in them
// is the key as the table has it, after the privacy policy was applied.
func (m *merge) rejectHeld(ctx context.Context, t *TableLayout) error {
	_, err := m.db.Exec(ctx, fmt.Sprintf(`CREATE OR REPLACE TEMP TABLE waiting AS
		SELECT %[1]s AS account, stream, _source_id AS id, _seq AS seq, NULL::BIGINT AS segment, %[2]s AS "table", %[3]s AS field, %[4]s AS rule,
			concat('a row of ', holder, ' has this key, ', CASE WHEN deleted AND NOT gone THEN 'which is not deleted' WHEN since < created OR created IS NULL AND since IS NOT NULL THEN 'which was created earlier'
				ELSE 'which was created at the same time and has the smaller id' END) AS reason,
			NULL::VARCHAR AS mapping, observed_at AS first_seen, observed_at AS last_seen, NULL::VARCHAR AS object, left(CAST(to_json(text) AS VARCHAR), 40) AS example
		FROM temp.claims WHERE place > 1`,
		sqltext.Literal(m.key.Account), sqltext.Literal(t.Schema.Table), sqltext.Literal(strings.Join(t.Schema.PrimaryKey, ", ")), sqltext.Literal(ruleTaken)))
	if err != nil {
		return err
	}
	const before = `r.account = w.account AND r."table" = w."table" AND r.rule = w.rule AND r.id = w.id AND r.example = w.example`
	_, err = m.db.Exec(ctx, "UPDATE temp.waiting AS w SET first_seen = least(w.first_seen, r.first_seen) FROM meta.rejects r WHERE "+before)
	if err != nil {
		return err
	}
	_, err = m.db.Exec(ctx, `DELETE FROM meta.rejects r WHERE account = ? AND "table" = ? AND rule = ?
		AND NOT EXISTS (FROM temp.waiting w WHERE `+before+` AND r.seq = w.seq AND r.reason = w.reason)`, m.key.Account, t.Schema.Table, ruleTaken)
	if err != nil {
		return err
	}
	n, err := m.db.Exec(ctx, "INSERT INTO meta.rejects FROM temp.waiting w WHERE NOT EXISTS (FROM meta.rejects r WHERE "+before+")")
	m.applied.Rejects += n
	return err
}

// StreamList returns the SQL list of the streams that feed a table. It also has an
// empty name, so that it is a list for a table without streams, too.
func (t *TableLayout) StreamList() string {
	list := []string{"''"}
	for _, stream := range t.Streams {
		list = append(list, sqltext.Literal(stream))
	}
	return strings.Join(list, ", ")
}

// KeyText returns the SQL for a row's key as one text.
func (t *TableLayout) KeyText() string {
	return "concat_ws('/', " + strings.Join(t.Keys(), ", ") + ")"
}
