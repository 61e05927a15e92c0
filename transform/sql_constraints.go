package transform

import (
	"fmt"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/schemas"
)

// A row that the kernel rejects is not in the query's result. Two things reject
// rows: money that cannot be read, which only the source shows, and the
// constraints of the schema.

// rowConditions renders the conditions on the source that keep a row: where,
// and money that can be read.
func (m *mapping) rowConditions(q *query) []string {
	var out []string
	if m.forms.where != nil {
		out = append(out, q.truth(*m.forms.where))
	}
	for i := range m.fields {
		if u := m.fields[i].unreadable(q); u != "" {
			out = append(out, u+" IS NOT TRUE -- "+m.fields[i].name+" can be read")
		}
	}
	return out
}

// unreadable renders a condition that is true where a field holds money that
// cannot be read; "" if it never does.
func (f *field) unreadable(q *query) string {
	if f.leaf == nil {
		return ""
	}
	if f.shape == shapeValue {
		if wrong := f.leaf.value.wrong; f.money && wrong != nil {
			return wrong(q)
		}
		return ""
	}
	var inside []string
	for i := range f.members {
		if u := f.members[i].unreadable(q); u != "" {
			inside = append(inside, u)
		}
	}
	if len(inside) == 0 {
		return ""
	}
	some := strings.Join(append(f.conditions(q), "("+strings.Join(inside, " OR ")+")"), " AND ")
	if f.shape == shapeObject {
		return "(" + some + ")"
	}
	return "list_bool_or(" + f.leaf.each.transformed(q, "json_type("+f.leaf.each.sql()+") = 'OBJECT' AND "+some) + ")"
}

// constraintsSQL renders the schema's constraints that reject a row.
func constraintsSQL(fields []field) []string {
	var out []string
	for i := range fields {
		f := &fields[i]
		if f.leaf == nil {
			continue
		}
		switch broken := f.violation("", 0); {
		case f.constraint != nil && f.constraint.required && broken == sqltext.Ident(f.requiredColumn())+" IS NULL":
			out = append(out, sqltext.Ident(f.requiredColumn())+" IS NOT NULL")
		case broken != "":
			out = append(out, "("+broken+") IS NOT TRUE")
		}
	}
	return out
}

// requiredColumn returns the column that must not be NULL if a field is
// required: an amount may be NULL beside its minor units.
func (f *field) requiredColumn() string {
	if f.minor {
		return f.leaf.declared.Name + "_minor"
	}
	return f.leaf.declared.Name
}

// violation renders a condition that is true where a value, or a member of it,
// breaks its constraint. owner is the SQL of the object that the field is a
// member of.
func (f *field) violation(owner string, depth int) string {
	var out []string
	value := owner + sqltext.Ident(f.leaf.declared.Name)
	if f.constraint != nil && f.constraint.required {
		out = append(out, owner+sqltext.Ident(f.requiredColumn())+" IS NULL")
	}
	if f.constraint != nil && f.constraint.closed && f.constraint.allowed != nil {
		known := joinEach(f.leaf.declared.Enum, func(v schemas.EnumValue) string { return sqltext.Literal(v.Value) }, ", ")
		out = append(out, value+" NOT IN ("+known+")")
	}
	owner = value
	if f.shape == shapeObjects {
		owner = fmt.Sprintf("element_%d", depth)
	}
	var inside []string
	for i := range f.members {
		if b := f.members[i].violation(owner+".", depth+1); b != "" {
			inside = append(inside, b)
		}
	}
	if len(inside) > 0 {
		some := owner + " IS NOT NULL AND (" + strings.Join(inside, " OR ") + ")"
		if f.shape == shapeObjects {
			some = "list_bool_or(list_transform(" + value + ", lambda " + owner + ": " + some + "))"
		}
		out = append(out, "("+some+")")
	}
	return strings.Join(out, " OR ")
}
