package authoring

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// Column is one leaf of a table with its explanation.
type Column struct {
	transform.ColumnLineage
	Mapping *schemas.Mapping
	Sources []*CatalogPath
	Label   string // its own, or that of an object around it
}

// CatalogPath is a source path with its field in the catalog; Field is nil if the
// catalog does not have the path.
type CatalogPath struct {
	Path  string
	Field *schemas.SourceField
}

// Columns explains every leaf of a table, once for each mapping that fills it.
func Columns(set *schemas.Set, mappings *transform.Mappings, table *schemas.Schema) ([]Column, error) {
	var out []Column
	for _, m := range set.Mappings {
		if m.Schema != table {
			continue
		}
		catalog, err := schemas.LoadCatalog(m.Source.Object)
		if err != nil {
			return nil, err
		}
		for _, leaf := range mappings.Lineage(m) {
			c := Column{ColumnLineage: leaf, Mapping: m, Label: labelAt(table.Fields, leaf.Target)}
			for _, path := range leaf.Sources {
				c.Sources = append(c.Sources, &CatalogPath{path, fieldAt(catalog.Root(), path)})
			}
			out = append(out, c)
		}
	}
	return out, nil
}

// labelAt returns the label of the field at a path of a table. Members of a labelled
// object have its label, as in privacy.yaml.
func labelAt(fields []*schemas.Field, target string) string {
	name, rest, _ := strings.Cut(target, ".")
	for _, f := range fields {
		if f.Name != strings.TrimSuffix(name, "[]") {
			continue
		}
		return cmp.Or(labelAt(f.Type.Inner(), rest), f.Label)
	}
	return ""
}

// fieldAt returns the catalog's field at a source path, or nil if there is none.
func fieldAt(f *schemas.SourceField, path string) *schemas.SourceField {
	for _, step := range steps(path) {
		switch {
		case f == nil:
			return nil
		case strings.HasPrefix(step, "["), f.Type == schemas.SourceMap:
			f = f.Elem
		default:
			f = f.Member(step)
		}
	}
	return f
}

// Fill has counts of a column's values in a lake.
type Fill struct {
	Rows, Filled, Distinct int64
	Frequent               []string // the most frequent values with their counts; none for personal data
}

// Fill counts the values of a table's column. Members of a list's elements count as the
// list.
func (l *Lake) Fill(ctx context.Context, table string, c Column) (Fill, error) {
	target, _, _ := strings.Cut(c.Target, "[]")
	names := strings.Split(target, ".")
	column := sqltext.Ident(names[0])
	for _, name := range names[1:] {
		column = "struct_extract(" + column + ", '" + strings.ReplaceAll(name, "'", "''") + "')"
	}
	var f Fill
	err := l.db.QueryRowContext(ctx, fmt.Sprintf("SELECT count(*), count(%s), count(DISTINCT %s) FROM %s", column, column, sqltext.Ident(table))).
		Scan(&f.Rows, &f.Filled, &f.Distinct)
	if err != nil || c.Label != "" || f.Distinct == 0 || f.Distinct > 1000 {
		return f, err
	}
	rows, err := l.db.QueryContext(ctx, fmt.Sprintf("SELECT CAST(%s AS VARCHAR), count(*) FROM %s WHERE %s IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 5",
		column, sqltext.Ident(table), column))
	if err != nil {
		return f, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var value string
		var n int64
		if err := rows.Scan(&value, &n); err != nil {
			return f, err
		}
		f.Frequent = append(f.Frequent, fmt.Sprintf("%s (%d)", value, n))
	}
	return f, rows.Err()
}
