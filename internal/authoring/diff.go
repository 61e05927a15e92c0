package authoring

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// Difference is a change that an edit causes for users of a table.
type Difference struct {
	Table    string  `json:"table"`
	Column   string  `json:"column,omitempty"` // "" for the table as a whole
	What     string  `json:"what"`
	Breaking bool    `json:"breaking,omitempty"` // users of the table must change something
	Derives  bool    `json:"derives,omitempty"`  // its rows are derived again
	Version  string  `json:"version,omitempty"`  // the problem of the schema's version, if there is one
	RowDiff  RowDiff `json:"rows"`
}

// Diff compares two sets, table by table: columns added, removed and changed, changed
// expressions, changed descriptions. Derives marks the tables whose rows must be
// compared.
func Diff(old, edited *schemas.Set, oldMappings, newMappings *transform.Mappings) []Difference {
	out := []Difference{} // "[]" in JSON, never null
	for _, table := range edited.Schemas {
		before := old.Table(table.Table)
		if before == nil {
			out = append(out, Difference{Table: table.Table, What: "new table", Derives: true})
			continue
		}
		found := diffTable(before, table, expressions(old, oldMappings, before), expressions(edited, newMappings, table))
		derives := old.TableFingerprint(before) != edited.TableFingerprint(table)
		for _, name := range otherLookups(old, edited) {
			if derives && slices.ContainsFunc(edited.Mappings, func(m *schemas.Mapping) bool { return m.Schema == table && m.Names(name) }) {
				found = append(found, Difference{Table: table.Table, What: "its lookup " + name + " changed"})
			}
		}
		found = append(found, otherConditions(old, edited, table.Table)...)
		if derives && len(found) == 0 {
			found = append(found, Difference{Table: table.Table, What: "a condition or a list inside it changed"})
		}
		breaking := slices.ContainsFunc(found, func(d Difference) bool { return d.Breaking })
		for i := range found {
			found[i].Derives = derives
			found[i].Version = versionFor(table, before.Version, breaking, derives)
		}
		out = append(out, found...)
	}
	for _, table := range old.Schemas {
		if edited.Table(table.Table) == nil {
			out = append(out, Difference{Table: table.Table, What: "table removed", Breaking: true, Derives: true})
		}
	}
	return append(out, diffResources(old.Resources, edited.Resources)...)
}

// diffResources compares what is read from Stripe. Rows do not depend on it.
func diffResources(old, edited *schemas.Resources) (out []Difference) {
	for _, r := range edited.All() {
		before, known := old.Named(r.Name)
		switch {
		case !known:
			out = append(out, Difference{Table: r.Name, What: "new resource"})
		case !r.Equal(before):
			out = append(out, Difference{Table: r.Name, What: "the resource is declared otherwise"})
		}
	}
	for _, r := range old.All() {
		if _, left := edited.Named(r.Name); !left {
			out = append(out, Difference{Table: r.Name, What: "resource removed: it is read no more"})
		}
	}
	return out
}

// otherConditions returns the mappings of a table that have another where.
func otherConditions(old, edited *schemas.Set, table string) []Difference {
	var out []Difference
	for _, m := range edited.Mappings {
		i := slices.IndexFunc(old.Mappings, func(o *schemas.Mapping) bool { return o.Name == m.Name })
		if m.Schema.Table != table || i < 0 || whereOf(old.Mappings[i]) == whereOf(m) {
			continue
		}
		out = append(out, Difference{Table: table, What: fmt.Sprintf("rows %s, were %s", whereOf(m), whereOf(old.Mappings[i]))})
	}
	return out
}

func whereOf(m *schemas.Mapping) string {
	if m.Where == nil {
		return "of every object"
	}
	return "only where " + strings.Join(strings.Fields(m.Where.Value), " ")
}

// otherLookups returns the names of lookups in both sets that have different rows.
func otherLookups(old, edited *schemas.Set) []string {
	var names []string
	for _, l := range edited.Lookups {
		if o := old.Lookup(l.Name); o != nil && !slices.Equal(o.Rows, l.Rows) {
			names = append(names, l.Name)
		}
	}
	return names
}

