package transform

import (
	"slices"

	"github.com/stripelake/stripelake/schemas"
)

// blockCompiler compiles one object of the target: the row itself, or a nested one.
type blockCompiler struct {
	*expressionCompiler
	node     *schemas.Node
	same     sourcePath       // the object that same copies from
	declared []*schemas.Field // the target's fields
	prefix   string           // path of the object in the table
	outer    *blockCompiler
	private  bool                  // in an object labelled as personal data
	compiled map[string]expression // by field; checkUnit looks the currencies up here
}

// members compiles each declared field, in declared order. A field without a
// mapping is null.
func (b *blockCompiler) members() []field {
	leaves := map[string]schemas.Leaf{}
	for _, t := range b.node.Same {
		leaves[t.Value] = schemas.Leaf{Name: t.Value, Pos: t.Pos}
	}
	for _, l := range b.node.Fields {
		leaves[l.Name] = l
	}
	b.unknown()
	out := make([]field, len(b.declared))
	for i, f := range b.declared {
		if f.FormerOf != "" {
			out[i] = b.former(f, out[:i])
			continue
		}
		l, ok := leaves[f.Name]
		if ok {
			out[i] = b.leaf(f, l)
			continue
		}
		out[i] = field{name: b.path(f.Name), eval: alwaysNull, leaf: &lineageForms{declared: f, pos: b.node.Pos}}
		if name := out[i].name; f.Required {
			b.problem(b.node.Pos, "M3", "%s: the field is required and has no mapping", name)
		} else {
			b.warning(b.node.Pos, "M5", "%s is not mapped: it is always null", name)
		}
	}
	return out
}

// former compiles a former name of a field: the same computation again. The
// field itself is declared, and therefore compiled and checked, before it.
func (b *blockCompiler) former(f *schemas.Field, earlier []field) field {
	i := slices.IndexFunc(earlier, func(o field) bool { return o.leaf.declared.Name == f.FormerOf })
	out, forms := earlier[i], *earlier[i].leaf
	forms.declared = f
	out.name, out.leaf = b.path(f.Name), &forms
	return out
}

func alwaysNull(*evaluation) value { return value{} }

func (b *blockCompiler) path(name string) string {
	if b.prefix == "" {
		return name
	}
	return b.prefix + "." + name
}

// unknown reports leaves that the target schema does not declare.
func (b *blockCompiler) unknown() {
	known := map[string]*schemas.Field{}
	var names []string
	for _, f := range b.declared {
		known[f.Name] = f
		names = append(names, f.Name)
	}
	report := func(name string, at schemas.Pos) {
		switch f := known[name]; {
		case f != nil && f.FormerOf != "":
			b.problem(at, "M4", "%s: it is the former name of %s, and filled as that is :: leave it out", b.path(name), f.FormerOf)
		case f == nil:
			b.problem(at, "M4", "%s: the schema has no such field%s", b.path(name), suggest(name, names, b.prefix))
		}
	}
	for _, t := range b.node.Same {
		report(t.Value, t.Pos)
	}
	for _, l := range b.node.Fields {
		report(l.Name, l.Pos)
	}
}

// leaf compiles one field. A leaf without expression and node copies the source
// field of the same name.
func (b *blockCompiler) leaf(f *schemas.Field, l schemas.Leaf) field {
	out := field{name: b.path(f.Name), mapping: lineOf(l.Pos), eval: alwaysNull, constraint: b.constraint(f), hash: f.Hashed, leaf: &lineageForms{declared: f, pos: l.Pos}}
	if l.Node != nil {
		b.nested(f, l, &out)
		return out
	}
	var x expression
	at := l.Pos
	if l.Expr != nil {
		x, at = b.compile(*l.Expr), l.Expr.Pos
		out.leaf.pos, out.leaf.written = at, l.Expr.Value
		out.mapping = lineOf(at)
	} else {
		x, out.leaf.written = b.copied(f.Name, at), f.Name
	}
	out.leaf.value = x
	b.compiled[f.Name] = x
	if x.class == classBroken {
		return out
	}
	switch f.Type.Kind {
	case schemas.List:
		b.values(f, x, at, &out)
	case schemas.Map:
		b.entries(f, x, at, &out)
	default:
		b.one(f, x, at, &out)
	}
	return out
}

// copied compiles a path to the source field that has the target field's name.
func (b *blockCompiler) copied(name string, at schemas.Pos) expression {
	e := *b.expressionCompiler
	e.from, e.reads = schemas.Text{Value: name, Pos: at}, nil
	p, ok := e.walk(b.same, []pathStep{{name: name}})
	if !ok {
		return expression{}
	}
	x := e.read(p)
	x.reads = []string{p.fromRoot()}
	return x
}

// one compiles a field that holds one value.
func (b *blockCompiler) one(f *schemas.Field, x expression, at schemas.Pos, out *field) {
	out.money = f.Type.Kind == schemas.Money
	out.minor = out.money && f.Minor
	if x.class == classNil && f.Required {
		b.problem(at, "M3", "%s: the field is required and would always be null", out.name)
		return
	}
	fitted, ok := b.coerce(x, f.Type.Kind)
	if !ok {
		b.problem(at, "M2", "%s: %s does not fit %s%s", out.name, x.class, f.Type.Kind, b.remedy(x, f))
		return
	}
	out.eval, out.leaf.value = fitted.eval, fitted
	if out.money {
		b.after = append(b.after, func() { b.checkUnit(f, x, at) })
	}
}

