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

// A table with a history has a second table in schema history: the rows that later
// versions replaced, each with the times at which it and the next one were first seen.
// Rows that were never replaced are in the table itself only, so a history costs only
// the changes. The warehouse shows both as <table>_history.

// createHistory returns the statements that create the table of replaced rows.
func createHistory(s *schemas.Schema) []string {
	columns := make([]string, 0, len(s.Fields)+7)
	for _, c := range s.HistoryColumns() {
		columns = append(columns, sqltext.Ident(c.Name)+" "+duck.SQLType(c.Type))
	}
	return []string{
		fmt.Sprintf("CREATE TABLE %s (%s)", HistoryTable(s), strings.Join(columns, ", ")),
		fmt.Sprintf("COMMENT ON TABLE %s IS %s", HistoryTable(s), sqltext.Literal("Rows of "+s.Table+" that were replaced. Read "+s.HistoryTable()+", which has the present ones too.")),
	}
}

// HistoryTable returns that table's SQL name. It differs from the declared table's name
// for callers that search the catalog by name alone.
func HistoryTable(s *schemas.Schema) string { return "history." + sqltext.Ident(s.Table+"_replaced") }

// historyView returns the statements that create and describe the published view.
func historyView(s *schemas.Schema) []string {
	name := sqltext.Ident(s.HistoryTable())
	statements := []string{
		fmt.Sprintf("CREATE VIEW %s AS SELECT coalesce(deleted_seen_at, %s) AS %s, NULL::TIMESTAMP AS %s, * FROM %s UNION ALL FROM %s",
			name, schemas.SeenAt, schemas.ValidFrom, schemas.ValidTo, sqltext.Ident(s.Table), HistoryTable(s)),
		fmt.Sprintf("COMMENT ON VIEW %s IS %s", name, sqltext.Literal(s.HistoryComment())),
	}
	for _, c := range s.HistoryColumns() {
		statements = append(statements, fmt.Sprintf("COMMENT ON COLUMN %s.%s IS %s", name, sqltext.Ident(c.Name), sqltext.Literal(duck.ColumnComment(c))))
	}
	return statements
}

// findSteps finds, for each object with a newer version, the replaced versions: the
// known one and each staged one but the last, with the times at which it and the next
// one were seen. base is the version that a step's rows come from: for a tombstone, the
// version that it ends.
func (m *merge) findSteps(ctx context.Context) error {
	keeps := func(t *TableLayout) bool { return t.Schema.History && slices.Contains(t.Streams, m.key.Stream) }
	if !slices.ContainsFunc(m.tables, keeps) || m.found == 0 && m.allNewest() {
		return nil
	}
	_, err := m.db.Exec(ctx, `CREATE TEMP TABLE steps AS
		SELECT id, seq, base, deleted, observed_at AS valid_from, next AS valid_to FROM (
			SELECT *, lead(observed_at) OVER one AS next, lead(seq) OVER one AS next_seq, max(rows_of) OVER one AS base FROM (
				SELECT k.id, k.seq, k.observed_at, k.deleted, k.seq AS rows_of FROM known k SEMI JOIN newest n ON n.id = k.id
				UNION ALL
				SELECT v.id, v.seq, v.observed_at, v.deleted, CASE WHEN NOT v.deleted THEN v.seq END FROM versions v JOIN newest n ON n.id = v.id AND v.seq > n.known_seq)
			WINDOW one AS (PARTITION BY id ORDER BY seq))
		WHERE next_seq IS NOT NULL AND base IS NOT NULL`)
	if err != nil {
		return err
	}
	m.steps, err = m.count(ctx, "FROM steps")
	return err
}

// keepReplaced copies the rows of a table that the merge will replace or mark to its
// history, and those of staged versions that were already replaced. However many
// versions are merged together, the history is the same as one by one.
func (m *merge) keepReplaced(ctx context.Context, t *TableLayout) error {
	if !t.Schema.History || m.steps == 0 {
		return nil
	}
	// With the list of versions DuckDB skips the row groups of all others.
	err := m.keepFrom(ctx, t, sqltext.Ident(t.Schema.Table), "SEMI")
	if err == nil && !t.KeyIsID { // the history keeps waiting rows, too, whoever had the key
		err = m.keepFrom(ctx, t, HeldTable(t.Schema), "SEMI")
	}
	if err == nil && len(m.staged[t]) > 0 && !m.allNewest() {
		err = m.keepStaged(ctx, t)
	}
	if err != nil {
		return fmt.Errorf("its history: %w", err)
	}
	return nil
}

func (m *merge) keepStaged(ctx context.Context, t *TableLayout) error {
	staged, err := t.SourceOf(m.staged[t])
	if err != nil {
		return err
	}
	id, done := m.feed.Offer(staged)
	defer done()
	columns := make([]string, len(t.Exprs))
	for i, c := range t.Schema.Columns() {
		columns[i] = t.Exprs[i] + " AS " + sqltext.Ident(c.Name)
	}
	return m.keepFrom(ctx, t, fmt.Sprintf("(SELECT %s FROM %s(%d))", strings.Join(columns, ", "), duck.FeedName, id), "ANTI")
}

// keepFrom copies the rows of each step: from the table those of the known version,
// from the staged rows those of all others (which include a known one that is applied
// again).
func (m *merge) keepFrom(ctx context.Context, t *TableLayout, rows, join string) error {
	_, err := m.db.Exec(ctx, fmt.Sprintf(`INSERT INTO %s
		SELECT s.valid_from, s.valid_to, t.* REPLACE (s.deleted AS deleted, CASE WHEN s.deleted THEN s.valid_from END AS deleted_seen_at, s.seq AS _seq)
		FROM %s t JOIN (FROM steps %s JOIN known k ON k.seq = base AND k.id = steps.id) s ON s.base = t._seq AND s.id = t._source_id
		WHERE t.account = ?`, HistoryTable(t.Schema), rows, join), m.key.Account)
	return err
}

// Histories returns the names of the history tables that the state has, or will have
// when its tables are derived again.
func (s *State) Histories() (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var tables []Table
	for _, t := range s.tables {
		tables = append(tables, t.Table)
	}
	for _, t := range append(tables, s.lake.opts.Tables...) {
		if name := t.Schema.HistoryTable(); t.Schema.History && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// createTables returns the statements that create a declared table and its history, if
// it has one.
func createTables(s *schemas.Schema) []string {
	statements := []string{duck.CreateTable(s)}
	if s.History {
		statements = append(statements, createHistory(s)...)
	}
	return statements
}
