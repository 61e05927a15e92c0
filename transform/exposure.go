package transform

import (
	"slices"
	"strings"

	"github.com/stripelake/stripelake/schemas"
)

// exposure is what the tables of a set show of Stripe's objects, column by
// column. Two sets are compared by it: by the effect of their privacy, not by
// its wording.
type exposure struct {
	shown     []shownPath
	protected []string // source paths that the policy hides from a column, or that are blanked in the raw log
}

// shownPath is a source path that a column shows in the clear.
type shownPath struct {
	path, expression, column string // "customer.email", "lower(email)", "customers.email"
}

// Shown is a source path that becomes readable, and the column that shows it.
type Shown struct{ Path, Column string }

// Opened returns what the tables of the set after show in the clear although
// the set before hides it, by source path and column. before hides a path where
// its policy drops or hashes the column, and where the path is blanked before
// the raw log. A path that before showed through the same expression is not
// returned, even if it hides the path elsewhere.
func Opened(before, after *schemas.Set, blanked []string) ([]Shown, error) {
	hides, err := exposureOf(before, blanked)
	if err != nil {
		return nil, err
	}
	shows, err := exposureOf(after, nil)
	if err != nil {
		return nil, err
	}
	return hides.opens(shows), nil
}

// exposureOf returns what a set shows, and what its policy and the paths
// blanked before the raw log hide. A column that is true or false shows nothing
// of the values that it was computed from.
func exposureOf(set *schemas.Set, blanked []string) (exposure, error) {
	e := exposure{protected: slices.Clone(blanked)}
	// Without the policy every column exists, so that its lineage is known.
	bare, err := set.WithoutPrivacy()
	if err != nil {
		return e, err
	}
	mappings, err := Compile(bare)
	if err != nil {
		return e, err
	}
	for _, m := range bare.Mappings {
		table := set.Table(m.Schema.Table)
		for _, leaf := range mappings.Lineage(m) {
			if leaf.Type.Kind == schemas.Boolean {
				continue
			}
			inClear := table != nil && isClear(table.Fields, strings.Split(strings.ReplaceAll(leaf.Target, "[]", ""), "."))
			for _, source := range leaf.Sources {
				path := m.Source.Object + "." + source
				if inClear {
					e.shown = append(e.shown, shownPath{path, leaf.Expression, m.Schema.Table + "." + leaf.Target})
				} else {
					e.protected = append(e.protected, path)
				}
			}
		}
	}
	slices.Sort(e.protected)
	e.protected = slices.Compact(e.protected)
	return e, nil
}

// isClear reports whether the field at a path exists and holds its values as
// they were sent.
func isClear(fields []*schemas.Field, path []string) bool {
	i := slices.IndexFunc(fields, func(f *schemas.Field) bool { return f.Name == path[0] })
	switch {
	case i < 0:
		return false // it, or an object that holds it, is dropped
	case len(path) > 1:
		return isClear(fields[i].Type.Inner(), path[1:])
	}
	return !fields[i].Hashed
}

// opens returns the paths that next shows and e protects.
func (e exposure) opens(next exposure) []Shown {
	var opened []Shown
	for _, x := range next.shown {
		before := slices.ContainsFunc(e.shown, func(s shownPath) bool { return s.path == x.path && s.expression == x.expression })
		if !before && slices.ContainsFunc(e.protected, func(p string) bool { return overlap(p, x.path) }) {
			opened = append(opened, Shown{x.path, x.column})
		}
	}
	slices.SortFunc(opened, func(a, b Shown) int { return strings.Compare(a.Path+" "+a.Column, b.Path+" "+b.Column) })
	return slices.Compact(opened)
}

// overlap reports whether one path is the other or leads through it. A column
// that reads an object reads its members too.
func overlap(a, b string) bool { return Within(a, b) || Within(b, a) }

// Within reports whether a source path is another one or lies below it.
func Within(path, above string) bool {
	rest, ok := strings.CutPrefix(path, above)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
