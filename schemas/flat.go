package schemas

import (
	"slices"
	"strconv"
	"strings"

	"github.com/stripelake/stripelake/internal/strictyaml"
)

// FlatColumn is a column of a table's flat view, which has no column of a nested type:
// each member of an object is a column.
type FlatColumn struct {
	Column          // of the member itself
	Flat   string   // its name in the view: payment_method_type
	Path   []string // the table's column, and the members inside it
}

// FlatColumns returns the columns of a table's flat view, in the table's order. Where two
// would have one name, the later one is numbered: S16 warns of that.
func (s *Schema) FlatColumns() []FlatColumn {
	taken := map[string]bool{}
	columns := s.Columns()
	for _, c := range columns {
		if !c.isNested() {
			taken[strings.ToLower(c.Name)] = true // a column of the table keeps its name
		}
	}
	return flatten(nil, columns, nil, taken)
}

// isNested reports whether a column's members are columns of the flat view.
func (c Column) isNested() bool { return c.Type.Kind == Object }

func flatten(out []FlatColumn, columns []Column, path []string, taken map[string]bool) []FlatColumn {
	for _, c := range columns {
		at := append(slices.Clip(path), c.Name)
		if c.isNested() {
			out = flatten(out, Members(c.Type.Fields), at, taken)
			continue
		}
		name := strings.Join(at, "_")
		if len(path) > 0 {
			for n, first := 2, name; taken[strings.ToLower(name)]; n++ {
				name = first + "_" + strconv.Itoa(n)
			}
			taken[strings.ToLower(name)] = true
		}
		out = append(out, FlatColumn{c, name, at})
	}
	return out
}

// flatCollisions returns a warning for each member whose name in the flat view is taken.
func flatCollisions(r *strictyaml.Reporter, s *Schema) {
	for _, c := range s.FlatColumns() {
		if plain := strings.Join(c.Path, "_"); c.Flat != plain && c.Field != nil {
			r.Report(c.Field.Pos, "S16", "%s would be called %s in flat.%s, as another column is, and is called %s there :: rename one of them",
				strings.Join(c.Path, "."), plain, s.Table, c.Flat)
		}
	}
}
