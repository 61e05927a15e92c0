package transform

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/schemas"
)

// SQL returns the DuckDB query that makes a mapping's rows, with the columns of
// its table, from a relation
//
//	raw (account VARCHAR, id VARCHAR, created TIMESTAMP, observed_at TIMESTAMP, seq UBIGINT, object VARCHAR)
//
// of one row an object. The relation must hold no tombstones and no objects of
// which only a stub is kept. The query computes what the kernel computes, with
// the differences that the type query lists, and leaves out the rows that the
// kernel rejects or leaves out. SQL returns "" for a mapping that is not among
// them.
func (p *Mappings) SQL(m *schemas.Mapping) string {
	compiled := p.mapping(m)
	if compiled == nil {
		return ""
	}
	q := newQuery(true)
	columns, where := compiled.columnsSQL(q), compiled.rowConditions(q)
	items := compiled.forms.itemsSQL(q) // before the rest, because it adds paths to extract
	tables := []string{q.sourceSQL(), "found AS (\n  SELECT raw.*" + q.foundSQL("raw.object") + q.foundSQL("raw.digits") +
		"\n  FROM source AS raw\n  WHERE json_type(raw.object) = 'OBJECT' AND raw.id <> '' AND NOT starts_with(raw.id, 'noid:')\n)"}
	from := "found"
	if items != "" {
		tables, from = append(tables, items), "items"
	}
	tables = append(tables,
		"sent AS (\n  -- each source path; a value of another type is null\n  SELECT raw.*"+q.sentSQL()+"\n  FROM "+from+" AS raw\n)",
		"made AS (\n  SELECT\n    "+strings.Join(columns, ",\n    ")+"\n  FROM sent AS raw"+joinConditions("\n  WHERE ", "\n    AND ", where)+"\n)")
	return fmt.Sprintf("-- %s: rows of %s from %s objects\nWITH %s\nSELECT * FROM made%s\n", m.Name, m.Schema.Table, m.Source.Object,
		strings.Join(tables, ", "), joinConditions("\nWHERE ", "\n  AND ", constraintsSQL(compiled.fields)))
}

// sourceSQL renders raw, with NULL for an object that is not valid JSON.
func (q *query) sourceSQL() string {
	out := "source AS (\n  SELECT account, id, observed_at, seq,\n    CASE WHEN json_valid(object) THEN object END AS object"
	if slices.ContainsFunc(q.found, func(f foundPaths) bool { return f.in == "raw.digits" }) {
		out += ",\n    -- the object with its numbers between quotes, as they were sent\n    CASE WHEN json_valid(object) THEN " + digitsSQL + " END AS digits"
	}
	return out + "\n  FROM raw\n)"
}

func newQuery(whole bool) *query {
	return &query{whole: whole, named: map[string]bool{}, indexed: map[*scope]bool{}}
}

// joinConditions joins conditions after first; it returns "" without any.
func joinConditions(first, next string, conditions []string) string {
	if len(conditions) == 0 {
		return ""
	}
	return first + strings.Join(conditions, next)
}

func (q *query) sentSQL() string {
	return joinEach(q.sent, func(c sentColumn) string { return ",\n    " + c.sql + " AS " + sqltext.Ident(c.name) }, "")
}

// itemsSQL renders a row for each item; "" where an object makes one row.
func (f *mappingForms) itemsSQL(q *query) string {
	s := f.items
	if s == nil {
		return ""
	}
	columns := ",\n    unnest(" + s.list.elements(q) + ") AS " + s.sql()
	digits := sqltext.Ident(s.label + "_digits")
	if len(q.foundIn(digits).paths) > 0 {
		columns += ",\n    unnest(" + s.list.list(q, "raw.digits", "[*]") + ") AS " + digits
	}
	return fmt.Sprintf("each AS (\n  SELECT raw.*%s\n  FROM found AS raw\n), items AS (\n  SELECT raw.*%s%s\n  FROM each AS raw\n  WHERE json_type(%s) = 'OBJECT'\n)",
		columns, q.foundSQL(s.sql()), q.foundSQL(digits), s.sql())
}

// columnsSQL renders the table's columns, with the system columns.
func (m *mapping) columnsSQL(q *query) []string {
	var out []string
	for i := range m.fields {
		f := &m.fields[i]
		if f.leaf == nil {
			out = append(out, systemSQL[f.name]+" AS "+sqltext.Ident(f.name))
			continue
		}
		for _, c := range f.physical(q, "    ") {
			out = append(out, c.sql+" AS "+sqltext.Ident(c.name))
		}
	}
	return out
}

// systemSQL are the SQL forms of systemFields.
var systemSQL = map[string]string{
	"account": "raw.account", "deleted": "false", "deleted_seen_at": "NULL::TIMESTAMP", "_source_id": "raw.id", "_seq": "raw.seq::BIGINT",
}

