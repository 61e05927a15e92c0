package transform

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/schemas"
)

// mappingCompiler compiles one mapping.
type mappingCompiler struct {
	*objectCompiler
	source *schemas.Mapping
	root   sourcePath // the object
	row    sourcePath // the source of a row: the object, or an item of the list under each
	lets   map[string]*letName
	after  []func() // checks that run once all fields are compiled
}

// letName is a name under let.
type letName struct {
	value expression
	used  bool
}

func (o *objectCompiler) mapping(source *schemas.Mapping, root sourcePath) {
	m := &mappingCompiler{objectCompiler: o, source: source, root: root, row: root, lets: map[string]*letName{}}
	out := mapping{table: o.tableIndex(source.Schema), position: lineOf(source.Pos), forms: &mappingForms{source: source}}
	e := &expressionCompiler{mappingCompiler: m, base: root}
	e.oneCurrency = source.Where != nil && strings.Contains(source.Where.Value, "currency")
	mistakes := len(o.problems)
	if source.Source.Each != nil {
		m.each(e, *source.Source.Each, &out)
	}
	for _, l := range source.Let {
		m.lets[l.Name] = &letName{value: e.compile(l.Expr)}
	}
	if source.Where != nil {
		where := e.condition(*source.Where, "where")
		out.where, out.forms.where = where.eval, &where
	}
	out.fields = m.columns(e)
	for _, check := range m.after {
		check()
	}
	for _, l := range source.Let {
		// Which names a corrected expression will use is not known.
		if !m.lets[l.Name].used && len(o.problems) == mistakes {
			o.warning(l.Expr.Pos, "M10", "nothing uses %s", l.Name)
		}
	}
	o.program.mappings = append(o.program.mappings, out)
}

// isLetBelow reports whether a name is declared under let and not compiled yet: each
// uses those above it only, so that none needs itself. A member of that name comes first.
func (e *expressionCompiler) isLetBelow(name string) bool {
	if e.base.field.Member(name) != nil || e.lets[name] != nil {
		return false
	}
	return slices.ContainsFunc(e.source.Let, func(l schemas.Let) bool { return l.Name == name })
}

// lineOf formats a position as a reject shows it, file:line.
func lineOf(p schemas.Pos) string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

// each compiles a mapping's each: the items of a list become rows. Paths that
// begin with the item's name start at the item, and same copies from it.
func (m *mappingCompiler) each(e *expressionCompiler, t schemas.Text, out *mapping) {
	x := e.compile(t)
	if x.class == classBroken || x.path == nil || x.class != classList {
		// Define the item's name nevertheless, so that one mistake gives one message.
		unknown := m.newScope(m.root.scope, "item")
		unknown.label = m.source.Source.As
		m.row = sourcePath{scope: unknown, node: unknown.root}
	}
	if x.class == classBroken {
		return
	}
	if x.path == nil || x.class != classList {
		e.problem(t.Pos, "M2", "each: %s is %s, not a list%s", x.text, x.class, fixFor(x, classList))
		return
	}
	m.row = m.iterate(m.root.scope, *x.path, m.source.Source.As)
	out.present, out.list, out.each, out.point = x.eval, x.path.node, m.row.scope, m.point(m.row)
	out.forms.items, m.row.scope.rows = m.row.scope, true
}

// columns compiles all columns of the row: the mapping's fields and the system
// columns around them.
func (m *mappingCompiler) columns(e *expressionCompiler) []field {
	b := &blockCompiler{expressionCompiler: e, node: m.source.Root, same: m.row, declared: m.source.Schema.Fields, compiled: map[string]expression{}}
	declared, next := b.members(), 0
	var out []field
	for _, f := range physicalFields(m.source.Schema) {
		if next < len(declared) && f == m.source.Schema.Fields[next] {
			out = append(out, declared[next])
			next++
		} else {
			out = append(out, field{name: f.Name, eval: systemFields[f.Name]})
		}
	}
	return out
}

// condition compiles an expression that must be a boolean. what names it in
// messages.
func (e *expressionCompiler) condition(t schemas.Text, what string) expression {
	x := e.compile(t)
	switch {
	case x.class == classBroken:
	case x.class != classBoolean:
		e.problem(t.Pos, "M2", "%s: %s is %s, not a condition :: compare it, for example %s != nil", what, x.text, x.class, x.text)
	case x.key == "true" || x.key == "false":
		e.problem(t.Pos, "M9", "%s is always %s :: leave it out", what, x.key)
	default:
		return x
	}
	return expression{eval: alwaysNull}
}
