package schemas

import (
	"slices"
	"strings"
)

// sourceVersions are the API versions in the source catalogs.
var sourceVersions = []string{"2023-10-16", "2026-08-26.dahlia"}

// sourceObjects are the objects with a source catalog: those of each resource, and
// events.
var sourceObjects = append(objectsOf(listed), "event")

func (l *loader) parseMapping(n *yamlNode) *Mapping {
	o := l.yamlObject(n, "a mapping file")
	if o == nil {
		return nil
	}
	m := &Mapping{Pos: n.pos}
	m.Name = o.qualified("mapping").Value
	m.Version = o.version()
	source := o.get("source")
	target := o.required("target", "M11", "name a schema and its major version, for example stripe.charge@1")
	m.Target = target.Value
	m.Where = l.optional(o, "where")
	m.Let = l.let(o.get("let"))
	same := o.texts("same")
	fields := o.get("fields")
	m.LeftOut = l.leftOut(o.get("left_out"))
	o.reportUnasked()
	if o.isMissing("source") {
		l.report(n.pos, "M14", "source is missing: say what is read, for example {system: stripe, object: charge}")
	} else if source != nil {
		m.Source = l.source(source)
	}
	if o.isMissing("fields") && o.isMissing("same") {
		l.report(n.pos, "M12", "a mapping needs fields or same")
	}
	m.Root = l.root(n.pos, fields, same)
	l.targets = append(l.targets, targetRef{mapping: m, at: target.Pos})
	return m
}

func (l *loader) source(n *yamlNode) Source {
	o := l.yamlObject(n, "source")
	if o == nil {
		return Source{}
	}
	s := Source{System: o.choice("system", "stripe"), APIVersion: o.choice("api_version", sourceVersions...)}
	object := o.required("object", "M14", "write one of "+orList(sourceObjects))
	if object.Value != "" && !slices.Contains(sourceObjects, object.Value) {
		l.report(object.Pos, "M14", "object %q is not one of %s%s", object.Value, orList(sourceObjects), suggestion(object.Value, sourceObjects))
	}
	s.Object = object.Value
	s.Each = l.optional(o, "each")
	as := o.text("as")
	s.As = as.Value
	o.reportUnasked()
	if (s.Each == nil) != (s.As == "") {
		l.report(n.pos, "M14", "each and as go together: each names a list of the object, as the name of its items, for example {each: items.data, as: item}")
	}
	if s.As != "" && !fieldName.MatchString(s.As) {
		l.report(as.Pos, "S2", "as %q must be letters, digits and underscores", s.As)
	}
	return s
}

func (l *loader) let(n *yamlNode) []Let {
	if n == nil {
		return nil
	}
	o := l.yamlObject(n, "let")
	if o == nil {
		return nil
	}
	var out []Let
	for _, m := range n.members {
		if !fieldName.MatchString(m.key) {
			l.report(m.pos, "S2", "let name %q must be letters, digits and underscores", m.key)
		}
		if expr := l.expression(m); expr != nil {
			out = append(out, Let{Name: m.key, Expr: *expr})
		}
	}
	return out
}

func (l *loader) root(at Pos, fields *yamlNode, same []Text) *Node {
	if fields == nil {
		return &Node{Same: same, Pos: at}
	}
	o := l.yamlObject(fields, "fields")
	if o == nil {
		return &Node{Same: same, Pos: fields.pos}
	}
	root := &Node{Same: same, Pos: fields.pos}
	instead := map[string]string{
		"$from": "write each path from the object's root",
		"$when": "use where, which leaves the row out",
		"$each": "use each and as in source, which make one row an item",
		"$same": "use same, beside fields",
	}
	for _, m := range fields.members {
		if hint, ok := instead[m.key]; ok {
			l.report(m.pos, "M12", "%s belongs inside an object field; for the whole row %s", m.key, hint)
			continue
		}
		l.leaf(root, m)
	}
	l.checkTwice(root)
	return root
}

// nested reads an object of the target: the dollar members, then its fields.
func (l *loader) nested(name string, n *yamlNode) *Node {
	out := &Node{Pos: n.pos}
	for _, m := range n.members {
		switch m.key {
		case "$from":
			out.From = l.expression(m)
		case "$when":
			out.When = l.expression(m)
		case "$each":
			out.Each = l.expression(m)
		case "$same":
			out.Same = (&yamlObject{reporter: l.reporter, node: n}).texts("$same")
		default:
			l.leaf(out, m)
		}
	}
	if len(out.Same)+len(out.Fields) == 0 {
		l.report(n.pos, "M12", "%s has no fields: map at least one, or leave it out", name)
	}
	if out.From != nil && out.Each != nil {
		l.report(out.From.Pos, "M12", "%s has $from and $each: paths can be relative to one thing only", name)
	}
	l.checkTwice(out)
	return out
}

func (l *loader) leaf(into *Node, m yamlMember) {
	if strings.HasPrefix(m.key, "$") {
		known := []string{"$from", "$when", "$each", "$same"}
		l.report(m.pos, "M12", "unknown member %s%s", m.key, suggestionOr(m.key, known, "; there are "+orList(known)))
		return
	}
	leaf := Leaf{Name: m.key, Pos: m.pos}
	if m.value.kind == mappingNode {
		leaf.Node = l.nested(m.key, m.value)
	} else if leaf.Expr = l.expression(m); leaf.Expr == nil {
		return
	}
	into.Fields = append(into.Fields, leaf)
}

// checkTwice reports fields that same copies and that also have an expression.
func (l *loader) checkTwice(n *Node) {
	for _, f := range n.Fields {
		for _, s := range n.Same {
			if s.Value == f.Name {
				l.report(f.Pos, "M12", "%s is given twice: here and in same", f.Name)
			}
		}
	}
}

// expression returns the text of a leaf. It returns nil after it has reported why there
// is none.
func (l *loader) expression(m yamlMember) *Text {
	switch {
	case m.value.kind == listNode:
		l.report(m.value.pos, "M12", "%s must be an expression; a list<object> is made with {$each: …}", m.key)
	case m.value.kind == mappingNode:
		l.report(m.value.pos, "M12", "%s must be an expression, is a mapping", m.key)
	case strings.TrimSpace(m.value.text) == "":
		l.report(m.pos, "M13", "%s has no expression: write one, or nil for a column that is always null", m.key)
	default:
		return &Text{Value: m.value.text, Pos: m.value.pos}
	}
	return nil
}

// optional reads an expression that may be absent.
func (l *loader) optional(o *yamlObject, key string) *Text {
	n := o.get(key)
	if n == nil {
		return nil
	}
	return l.expression(yamlMember{key: key, pos: n.pos, value: n})
}

func (l *loader) leftOut(n *yamlNode) []LeftOut {
	if n == nil {
		return nil
	}
	o := l.yamlObject(n, "left_out")
	if o == nil {
		return nil
	}
	var out []LeftOut
	for _, m := range n.members {
		if !sourcePath.MatchString(m.key) {
			l.report(m.pos, "M12", "left_out path %q must be names joined by dots, without [0]", m.key)
		}
		if m.value.kind != scalarNode || m.value.text == "" {
			l.report(m.pos, "M12", "left_out %s needs a reason", m.key)
			continue
		}
		out = append(out, LeftOut{Path: m.key, Reason: m.value.text, Pos: m.pos})
	}
	return out
}
