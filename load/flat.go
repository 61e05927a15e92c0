package load

import (
	"fmt"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/schemas"
)

// flatSchema is the schema of the warehouse that has a view of each table for programs
// that know neither objects nor lists: members of objects are columns, lists and maps are
// JSON text (docs/adr/0056).
const flatSchema = "flat"

// flatView returns the statements that create a table's flat view and describe it. The
// state has the views too, so that each copy of it has them: their comments take longer
// than a copy of a small state.
func flatView(s *schemas.Schema) []string {
	name := flatSchema + "." + sqltext.Ident(s.Table)
	columns := s.FlatColumns()
	exprs, comments := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		exprs[i] = flatValue(c) + " AS " + sqltext.Ident(c.Flat)
		comments[i] = fmt.Sprintf("COMMENT ON COLUMN %s.%s IS %s", name, sqltext.Ident(c.Flat), sqltext.Literal(duck.ColumnComment(c.Column)))
	}
	return append([]string{
		// Unqualified, the table would be the view itself.
		fmt.Sprintf("CREATE OR REPLACE VIEW %s AS SELECT %s FROM main.%s AS t", name, strings.Join(exprs, ", "), sqltext.Ident(s.Table)),
		fmt.Sprintf("COMMENT ON VIEW %s IS %s", name, sqltext.Literal(s.Table+" without nested types: the members of objects are columns, lists and maps are JSON text.")),
	}, comments...)
}

// flatValue returns the value of a member: as JSON text, where it is a list or a map.
func flatValue(c schemas.FlatColumn) string {
	parts := []string{"t"}
	for _, name := range c.Path {
		parts = append(parts, sqltext.Ident(name))
	}
	value := strings.Join(parts, ".")
	switch c.Type.Kind {
	case schemas.List, schemas.Map:
		return "CAST(to_json(" + value + ") AS VARCHAR)"
	case schemas.JSON:
		return "CAST(" + value + " AS VARCHAR)"
	}
	return value
}
