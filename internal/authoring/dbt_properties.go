package authoring

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/schemas"
)

// described returns a table with its columns and the tests that hold on correct data.
func (t dbtTable) described(set *schemas.Set) dbtProperties {
	p := dbtProperties{Name: quotedText(t.name), Description: quotedText(t.description)}
	if len(t.key) > 0 {
		p.DataTests = []any{t.unique()}
	}
	for _, c := range t.columns {
		p.Columns = append(p.Columns, t.column(set, c))
	}
	return p
}

// unique returns the test that a table's key is unique. dbt's own test takes one column
// or an expression. Accounts have no slash, so different keys give different texts.
func (t dbtTable) unique() map[string]dbtTest {
	parts := []string{"account"}
	for _, name := range t.key {
		parts = append(parts, sqltext.Ident(name))
	}
	return map[string]dbtTest{"unique": {
		Name:      quotedText(t.name + "_key_is_unique"),
		Arguments: map[string]any{"column_name": quotedText("concat_ws('/', " + strings.Join(parts, ", ") + ")")},
	}}
}

func (t dbtTable) column(set *schemas.Set, c dbtColumn) dbtProperties {
	p := dbtProperties{Name: quotedText(c.Name), Description: quotedText(c.description), DataType: quotedText(c.kind)}
	if meta := dbtMeta(c); len(meta) > 0 {
		p.Config = &dbtConfig{Meta: meta}
	}
	if len(t.key) > 0 && (c.Name == "account" || slices.Contains(t.key, c.Name)) {
		p.DataTests = append(p.DataTests, quotedText("not_null"))
	}
	if c.Field != nil && c.Field.Name == c.Name {
		p.DataTests = append(p.DataTests, accepted(c.Field)...)
		p.DataTests = append(p.DataTests, t.reference(set, c.Field)...)
	}
	return p
}

// dbtMeta returns the properties for which dbt has no key of its own.
func dbtMeta(c dbtColumn) (meta yaml.MapSlice) {
	f := c.Field
	if f == nil {
		return nil
	}
	add := func(name string, value any) {
		if value != quotedText("") {
			meta = append(meta, yaml.MapItem{Key: name, Value: value})
		}
	}
	switch inside := labelledIn(f, ""); {
	case f.Label != "":
		add(f.Label, true)
	case len(inside) > 0:
		add("pii_members", inside)
	}
	if f.Hashed {
		add("hashed", true)
	}
	add("unit", quotedText(f.Unit))
	add("identity", quotedText(f.Identity))
	if f.Status == "deprecated" {
		add("status", quotedText(f.Status))
		add("replaced_by", quotedText(f.ReplacedBy))
	}
	return meta
}

// labelledIn returns the paths of the personal members of an object, or of a list's
// elements.
func labelledIn(f *schemas.Field, prefix string) (paths []quotedText) {
	for _, m := range f.Type.Inner() {
		if m.Label != "" {
			paths = append(paths, quotedText(prefix+m.Name))
		}
		paths = append(paths, labelledIn(m, prefix+m.Name+".")...)
	}
	return paths
}

// accepted returns the test of a closed enumeration: a row with another value is a
// reject and not in the table. An open one accepts any value.
func accepted(f *schemas.Field) []any {
	if !f.Closed || f.Type.Kind != schemas.String || f.Hashed {
		return nil
	}
	var values []quotedText
	for _, v := range f.Enum {
		values = append(values, quotedText(v.Value))
	}
	return []any{map[string]dbtTest{"accepted_values": {Arguments: map[string]any{"values": values}}}}
}

// reference returns the test that the object to which a row refers exists, for cases
// where that can be known: its list is read from the beginning until after the row was
// read, and it is no reject. There is no test for deletable objects, because Stripe no
// longer lists deleted ones while others still refer to them, nor for columns filled
// long after the row was made, because the object may not be read yet. The test only
// warns: a row may refer to a forgotten object.
func (t dbtTable) reference(set *schemas.Set, f *schemas.Field) []any {
	to := set.Schema(f.Ref)
	if t.schema == nil || to == nil || f.Type.Kind != schemas.String || f.Hashed || !slices.Equal(to.PrimaryKey, []string{"id"}) ||
		set.Resources.IsLateColumn(f.Name) || !holdsAll(t.schema, schemas.SeenAt, "created") {
		return nil
	}
	target, _ := set.Resources.Named(to.Table)
	if target.Deletable {
		return nil
	}
	since := "k.complete_from IS NULL"
	if target.MadeWhenNamed {
		since += " OR " + t.name + ".created >= k.complete_from"
	}
	where := fmt.Sprintf(`EXISTS (SELECT 1 FROM %[1]s.meta.coverage k WHERE k.account = %[2]s.account AND k.resource = '%[3]s' AND (%[4]s) `+
		`AND (%[2]s.synced_at < k.complete_through OR %[2]s.created + INTERVAL 31 DAY < k.complete_through)) `+
		`AND NOT EXISTS (SELECT 1 FROM %[1]s.meta.rejects x WHERE x.account = %[2]s.account AND x.stream = '%[3]s' AND x.id = %[2]s.%[5]s)`,
		t.database, t.name, to.Table, since, f.Name)
	return []any{map[string]dbtTest{"relationships": {
		Arguments: map[string]any{"field": quotedText("id"), "to": quotedText(fmt.Sprintf("source('%s', '%s')", dbtSourceName, to.Table))},
		Config:    &dbtConfig{Severity: "Warn", Where: quotedText(where)},
	}}}
}

// holdsAll reports whether a table declares fields of these names.
func holdsAll(s *schemas.Schema, names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return schemas.FieldAt(s.Fields, name) == nil })
}
