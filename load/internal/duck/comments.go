package duck

import (
	"fmt"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/schemas"
)

// Comments returns the COMMENT ON statements of a declared table. They make the
// published warehouse describe itself.
func Comments(s *schemas.Schema) []string {
	statements := []string{fmt.Sprintf("COMMENT ON TABLE %s IS %s", sqltext.Ident(s.Table),
		sqltext.Literal(titled(s.Title, s.Description)))}
	for _, c := range s.Columns() {
		statements = append(statements, fmt.Sprintf("COMMENT ON COLUMN %s.%s IS %s",
			sqltext.Ident(s.Table), sqltext.Ident(c.Name), sqltext.Literal(ColumnComment(c))))
	}
	return statements
}

func titled(title, description string) string {
	if description == "" {
		return title
	}
	return title + ": " + description
}

// ColumnComment returns the comment of a column. For an object it also has a line for
// each member, because DuckDB has no comments on members.
func ColumnComment(c schemas.Column) string {
	if c.Field == nil {
		return c.Comment
	}
	var b strings.Builder
	b.WriteString(fieldComment(c))
	memberComments(&b, c.Type, "  ")
	return b.String()
}

func memberComments(b *strings.Builder, t schemas.Type, indent string) {
	switch t.Kind {
	case schemas.List, schemas.Map:
		memberComments(b, *t.Elem, indent)
	case schemas.Object:
		for _, m := range schemas.Members(t.Fields) {
			fmt.Fprintf(b, "\n%s.%s %s", indent, m.Name, fieldComment(m))
			memberComments(b, m.Type, indent+"  ")
		}
	}
}

// fieldComment returns one line: title: description [one of: …] [unit: …] [→ ref]
// [pii].
func fieldComment(c schemas.Column) string {
	f := c.Field
	if c.Name != f.Name { // the column of a money field's minor units
		return f.Title + " in minor units, as Stripe sent it" + unitNote(f)
	}
	var b strings.Builder
	b.WriteString(titled(f.Title, f.Description))
	if len(f.Enum) > 0 {
		values := make([]string, len(f.Enum))
		for i, e := range f.Enum {
			values[i] = e.Value
		}
		fmt.Fprintf(&b, " [one of: %s]", strings.Join(values, ", "))
	}
	b.WriteString(unitNote(f))
	if f.Ref != "" {
		fmt.Fprintf(&b, " [→ %s]", f.Ref)
	}
	if f.Label != "" {
		fmt.Fprintf(&b, " [%s]", f.Label)
	}
	if f.Status == "deprecated" {
		b.WriteString(" [deprecated]")
	}
	return b.String()
}

func unitNote(f *schemas.Field) string {
	if f.Unit == "" {
		return ""
	}
	return fmt.Sprintf(" [unit: %s]", f.Unit)
}
