package transform

import (
	"slices"

	"github.com/stripelake/stripelake/schemas"
)

// ColumnLineage says where the value of one column, or of one member of an
// object column, comes from. It has the same computation in the other languages
// too.
type ColumnLineage struct {
	Target     string       // path in the table: "bnpl.provider"; members of a list's elements are written "fee_details[].type"
	Type       schemas.Type // as declared; never an object: its members have lineages of their own
	Field      *schemas.Field
	Expression string      // as written; the field's name if same copies it; "" without a mapping
	Pos        schemas.Pos // of the expression
	Sources    []string    // source paths that it reads, from the object's root, sorted; elements of a list are "items.data[].price"

	// SQL is the DuckDB expression that computes the value from raw.object. In
	// a mapping with each it computes it from the item, by the item's name; for
	// a member of a list's elements, from element. raw.digits in it is the
	// object with each number between quotes, as it was sent. Conditions around
	// the leaf ($when, a source object that must be there) are in the whole
	// query, Mappings.SQL, and not here.
	SQL string

	// DataPrep is the expression of Adobe Experience Platform's Data Prep, with
	// $when around it, or "" with the Reason why it has none.
	DataPrep string
	Reason   string
}

// lineageForms is what the backends beside the kernel need of a compiled field.
// The kernel reads none of it.
type lineageForms struct {
	declared *schemas.Field
	pos      schemas.Pos
	written  string      // the expression, or the name that same copies
	value    expression  // converted to the field's type; for a list or map, the path that is copied
	when     *expression // nested
	from     *sourcePath // nested: the source object or list; values, entries: the list or map that is copied
	each     *scope      // objects
	read     string      // values, entries: the SQL that reads an element, see elementForm
}

// mappingForms is what the backends beside the kernel need of a compiled
// mapping.
type mappingForms struct {
	source *schemas.Mapping
	where  *expression
	items  *scope // of the items under each; nil where an object makes one row
}

// Lineage returns the lineage of each column of a mapping's table, in declared
// order and without the system columns. It returns nil for a mapping that is not
// among them.
func (p *Mappings) Lineage(m *schemas.Mapping) []ColumnLineage {
	compiled := p.mapping(m)
	if compiled == nil {
		return nil
	}
	return lineageOf(nil, compiled.fields, "", nil)
}

// mapping finds a compiled mapping, or nil.
func (p *Mappings) mapping(m *schemas.Mapping) *mapping {
	if m == nil || p.programs[m.Source.Object] == nil {
		return nil
	}
	all := p.programs[m.Source.Object].mappings
	if i := slices.IndexFunc(all, func(c mapping) bool { return c.forms.source == m }); i >= 0 {
		return &all[i]
	}
	return nil
}

func lineageOf(out []ColumnLineage, fields []field, prefix string, conditions []expression) []ColumnLineage {
	for i := range fields {
		f := &fields[i]
		if f.leaf == nil {
			continue // a system column
		}
		target := prefix + f.leaf.declared.Name
		switch f.shape {
		case shapeObject, shapeObjects:
			inner := conditions
			if f.leaf.when != nil {
				inner = append(slices.Clip(conditions), *f.leaf.when)
			}
			below := target + "."
			if f.shape == shapeObjects {
				below = target + "[]."
			}
			out = lineageOf(out, f.members, below, inner)
		default:
			out = append(out, f.lineage(target, conditions))
		}
	}
	return out
}

func (f *field) lineage(target string, conditions []expression) ColumnLineage {
	x := f.leaf.value
	l := ColumnLineage{
		Target: target, Type: f.leaf.declared.Type, Field: f.leaf.declared, Expression: f.leaf.written, Pos: f.leaf.pos,
		Sources: slices.Compact(slices.Sorted(slices.Values(x.reads))),
		SQL:     f.sql(newQuery(false), ""),
	}
	l.DataPrep, l.Reason = renderDataPrep(f.prep(conditions))
	return l
}

// prep returns a field's form in Data Prep.
func (f *field) prep(conditions []expression) func(*dataPrep) string {
	x := f.leaf.value
	return func(p *dataPrep) string {
		switch {
		case x.prep == nil:
			return p.without("nothing is mapped to it")
		case x.scope != nil && x.scope.list != nil && !x.scope.rows && x.path == nil:
			return p.without("Data Prep copies the elements of a list and computes nothing for each")
		case f.shape == shapeValues && classOf(f.leaf.from.field.Elem) == classReference:
			return p.without("an element may be an id or an expanded object")
		}
		out := x.prep(p)
		if f.shape == shapeEntries {
			out = "object_to_map(" + out + ")"
		}
		for _, when := range slices.Backward(conditions) {
			out = "iif(" + when.prep(p) + ", " + out + ", nullify())"
		}
		return out
	}
}