// expressions returns the expressions of each leaf of a table, in all its mappings.
func expressions(set *schemas.Set, mappings *transform.Mappings, table *schemas.Schema) map[string]string {
	all := map[string]string{}
	for _, m := range set.Mappings {
		if m.Schema != table {
			continue
		}
		for _, leaf := range mappings.Lineage(m) {
			all[leaf.Target] += strings.Join(strings.Fields(leaf.Expression), " ") + "\n"
		}
	}
	return all
}

// diffTable compares the leaves of one table. It returns one Difference for each change
// of a leaf.
func diffTable(old, edited *schemas.Schema, oldMade, newMade map[string]string) []Difference {
	var out []Difference
	add := func(column, what string, breaking bool) {
		out = append(out, Difference{Table: edited.Table, Column: column, What: what, Breaking: breaking})
	}
	before, after := leafFields(old.Fields), leafFields(edited.Fields)
	for _, l := range after {
		o, there := find(before, l.path)
		former, renamed := formerLeaf(before, after, l)
		switch {
		case l.now != "" && there:
			// The leaf with its new name shows the change.
		case l.now != "":
			add(l.path, "former name of "+l.now+", as a second column", false)
		case there:
			diffLeaf(add, o, l, oldMade[l.path], newMade[l.path])
		case renamed:
			// A query with the old name still works: it stays as a second column.
			add(l.path, "new name of "+former.path+", which stays beside it", false)
			diffLeaf(add, former, l, oldMade[former.path], newMade[l.path])
		default:
			add(l.path, "new column, "+l.field.Type.String(), false)
		}
	}
	for _, o := range before {
		if _, there := find(after, o.path); !there {
			add(o.path, "column removed", true)
		}
	}
	if !sameNames(edited.Fields, old.PrimaryKey, edited.PrimaryKey) {
		add("", "another primary key", true)
	}
	if !sameNames(edited.Fields, []string{old.Timestamp}, []string{edited.Timestamp}) || old.Partition != edited.Partition {
		add("", fmt.Sprintf("partitions by %s of %s, were by %s of %s", edited.Partition, edited.Timestamp, old.Partition, old.Timestamp), true)
	}
	if edited.History != old.History {
		what := "keeps its history, in " + edited.HistoryTable()
		if old.History {
			what = "keeps no history any more"
		}
		add("", what, old.History)
	}
	return out
}

// diffLeaf compares one leaf with its earlier version.
func diffLeaf(add func(column, what string, breaking bool), o, l leafField, oldMade, newMade string) {
	was, is := o.field, l.field
	for _, change := range []struct {
		is       bool
		what     string
		breaking bool
	}{
		{was.Type.String() != is.Type.String(), "type " + was.Type.String() + " becomes " + is.Type.String(), !wider(was.Type.Kind, is.Type.Kind)},
		{!was.Required && is.Required, "is required now: rows without it are refused", true},
		{was.Required && !is.Required, "is required no more: it may be null", true},
		{!was.Closed && is.Closed, "its enum is closed now: rows with other values are refused", true},
		{was.Closed && is.Closed && fewer(was.Enum, is.Enum), "its closed enum lost values: rows with them are refused", true},
		{was.Unit != is.Unit, "its currency stands in " + is.Unit + " now, was " + was.Unit, true},
		{was.Minor && !is.Minor, "its minor units are no column any more", true},
		{!was.Minor && is.Minor && was.Type.Kind == schemas.Money, "its minor units are a new column", false},
		{!was.Hashed && is.Hashed, "holds hashes now", true},
		{was.Hashed && !is.Hashed, "holds its values now, and no hashes", true},
		{oldMade != newMade, fmt.Sprintf("made by %s, was %s", oneLine(newMade), oneLine(oldMade)), false},
		{was.Pattern != is.Pattern || was.MaxLength != is.MaxLength, "another pattern or length is counted as drift", false},
		{was.Status != is.Status, "is " + cmp.Or(is.Status, "stable") + " now", false},
		{
			was.Title != is.Title || was.Description != is.Description || o.label != l.label || was.Ref != is.Ref || !slices.Equal(was.Enum, is.Enum),
			"other words (title, description, label, reference or known values)", false,
		},
	} {
		if change.is {
			add(l.path, change.what, change.breaking)
		}
	}
}

