package authoring

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// Difference is what an edit changes for those who read the tables.
type Difference struct {
	Table      string     `json:"table"`
	Column     string     `json:"column,omitempty"` // "" for the table as a whole
	What       string     `json:"what"`
	Breaking   bool       `json:"breaking,omitempty"` // readers of the table must change something
	Derives    bool       `json:"derives,omitempty"`  // its rows are derived again
	Version    string     `json:"version,omitempty"`  // what is wrong with the schema's version, if anything
	RowChanges RowChanges `json:"rows"`
}

// Diff compares two sets, table by table: columns added, removed and changed,
// other expressions, other words. Rows says which tables' rows to compare.
func Diff(old, edited *schemas.Set, oldPlan, newPlan *transform.Plan) []Difference {
	var out []Difference
	for _, table := range edited.Schemas {
		before := old.Table(table.Table)
		if before == nil {
			out = append(out, Difference{Table: table.Table, What: "new table", Derives: true})
			continue
		}
		found := diffTable(before, table, expressions(old, oldPlan, before), expressions(edited, newPlan, table))
		derives := old.TableFingerprint(before) != edited.TableFingerprint(table)
		for _, name := range otherLookups(old, edited) {
			if derives && slices.ContainsFunc(edited.Mappings, func(m *schemas.Mapping) bool { return m.Schema == table && m.Names(name) }) {
				found = append(found, Difference{Table: table.Table, What: "its lookup " + name + " changed"})
			}
		}
		if derives && len(found) == 0 {
			found = append(found, Difference{Table: table.Table, What: "a lookup, a condition or a list that it is made from changed"})
		}
		for i := range found {
			found[i].Derives = derives
			found[i].Version = versionFor(found[i], before.Version, table.Version)
		}
		out = append(out, found...)
	}
	for _, table := range old.Schemas {
		if edited.Table(table.Table) == nil {
			out = append(out, Difference{Table: table.Table, What: "table removed", Breaking: true, Derives: true})
		}
	}
	return out
}

// otherLookups are the lookups of both sets that hold other rows.
func otherLookups(old, edited *schemas.Set) []string {
	var names []string
	for _, l := range edited.Lookups {
		if o := old.Lookup(l.Name); o != nil && !slices.Equal(o.Rows, l.Rows) {
			names = append(names, l.Name)
		}
	}
	return names
}

// expressions are what each leaf of a table is made by, in all its mappings.
func expressions(set *schemas.Set, plan *transform.Plan, table *schemas.Schema) map[string]string {
	all := map[string]string{}
	for _, m := range set.Mappings {
		if m.Schema != table {
			continue
		}
		for _, leaf := range plan.Leaves(m) {
			all[leaf.Target] += strings.Join(strings.Fields(leaf.Expression), " ") + "\n"
		}
	}
	return all
}

// diffTable compares the leaves of one table.
func diffTable(old, edited *schemas.Schema, oldMade, newMade map[string]string) []Difference {
	var out []Difference
	add := func(column, what string, breaking bool) {
		out = append(out, Difference{Table: edited.Table, Column: column, What: what, Breaking: breaking})
	}
	before, after := leafFields(old.Fields, ""), leafFields(edited.Fields, "")
	for _, l := range after {
		o, there := find(before, l.path)
		switch {
		case !there && renamed(before, l):
			add(l.path, "new name of "+strings.Join(l.field.RenamedFrom, ", "), false)
		case !there:
			add(l.path, "new column, "+l.field.Type.String(), false)
		case o.Type.String() != l.field.Type.String():
			add(l.path, "type "+o.Type.String()+" becomes "+l.field.Type.String(), !wider(o.Type.Kind, l.field.Type.Kind))
		case !o.Required && l.field.Required:
			add(l.path, "is required now: rows without it are refused", true)
		case o.Required && !l.field.Required:
			add(l.path, "is required no more: it may be null", true)
		case !o.Closed && l.field.Closed:
			add(l.path, "its enum is closed now: rows with other values are refused", true)
		case !o.Hashed && l.field.Hashed:
			add(l.path, "holds hashes now", true)
		case oldMade[l.path] != newMade[l.path]:
			add(l.path, fmt.Sprintf("made by %s, was %s", oneLine(newMade[l.path]), oneLine(oldMade[l.path])), false)
		case o.Title != l.field.Title || o.Description != l.field.Description || o.Label != l.field.Label || !slices.Equal(o.Enum, l.field.Enum):
			add(l.path, "other words (title, description, label or known values)", false)
		}
	}
	for _, o := range before {
		if _, there := find(after, o.path); !there && !slices.ContainsFunc(after, func(l leafField) bool { return slices.Contains(l.field.RenamedFrom, o.field.Name) }) {
			add(o.path, "column removed", true)
		}
	}
	if !slices.Equal(old.PrimaryKey, edited.PrimaryKey) {
		add("", "another primary key", true)
	}
	return out
}

func oneLine(text string) string {
	return cmp.Or(strings.Join(strings.Split(strings.TrimSpace(text), "\n"), " and "), "nothing")
}

type leafField struct {
	path  string
	field *schemas.Field
}

// leafFields lists fields that are no objects, by path.
func leafFields(fields []*schemas.Field, prefix string) []leafField {
	var out []leafField
	for _, f := range fields {
		path := strings.TrimPrefix(prefix+"."+f.Name, ".")
		switch {
		case f.Type.Kind == schemas.Object:
			out = append(out, leafFields(f.Type.Fields, path)...)
		case f.Type.Elem != nil && f.Type.Elem.Kind == schemas.Object:
			out = append(out, leafFields(f.Type.Elem.Fields, path+"[]")...)
		default:
			out = append(out, leafField{path, f})
		}
	}
	return out
}

func find(all []leafField, path string) (*schemas.Field, bool) {
	for _, l := range all {
		if l.path == path {
			return l.field, true
		}
	}
	return nil, false
}

func renamed(before []leafField, l leafField) bool {
	return slices.ContainsFunc(before, func(o leafField) bool { return slices.Contains(l.field.RenamedFrom, o.field.Name) })
}

// widths order the kinds that each hold what the one before holds.
var widths = []schemas.Kind{schemas.Short, schemas.Integer, schemas.Long}

func wider(old, edited schemas.Kind) bool {
	from, to := slices.Index(widths, old), slices.Index(widths, edited)
	return from >= 0 && to > from
}

// versionFor says whether a schema's version moved as the change asks (S7): a
// breaking one is a new major, another one a new minor.
func versionFor(d Difference, old, edited string) string {
	major := func(v string) string { m, _, _ := strings.Cut(v, "."); return m }
	switch {
	case d.Breaking && major(old) == major(edited):
		return fmt.Sprintf("S7: a breaking change needs a new major version, and %s is still %s", d.Table, edited)
	case old == edited && d.Derives:
		return fmt.Sprintf("raise the version of %s: it is still %s", d.Table, edited)
	}
	return ""
}
