package authoring

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/schemas"
)

// yamlText is YAML under construction. Texts stand in double quotes, as JSON has
// them; names are letters, digits and underscores.
type yamlText struct{ strings.Builder }

func (y *yamlText) line(indent int, format string, args ...any) {
	y.WriteString(strings.Repeat("  ", indent))
	fmt.Fprintf(y, format+"\n", args...)
}

func (y *yamlText) source(name, schema, description string) {
	y.line(1, "- name: %s", name)
	y.line(2, "description: %s", yamlString(description))
	y.line(2, "database: %s", dbtDatabase)
	y.line(2, "schema: %s", schema)
	y.line(2, "loader: stripelake")
	y.line(2, "tables:")
}

func (y *yamlText) table(set *schemas.Set, t dbtTable) {
	y.line(3, "- name: %s", yamlName(t.name))
	y.line(4, "description: %s", yamlString(t.description))
	if len(t.key) > 0 {
		y.key(t)
	}
	y.line(4, "columns:")
	for _, c := range t.columns {
		y.column(set, t, c)
	}
}

// key tests that rows are told apart. dbt's own test takes one column, or an
// expression: accounts hold no slash, so keys cannot run into each other.
func (y *yamlText) key(t dbtTable) {
	parts := []string{"account"}
	for _, name := range t.key {
		parts = append(parts, quoted(name))
	}
	y.line(4, "data_tests:")
	y.line(5, "- unique:")
	y.line(7, "name: %s_key_is_unique", t.name)
	y.line(7, "arguments:")
	y.line(8, "column_name: %s", yamlString("concat_ws('/', "+strings.Join(parts, ", ")+")"))
}

func (y *yamlText) column(set *schemas.Set, t dbtTable, c dbtColumn) {
	y.line(5, "- name: %s", yamlName(c.Name))
	y.line(6, "description: %s", yamlString(c.description))
	if c.kind != "" {
		y.line(6, "data_type: %s", yamlString(c.kind))
	}
	if meta := dbtMeta(c); len(meta) > 0 {
		y.line(6, "config:")
		y.line(7, "meta: {%s}", strings.Join(meta, ", "))
	}
	tests := &yamlText{}
	if len(t.key) > 0 && (c.Name == "account" || slices.Contains(t.key, c.Name)) {
		tests.line(7, "- not_null")
	}
	if c.Field != nil && c.Field.Name == c.Name {
		tests.accepted(c.Field)
		tests.reference(set, t, c.Field)
	}
	if tests.Len() > 0 {
		y.line(6, "data_tests:")
		y.WriteString(tests.String())
	}
}

// dbtMeta is what dbt has no word for.
func dbtMeta(c dbtColumn) []string {
	f := c.Field
	if f == nil {
		return nil
	}
	var meta []string
	add := func(name, value string) {
		if value != "" {
			meta = append(meta, name+": "+value)
		}
	}
	switch inside := labelledIn(f, ""); {
	case f.Label != "":
		add(f.Label, "true")
	case len(inside) > 0:
		add("pii_members", "["+strings.Join(inside, ", ")+"]")
	}
	if f.Hashed {
		add("hashed", "true")
	}
	if f.Unit != "" {
		add("unit", yamlString(f.Unit))
	}
	if f.Identity != "" {
		add("identity", yamlString(f.Identity))
	}
	if f.Status == "deprecated" {
		add("status", f.Status)
		add("replaced_by", f.ReplacedBy)
	}
	return meta
}

// labelledIn lists the members of an object, or of a list's elements, that are
// personal, by path.
func labelledIn(f *schemas.Field, prefix string) (paths []string) {
	for _, m := range f.Type.Inner() {
		if m.Label != "" {
			paths = append(paths, prefix+m.Name)
		}
		paths = append(paths, labelledIn(m, prefix+m.Name+".")...)
	}
	return paths
}

// accepted tests an enumeration that is closed: a row with another value is a
// reject, and not here. Of an open one any value may come.
func (y *yamlText) accepted(f *schemas.Field) {
	if !f.Closed || f.Type.Kind != schemas.String || f.Hashed {
		return
	}
	var values []string
	for _, v := range f.Enum {
		values = append(values, yamlString(v.Value))
	}
	y.line(7, "- accepted_values:")
	y.line(9, "arguments:")
	y.line(10, "values: [%s]", strings.Join(values, ", "))
}

// What Stripe deletes it lists no more, while others still name it; and what may
// be filled long after the row was made may be on its way. As in `verify`.
var (
	dbtDeletes = []string{"customers", "prices"}
	dbtLate    = []string{"failure_balance_transaction_id"}
)

// reference tests that what a row names is there, where that can be known: the
// list of it is read from its beginning, and to after the row was, and it was no
// reject. It warns only: a row may name what was forgotten.
func (y *yamlText) reference(set *schemas.Set, t dbtTable, f *schemas.Field) {
	to := set.Schema(f.Ref)
	if t.schema == nil || to == nil || f.Type.Kind != schemas.String || f.Hashed || !slices.Equal(to.PrimaryKey, []string{"id"}) ||
		slices.Contains(dbtDeletes, to.Table) || slices.Contains(dbtLate, f.Name) || !holdsAll(t.schema, schemas.SeenAt, "created") {
		return
	}
	since := "k.complete_from IS NULL"
	if to.Table == "balance_transactions" { // which is made with the row, or after it
		since += " OR " + t.name + ".created >= k.complete_from"
	}
	where := fmt.Sprintf(`EXISTS (SELECT 1 FROM %[1]s.meta.coverage k WHERE k.account = %[2]s.account AND k.resource = '%[3]s' AND (%[4]s) `+
		`AND (%[2]s.synced_at < k.complete_through OR %[2]s.created + INTERVAL 31 DAY < k.complete_through)) `+
		`AND NOT EXISTS (SELECT 1 FROM %[1]s.meta.rejects x WHERE x.account = %[2]s.account AND x.stream = '%[3]s' AND x.id = %[2]s.%[5]s)`,
		dbtDatabase, t.name, to.Table, since, f.Name)
	y.line(7, "- relationships:")
	y.line(9, "arguments:")
	y.line(10, "to: source('%s', '%s')", dbtDatabase, to.Table)
	y.line(10, "field: id")
	y.line(9, "config:")
	y.line(10, "severity: Warn")
	y.line(10, "where: %s", yamlString(where))
}

// holdsAll reports whether a table declares fields of these names.
func holdsAll(s *schemas.Schema, names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return schemas.FieldAt(s.Fields, name) == nil })
}

var (
	plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	// What YAML 1.1, which dbt reads, takes for something else than a name.
	yamlWords = []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
)

func yamlName(name string) string {
	if plainName.MatchString(name) && !slices.Contains(yamlWords, strings.ToLower(name)) {
		return name
	}
	return yamlString(name)
}

// yamlString is a text in double quotes. dbt takes braces in texts for Jinja,
// which is none of a schema's.
func yamlString(text string) string {
	text = strings.NewReplacer("{{", "{ {", "{%", "{ %", "{#", "{ #").Replace(text)
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string can always be written
	return strings.TrimSuffix(b.String(), "\n")
}
