package schemas

import (
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/spelling"
	"github.com/stripelake/stripelake/internal/strictyaml"
)

// sourceVersions are the API versions in the source catalogs.
var sourceVersions = []string{"2023-10-16", "2026-08-26.dahlia"}

func (l *loader) parseMapping(n *strictyaml.Node) *Mapping {
	o := l.Object(n, "a mapping file")
	if o == nil {
		return nil
	}
	m := &Mapping{Pos: n.Pos}
	m.Name = qualified(o, "mapping").Value
	m.Version = version(o)
	source := o.Get("source")
	target := o.Required("target", "M11", "name a schema and its major version, for example stripe.charge@1")
	m.Target = target.Value
	m.Where = l.optional(o, "where")
	m.Let = l.let(o.Get("let"))
	same := o.Texts("same")
	fields := o.Get("fields")
	m.LeftOut = l.leftOut(o.Get("left_out"))
	o.ReportUnasked()
	if o.IsMissing("source") {
		l.Report(n.Pos, "M14", "source is missing :: say what is read, for example {system: stripe, object: charge}")
	} else if source != nil {
		m.Source = l.source(source)
	}
	if o.IsMissing("fields") && o.IsMissing("same") {
		l.Report(n.Pos, "M12", "a mapping needs fields or same")
	}
	m.Root = l.root(n.Pos, fields, same)
	l.targets = append(l.targets, targetRef{mapping: m, at: target.Pos})
	return m
}

func (l *loader) source(n *strictyaml.Node) Source {
	o := l.Object(n, "source")
	if o == nil {
		return Source{}
	}
	s := Source{System: o.Choice("system", "stripe"), APIVersion: o.Choice("api_version", sourceVersions...)}
	object := o.Required("object", "M14", "write one of "+strictyaml.OrList(sourceObjects))
	if object.Value != "" && !slices.Contains(sourceObjects, object.Value) {
		l.Report(object.Pos, "M14", "object %q is not one of %s%s", object.Value, strictyaml.OrList(sourceObjects), spelling.Suggestion(object.Value, sourceObjects))
	}
	s.Object = object.Value
	s.Each = l.optional(o, "each")
	as := o.Text("as")
	s.As = as.Value
	o.ReportUnasked()
	if (s.Each == nil) != (s.As == "") {
		l.Report(n.Pos, "M14", "each and as go together: each names a list of the object, as the name of its items, for example {each: items.data, as: item}")
	}
	if s.As != "" && !fieldName.MatchString(s.As) {
		l.Report(as.Pos, "S2", "as %q must be letters, digits and underscores", s.As)
	}
	return s
}

func (l *loader) let(n *strictyaml.Node) []Let {
	if n == nil {
		return nil
	}
	o := l.Object(n, "let")
	if o == nil {
		return nil
	}
	var out []Let
	for _, m := range n.Members {
		if !fieldName.MatchString(m.Key) {
			l.Report(m.Pos, "S2", "let name %q must be letters, digits and underscores", m.Key)
		}
		if expr := l.expression(m); expr != nil {
			out = append(out, Let{Name: m.Key, Expr: *expr})
		}
	}
	return out
}

func (l *loader) root(at Pos, fields *strictyaml.Node, same []Text) *Node {
	if fields == nil {
		return &Node{Same: same, Pos: at}
	}
	o := l.Object(fields, "fields")
	if o == nil {
		return &Node{Same: same, Pos: fields.Pos}
	}
	root := &Node{Same: same, Pos: fields.Pos}
	instead := map[string]string{
		"$from": "write each path from the object's root",
		"$when": "use where, which leaves the row out",
		"$each": "use each and as in source, which make one row an item",
		"$same": "use same, beside fields",
	}
	for _, m := range fields.Members {
		if hint, ok := instead[m.Key]; ok {
			l.Report(m.Pos, "M12", "%s belongs inside an object field; for the whole row %s", m.Key, hint)
			continue
		}
		l.leaf(root, m)
	}
	l.checkTwice(root)
	return root
}

// nested reads an object of the target: the dollar members, then its fields.
func (l *loader) nested(name string, n *strictyaml.Node) *Node {
	out := &Node{Pos: n.Pos}
	for _, m := range n.Members {
		switch m.Key {
		case "$from":
			out.From = l.expression(m)
		case "$when":
			out.When = l.expression(m)
		case "$each":
			out.Each = l.expression(m)
		case "$same":
			out.Same = (&strictyaml.Object{Reporter: l.Reporter, Node: n}).Texts("$same")
		default:
			l.leaf(out, m)
		}
	}
	if len(out.Same)+len(out.Fields) == 0 {
		l.Report(n.Pos, "M12", "%s has no fields :: map at least one, or leave it out", name)
	}
	if out.From != nil && out.Each != nil {
		l.Report(out.From.Pos, "M12", "%s has $from and $each: paths can be relative to one thing only", name)
	}
	l.checkTwice(out)
	return out
}

func (l *loader) leaf(into *Node, m strictyaml.Member) {
	if strings.HasPrefix(m.Key, "$") {
		known := []string{"$from", "$when", "$each", "$same"}
		l.Report(m.Pos, "M12", "unknown member %s%s", m.Key, suggestionOr(m.Key, known, "; there are "+strictyaml.OrList(known)))
		return
	}
	leaf := Leaf{Name: m.Key, Pos: m.Pos}
	if m.Value.Kind == strictyaml.Mapping {
		leaf.Node = l.nested(m.Key, m.Value)
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
				l.Report(f.Pos, "M12", "%s is given twice: here and in same", f.Name)
			}
		}
	}
}

// expression returns the text of a leaf. It returns nil after it has reported why there
// is none.
func (l *loader) expression(m strictyaml.Member) *Text {
	switch {
	case m.Value.Kind == strictyaml.List:
		l.Report(m.Value.Pos, "M12", "%s must be an expression; a list<object> is made with {$each: …}", m.Key)
	case m.Value.Kind == strictyaml.Mapping:
		l.Report(m.Value.Pos, "M12", "%s must be an expression, is a mapping", m.Key)
	case strings.TrimSpace(m.Value.Text) == "":
		l.Report(m.Pos, "M13", "%s has no expression :: write one, or nil for a column that is always null", m.Key)
	default:
		return &Text{Value: m.Value.Text, Pos: m.Value.Pos}
	}
	return nil
}

// optional reads an expression that may be absent.
func (l *loader) optional(o *strictyaml.Object, key string) *Text {
	n := o.Get(key)
	if n == nil {
		return nil
	}
	return l.expression(strictyaml.Member{Key: key, Pos: n.Pos, Value: n})
}

func (l *loader) leftOut(n *strictyaml.Node) []LeftOut {
	if n == nil {
		return nil
	}
	o := l.Object(n, "left_out")
	if o == nil {
		return nil
	}
	var out []LeftOut
	for _, m := range n.Members {
		if !sourcePath.MatchString(m.Key) {
			l.Report(m.Pos, "M12", "left_out path %q must be names joined by dots, without [0]", m.Key)
		}
		if m.Value.Kind != strictyaml.Scalar || m.Value.Text == "" {
			l.Report(m.Pos, "M12", "left_out %s needs a reason", m.Key)
			continue
		}
		out = append(out, LeftOut{Path: m.Key, Reason: m.Value.Text, Pos: m.Pos})
	}
	return out
}
