package load

import (
	"context"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/schemas"
)

// describeTables fills meta.tables and meta.columns.
func describeTables(ctx context.Context, q duck.Session, tables []*TableLayout) error {
	for _, t := range tables {
		d := t.Schema
		keys := make([]string, len(d.PrimaryKey))
		for i, k := range d.PrimaryKey {
			keys[i] = sqltext.Literal(k)
		}
		_, err := q.Exec(ctx, "INSERT INTO meta.tables VALUES (?, ?, ?, ?, ?, ["+strings.Join(keys, ", ")+"])",
			d.Table, d.Name, d.Version, d.Title, d.Description)
		if err != nil {
			return err
		}
		for _, c := range d.Columns() {
			if err := describeColumn(ctx, q, d.Table, c.Name, c); err != nil {
				return err
			}
		}
	}
	return nil
}

func describeColumn(ctx context.Context, q duck.Session, table, path string, c schemas.Column) error {
	f := c.Field
	if f == nil {
		f = &schemas.Field{Description: c.Comment}
	}
	_, err := q.Exec(ctx, "INSERT INTO meta.columns VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		table, path, duck.SQLType(c.Type), f.Title, f.Description, f.Unit, f.Label, f.Ref)
	if err != nil {
		return err
	}
	inner := c.Type
	for inner.Elem != nil {
		inner = *inner.Elem
	}
	for _, m := range schemas.Members(inner.Fields) {
		if err := describeColumn(ctx, q, table, path+"."+m.Name, m); err != nil {
			return err
		}
	}
	return nil
}