// physical returns the one column of a field, or the two of money.
func (f *field) physical(q *query, indent string) []sentColumn {
	d := f.leaf.declared
	out := []sentColumn{{d.Name, f.sql(q, indent)}}
	if d.Type.Kind == schemas.Money && d.Minor {
		minor := "NULL::BIGINT"
		if x := f.leaf.value; x.minor != nil {
			minor = x.minor(q)
		}
		out = append(out, sentColumn{d.Name + "_minor", minor})
	}
	return out
}

// sql renders a field's value.
func (f *field) sql(q *query, indent string) string {
	l := f.leaf
	switch {
	case f.shape == shapeObject:
		return conditionally(f.conditions(q), f.structSQL(q, indent))
	case f.shape == shapeObjects:
		return f.listSQL(q, indent)
	case l.value.sql == nil || l.value.class == classNil || l.value.class == classBroken:
		return "NULL::" + duckType(l.declared.Type)
	case f.shape == shapeValues:
		return conditionally([]string{l.from.substitute(q, "json_type($object, $path) = 'ARRAY'", "")}, l.copied(q, "[*]"))
	case f.shape == shapeEntries:
		return conditionally([]string{l.from.substitute(q, isObjectSQL, "")},
			"map("+l.from.substitute(q, "json_keys($object, $path)", "")+", "+l.copied(q, ".*")+")")
	}
	return l.value.sql(q)
}

func conditionally(conditions []string, sql string) string {
	if len(conditions) == 0 {
		return sql
	}
	return "CASE WHEN " + strings.Join(conditions, " AND ") + " THEN " + sql + " END"
}

// conditions renders the conditions under which a nested object is not NULL.
func (f *field) conditions(q *query) []string {
	var out []string
	if f.leaf.from != nil && f.shape == shapeObject {
		out = append(out, f.leaf.from.substitute(q, isObjectSQL, ""))
	}
	if f.leaf.when != nil {
		out = append(out, q.truth(*f.leaf.when))
	}
	return out
}

func (f *field) structSQL(q *query, indent string) string {
	var members []string
	for i := range f.members {
		for _, c := range f.members[i].physical(q, indent+"  ") {
			members = append(members, "\n"+indent+"  "+sqltext.Literal(c.name)+": "+c.sql)
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

// listSQL renders one object for each element.
func (f *field) listSQL(q *query, indent string) string {
	element := f.leaf.each.sql()
	conditions := append([]string{"json_type(" + element + ") = 'OBJECT'"}, f.conditions(q)...)
	body := conditionally(conditions, f.structSQL(q, indent))
	return conditionally([]string{f.leaf.from.substitute(q, "json_type($object, $path) = 'ARRAY'", "")}, f.leaf.each.transformed(q, body))
}

// transformed renders the list of a body's values for each element.
func (s *scope) transformed(q *query, body string) string {
	names := s.sql()
	if q.indexed[s] {
		names += ", " + s.variable("i")
	}
	return "list_transform(" + s.list.elements(q) + ", lambda " + names + ": " + body + ")"
}

// copied renders the reading of each element of a list or each value of a map.
func (l *lineageForms) copied(q *query, below string) string {
	all, element, digits := l.from.list(q, l.from.scope.sql(), below), "value", "value"
	names := "value"
	if strings.Contains(l.read, "$2") {
		names, digits = "value, n", l.from.list(q, q.digitsOf(l.from.scope), below)+"[n]"
	}
	return "list_transform(" + all + ", lambda " + names + ": " + strings.NewReplacer("$1", element, "$2", digits).Replace(l.read) + ")"
}

// duckType returns the DuckDB type of a column.
func duckType(t schemas.Type) string {
	switch t.Kind {
	case schemas.Object:
		return "STRUCT(" + joinEach(schemas.Members(t.Fields), func(c schemas.Column) string { return sqltext.Ident(c.Name) + " " + duckType(c.Type) }, ", ") + ")"
	case schemas.List:
		return duckType(*t.Elem) + "[]"
	case schemas.Map:
		return "MAP(VARCHAR, " + duckType(*t.Elem) + ")"
	}
	return map[schemas.Kind]string{
		schemas.String: "VARCHAR", schemas.Boolean: "BOOLEAN", schemas.Short: "SMALLINT", schemas.Integer: "INTEGER", schemas.Long: "BIGINT",
		schemas.Number: "DOUBLE", schemas.Decimal: "DECIMAL(38,12)", schemas.Money: "DECIMAL(18,3)", schemas.Date: "DATE", schemas.DateTime: "TIMESTAMP", schemas.JSON: "JSON",
	}[t.Kind]
}