// remedy returns the end of a message that says how to make an expression fit.
func (b *blockCompiler) remedy(x expression, f *schemas.Field) string {
	if f.Type.Kind == schemas.Object {
		return "; nest its fields: {$from: " + x.text + ", $same: […]}"
	}
	return fixFor(x, targetClass(f.Type.Kind))
}

// nested compiles a leaf that is itself a tree: an object or a list of them.
func (b *blockCompiler) nested(f *schemas.Field, l schemas.Leaf, out *field) {
	t, n := f.Type, l.Node
	if t.Kind == schemas.List && t.Elem.Kind == schemas.Object {
		if n.Each == nil {
			b.problem(l.Pos, "M2", "%s: a list of objects is made from a list :: write $each: items.data", out.name)
			return
		}
		t = *t.Elem
	} else if t.Kind != schemas.Object || n.Each != nil {
		b.problem(l.Pos, "M2", "%s is %s in the schema, which cannot be made of nested fields", out.name, t.Kind)
		return
	}
	inner := *b.expressionCompiler
	in := &blockCompiler{expressionCompiler: &inner, node: n, same: b.same, declared: t.Fields, prefix: out.name, outer: b, private: b.private || f.Label != "", compiled: map[string]expression{}}
	out.shape = shapeObject
	if !in.enter(out) {
		return
	}
	if n.When != nil {
		when := in.condition(*n.When, out.name+".$when")
		out.when, out.leaf.when = when.eval, &when
		in.oneCurrency = in.oneCurrency || slices.ContainsFunc(when.reads, isCurrency)
	}
	out.members = in.members()
}

// enter makes the paths of a nested block relative to its $from, or to an
// element of its $each. It returns false after it has reported a mistake.
func (b *blockCompiler) enter(out *field) bool {
	t, want := b.node.From, classObject
	if b.node.Each != nil {
		t, want = b.node.Each, classList
	}
	if t == nil {
		return true
	}
	x := b.compile(*t)
	if x.class == classBroken {
		return false
	}
	if x.path == nil || x.class != want && x.class != classUnknown {
		b.problem(t.Pos, "M2", "%s: %s is %s, not %s%s", out.name, x.text, x.class, want, fixFor(x, want))
		return false
	}
	point, node := b.point(*x.path), x.path.node
	b.base, out.leaf.from = *x.path, x.path
	out.present = func(c *evaluation) value { return readObject(c, c.slots[node.slot], point) }
	if want == classList {
		out.shape, out.source, out.point = shapeObjects, node, point
		out.present = func(c *evaluation) value { return readList(c, c.slots[node.slot], point) }
		b.base = b.iterate(b.inside(), *x.path, "")
		out.each = b.base.scope
		out.leaf.each = b.base.scope
	}
	b.same = b.base
	return true
}

// inside returns the scope that encloses a new iteration: the deepest so far.
func (b *blockCompiler) inside() *scope {
	in := b.row.scope
	for o := b; o != nil; o = o.outer {
		if o.base.scope.depth > in.depth {
			in = o.base.scope
		}
	}
	return in
}

// values compiles a list of values, which is copied from one source list.
func (b *blockCompiler) values(f *schemas.Field, x expression, at schemas.Pos, out *field) {
	if x.class == classNil && !f.Required {
		return
	}
	if x.path == nil || x.class != classList {
		b.problem(at, "M2", "%s: %s does not fit list%s", out.name, x.class, fixFor(x, classList))
		return
	}
	elem := classOf(x.path.field.Elem)
	if out.read = elementReader(f.Type.Elem.Kind, elem); out.read == nil {
		b.problem(at, "M2", "%s: a list of %s does not fit list<%s>", out.name, elem, f.Type.Elem.Kind)
		return
	}
	out.shape, out.present, out.source, out.point = shapeValues, x.eval, markIterated(x.path.node), b.point(*x.path)
	out.leaf.from, out.leaf.read = x.path, elementForm(f.Type.Elem.Kind, elem)
	if elem == classReference {
		element := b.iterate(b.inside(), *x.path, "")
		out.each, out.id = element.scope, element.node.member("id")
	}
}

// entries compiles a map, which is copied from one source object.
func (b *blockCompiler) entries(f *schemas.Field, x expression, at schemas.Pos, out *field) {
	if x.class == classNil && !f.Required {
		return
	}
	if x.path == nil || x.class != classMap && x.class != classObject {
		b.problem(at, "M2", "%s: %s does not fit map%s", out.name, x.class, fixFor(x, classMap))
		return
	}
	if out.read = elementReader(f.Type.Elem.Kind, classUnknown); out.read == nil {
		b.problem(at, "M2", "%s: there are no maps of %s", out.name, f.Type.Elem.Kind)
		return
	}
	out.shape, out.present, out.source, out.point = shapeEntries, x.eval, markIterated(x.path.node), b.point(*x.path)
	out.leaf.from, out.leaf.read = x.path, elementForm(f.Type.Elem.Kind, classUnknown)
}
