package load

import (
	"context"
	"fmt"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/schemas"
)

// describeTables fills meta.tables and meta.columns.
func (s *State) describeTables(ctx context.Context) error {
	for _, t := range s.tables {
		d := t.Schema
		keys := make([]string, len(d.PrimaryKey))
		for i, k := range d.PrimaryKey {
			keys[i] = sqltext.Literal(k)
		}
		_, err := s.exec(ctx, "INSERT INTO meta.tables VALUES (?, ?, ?, ?, ?, ["+strings.Join(keys, ", ")+"])",
			d.Table, d.Name, d.Version, d.Title, d.Description)
		if err != nil {
			return err
		}
		for _, c := range d.Columns() {
			if err := s.describeColumn(ctx, d.Table, c.Name, c); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *State) describeColumn(ctx context.Context, table, path string, c schemas.Column) error {
	f := c.Field
	if f == nil {
		f = &schemas.Field{Description: c.Comment}
	}
	_, err := s.exec(ctx, "INSERT INTO meta.columns VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		table, path, sqlType(c.Type), f.Title, f.Description, f.Unit, f.Label, f.Ref)
	if err != nil {
		return err
	}
	inner := c.Type
	for inner.Elem != nil {
		inner = *inner.Elem
	}
	for _, m := range schemas.Members(inner.Fields) {
		if err := s.describeColumn(ctx, table, path+"."+m.Name, m); err != nil {
			return err
		}
	}
	return nil
}

// comments returns the COMMENT ON statements of a declared table, so that the
// published warehouse explains itself.
func comments(s *schemas.Schema) []string {
	statements := []string{fmt.Sprintf("COMMENT ON TABLE %s IS %s", sqltext.Ident(s.Table),
		sqltext.Literal(titled(s.Title, s.Description)))}
	for _, c := range s.Columns() {
		statements = append(statements, fmt.Sprintf("COMMENT ON COLUMN %s.%s IS %s",
			sqltext.Ident(s.Table), sqltext.Ident(c.Name), sqltext.Literal(columnComment(c))))
	}
	return statements
}

func titled(title, description string) string {
	if description == "" {
		return title
	}
	return title + ": " + description
}

// columnComment describes a column and, below it, the members of an object:
// DuckDB has no comments on members.
func columnComment(c schemas.Column) string {
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

// fieldComment is one line: title: description [one of: …] [unit: …] [→ ref] [pii].
func fieldComment(c schemas.Column) string {
	f := c.Field
	if c.Name != f.Name { // the minor units beside a money field
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
