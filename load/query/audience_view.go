package query

import (
	"fmt"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/schemas"
)

// withoutLabelled returns a SELECT of a table's columns. It leaves out every field that
// either of two declarations of the table labels, at any depth. It also leaves out
// fields that the given declaration does not have: they may be personal to its author.
func withoutLabelled(table string, built, given *schemas.Schema) string {
	var columns []string
	for _, c := range built.Columns() {
		if c.Field == nil {
			columns = append(columns, sqltext.Ident(c.Name))
		} else if value, ok := unlabelled(sqltext.Ident(c.Name), c, given.Fields, 0); ok {
			columns = append(columns, value+" AS "+sqltext.Ident(c.Name))
		}
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM " + table
}

// unlabelled returns an expression for a column's value without the labelled fields
// inside. It returns false if nothing remains.
func unlabelled(value string, c schemas.Column, given []*schemas.Field, depth int) (string, bool) {
	declared := schemas.FieldAt(given, c.Field.Name)
	if declared == nil || declared.Label != "" || c.Field.Label != "" {
		return "", false
	}
	element := fmt.Sprintf("e%d", depth)
	switch inner := c.Type.Elem; {
	case c.Type.Kind == schemas.Object:
		return members(value, c.Type.Fields, declared.Type.Fields, depth)
	case inner != nil && len(inner.Fields) > 0:
		if declared.Type.Elem == nil || c.Type.Kind != schemas.List {
			return "", false
		}
		of, ok := members(element, inner.Fields, declared.Type.Elem.Fields, depth+1)
		return plainList(value, element, of), ok
	}
	return value, true
}

// members returns an expression for an object without its labelled fields. It is the
// value itself if no field is labelled.
func members(value string, fields, given []*schemas.Field, depth int) (string, bool) {
	var left []string
	changed := false
	for _, m := range schemas.Members(fields) {
		in := fmt.Sprintf("struct_extract(%s, %s)", value, sqltext.Literal(m.Name))
		out, ok := unlabelled(in, m, given, depth)
		changed = changed || !ok || out != in
		if ok {
			left = append(left, sqltext.Ident(m.Name)+" := "+out)
		}
	}
	if len(left) == 0 || !changed {
		return value, len(left) > 0
	}
	return fmt.Sprintf("CASE WHEN %s IS NOT NULL THEN struct_pack(%s) END", value, strings.Join(left, ", ")), true
}