// fewer reports whether the edited enum lacks a value of the old one.
func fewer(old, edited []schemas.EnumValue) bool {
	return slices.ContainsFunc(old, func(o schemas.EnumValue) bool {
		return !slices.ContainsFunc(edited, func(e schemas.EnumValue) bool { return e.Value == o.Value })
	})
}

func oneLine(text string) string {
	return cmp.Or(strings.Join(strings.Split(strings.TrimSpace(text), "\n"), " and "), "nothing")
}

type leafField struct {
	path  string
	field *schemas.Field
	label string // its own, or that of an object around it
	now   string // for a former name: its present path
}

// leafFields returns the fields that are not objects, by path.
func leafFields(fields []*schemas.Field) []leafField { return leavesIn(fields, leafField{}) }

func leavesIn(fields []*schemas.Field, around leafField) []leafField {
	var out []leafField
	for _, f := range fields {
		l := leafField{path: inside(around.path, f.Name), field: f, label: cmp.Or(f.Label, around.label)}
		if f.FormerOf != "" || around.now != "" {
			l.now = inside(cmp.Or(around.now, around.path), cmp.Or(f.FormerOf, f.Name))
		}
		switch {
		case f.Type.Kind == schemas.Object:
			out = append(out, leavesIn(f.Type.Fields, l)...)
		case f.Type.Elem != nil && f.Type.Elem.Kind == schemas.Object:
			l.path, l.now = l.path+"[]", strings.TrimPrefix(l.now+"[]", "[]")
			out = append(out, leavesIn(f.Type.Elem.Fields, l)...)
		default:
			out = append(out, l)
		}
	}
	return out
}

func inside(around, name string) string { return strings.TrimPrefix(around+"."+name, ".") }

func find(all []leafField, path string) (leafField, bool) {
	i := slices.IndexFunc(all, func(l leafField) bool { return l.path == path })
	if i < 0 {
		return leafField{}, false
	}
	return all[i], true
}

// formerLeaf returns the leaf from before it was renamed.
func formerLeaf(before, after []leafField, l leafField) (leafField, bool) {
	for _, former := range after {
		if o, there := find(before, former.path); there && former.now == l.path {
			return o, true
		}
	}
	return leafField{}, false
}

// sameNames reports whether two lists name the same fields, by their former or their
// present names.
func sameNames(fields []*schemas.Field, old, edited []string) bool {
	return slices.EqualFunc(old, edited, func(was, is string) bool {
		return was == is || slices.ContainsFunc(fields, func(f *schemas.Field) bool { return f.Name == was && f.FormerOf == is })
	})
}

// widths are integer kinds in ascending order: each holds the values of the one before.
var widths = []schemas.Kind{schemas.Short, schemas.Integer, schemas.Long}

func wider(old, edited schemas.Kind) bool {
	from, to := slices.Index(widths, old), slices.Index(widths, edited)
	return from >= 0 && to > from
}

// versionFor checks the schema's version against its changes (S7): a breaking change
// needs a new major version, another one that derives rows at least a new minor
// version. It returns the problem, or "".
func versionFor(s *schemas.Schema, old string, breaking, derives bool) string {
	was, is := numbers(old), numbers(s.Version)
	switch {
	case breaking && is[0] <= was[0]:
		return fmt.Sprintf("S7: a breaking change needs a new major version: %s is at %s, was %s", s.Table, s.Version, old)
	case derives && slices.Compare(is[:2], was[:2]) <= 0:
		return fmt.Sprintf("raise the minor version of %s: it is at %s, was %s", s.Table, s.Version, old)
	}
	return ""
}

// numbers returns the three numbers of a semantic version, which loading has checked.
func numbers(version string) []int {
	out := make([]int, 3)
	for i, text := range strings.SplitN(version, ".", 3) {
		out[i], _ = strconv.Atoi(text)
	}
	return out
}
