package load

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/schemas"
)

// Lacking returns the ids of a stream that rows of an account name and the log does not
// hold, those of the newest rows first, at most most of them. It follows the columns
// whose schemas refer to the stream's table, in rows created within the given spans.
func (r Rereads) Lacking(ctx context.Context, within []Gap, most int) ([]string, error) {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	naming := r.naming()
	if len(naming) == 0 || len(within) == 0 {
		return nil, nil
	}
	var spans, rows []string
	for _, g := range within {
		spans = append(spans, fmt.Sprintf("created >= %s AND created < %s", timestamp(&g.From), timestamp(&g.To)))
	}
	for _, c := range naming {
		rows = append(rows, fmt.Sprintf("SELECT %s AS named, %s AS created FROM %s WHERE account = %s AND named IS NOT NULL",
			sqltext.Ident(c.name), sqltext.Ident(c.created), sqltext.Ident(c.table), sqltext.Literal(r.account)))
	}
	// Compare the hash of the id, which takes a quarter of the memory. Two ids with the
	// same 64 bits practically never occur.
	var ids []string
	var id string
	err := r.state.db.Each(ctx, []any{&id}, func() error {
		ids = append(ids, id)
		return nil
	}, fmt.Sprintf(`SELECT named FROM (FROM (%s) WHERE %s) n ANTI JOIN (SELECT id_hash FROM state.objects WHERE account = ? AND stream = ?) o ON o.id_hash = hash(n.named)
		GROUP BY named ORDER BY max(created) DESC, named LIMIT ?`, strings.Join(rows, " UNION ALL "), strings.Join(spans, " OR ")), r.account, r.stream, most)
	if err != nil {
		return nil, fmt.Errorf("find what of %s/%s is named and not there: %w", r.account, r.stream, err)
	}
	return ids, nil
}

// namingColumn is a column with ids of another table. created is the column with the
// created of the row.
type namingColumn struct{ table, name, created string }

// naming returns the columns that refer to a stream's main table, in tables whose rows
// have the created of their objects.
func (r Rereads) naming() []namingColumn {
	i := slices.IndexFunc(r.state.tables, func(t *TableLayout) bool { return t.Main == r.stream })
	if i < 0 {
		return nil
	}
	var found []namingColumn
	for _, t := range r.state.tables {
		for _, f := range t.Schema.Fields {
			if t.Schema.Timestamp != "" && f.Ref == r.state.tables[i].Schema.Name && f.Type.Kind == schemas.String && !f.Hashed {
				found = append(found, namingColumn{t.Schema.Table, f.Name, t.Schema.Timestamp})
			}
		}
	}
	return found
}
