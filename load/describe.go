package load

import (
	"context"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/schemas"
)

// describeTables fills meta.tables and meta.columns.
func (s *State) describeTables(ctx context.Context) error {
	var columns [][]any
	for _, t := range s.tables {
		d := t.Schema
		keys := make([]string, len(d.PrimaryKey))
		for i, k := range d.PrimaryKey {
			keys[i] = sqltext.Literal(k)
		}
		_, err := s.db.Exec(ctx, "INSERT INTO meta.tables VALUES (?, ?, ?, ?, ?, ["+strings.Join(keys, ", ")+"])",
			d.Table, d.Name, d.Version, d.Title, d.Description)
		if err != nil {
			return err
		}
		for _, c := range d.Columns() {
			columns = append(columns, columnRows(d.Table, c.Name, c)...)
		}
	}
	return s.feed.Insert(ctx, s.db.Session, "meta.columns", len(columns), func(i int) []any { return columns[i] },
		duck.KindText, duck.KindText, duck.KindText, duck.KindText, duck.KindText, duck.KindText, duck.KindText, duck.KindText)
}

// columnRows returns the rows of meta.columns for a column and its members.
func columnRows(table, path string, c schemas.Column) [][]any {
	f := c.Field
	if f == nil {
		f = &schemas.Field{Description: c.Comment}
	}
	rows := [][]any{{table, path, duck.SQLType(c.Type), f.Title, f.Description, f.Unit, f.Label, f.Ref}}
	inner := c.Type
	for inner.Elem != nil {
		inner = *inner.Elem
	}
	for _, m := range schemas.Members(inner.Fields) {
		rows = append(rows, columnRows(table, path+"."+m.Name, m)...)
	}
	return rows
}
