package transform

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/stripelake/stripelake/internal/spelling"
	"github.com/stripelake/stripelake/schemas"
)

func joinPath(parent, key string) string {
	if parent == "" {
		return key
	}
	if strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		return fmt.Sprintf("%s[%q]", parent, key)
	}
	return parent + "." + key
}

func indexStep(i int) string { return fmt.Sprintf("[%d]", i) }

// sourcePath is a path into the source object: its node in the trie and the
// catalog's entry.
type sourcePath struct {
	scope *scope
	node  *node
	field *schemas.SourceField // nil where the catalog has no entry
}

// pathStep is one step of a path.
type pathStep struct {
	name string // a member; "" for an element of a list
	item int
	at   int // in characters from the beginning of the expression
}

// pathOf splits a chain of members into its beginning and its steps. ok is
// false when the node is no path.
func (e *expressionCompiler) pathOf(n ast.Node) (base *ast.IdentifierNode, steps []pathStep, ok bool) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return n, nil, true
	case *ast.MemberNode:
		base, steps, ok = e.pathOf(n.Node)
		if !ok || n.Method || n.Optional {
			return nil, nil, false
		}
		switch p := n.Property.(type) {
		case *ast.StringNode:
			return base, append(steps, pathStep{name: p.Value, at: p.Location().From}), p.Value != ""
		case *ast.IntegerNode:
			return base, append(steps, pathStep{item: p.Value, at: p.Location().From}), true
		}
	}
	return nil, nil, false
}

// unquotedKey returns what to write instead where the key of a member has no quotes.
func unquotedKey(n ast.Node) string {
	member, isMember := n.(*ast.MemberNode)
	if !isMember {
		return ""
	}
	of, isName := member.Node.(*ast.IdentifierNode)
	key, noText := member.Property.(*ast.IdentifierNode)
	if !isName || !noText {
		return ""
	}
	return fmt.Sprintf(": write %s[%q]", of.Value, key.Value)
}

// maxItem keeps an index from growing the trie without bound. Stripe's nested
// lists hold at most 100 elements a page.
const maxItem = 99

// walk follows steps from a path. It returns false after it has reported a step
// that does not exist.
func (e *expressionCompiler) walk(p sourcePath, steps []pathStep) (sourcePath, bool) {
	for _, s := range steps {
		var ok bool
		if p, ok = e.step(p, s); !ok {
			return p, false
		}
	}
	return p, true
}

func (e *expressionCompiler) step(p sourcePath, s pathStep) (sourcePath, bool) {
	if s.name == "" {
		return e.item(p, s)
	}
	f := p.field
	switch classOf(f) {
	case classUnknown:
		return sourcePath{p.scope, p.node.member(s.name), nil}, true
	case classMap:
		return sourcePath{p.scope, p.node.member(s.name), f.Elem}, true
	case classList:
		e.report(s.at, "M1", "%s is a list :: write %s[0].%s, or make rows or objects of its elements with each", p.text(), p.text(), s.name)
		return p, false
	case classObject, classReference:
		return e.named(p, s)
	}
	e.report(s.at, "M1", "%s is %s and has no member %q", p.text(), classOf(f), s.name)
	return p, false
}

func (e *expressionCompiler) named(p sourcePath, s pathStep) (sourcePath, bool) {
	f := p.field
	e.noteInterior(p)
	if m := f.Member(s.name); m != nil {
		if f.Expandable && s.name != "id" && s.name != "object" && s.name != "deleted" {
			e.warn(s.at, "M7", "%s is an id unless Stripe sent it expanded: %s is null for all but those rows", p.text(), joinPath(p.text(), s.name))
		}
		return sourcePath{p.scope, p.node.member(s.name), m}, true
	}
	if f.Expandable {
		e.report(s.at, "M7", "%s is an id unless Stripe sent it expanded, so it has no %q :: write ref(%s) and join on it", p.text(), s.name, p.text())
		return p, false
	}
	if len(f.Fields) == 0 {
		return sourcePath{p.scope, p.node.member(s.name), nil}, true
	}
	parent := p.name()
	if p.scope.label == "" {
		_, parent, _ = strings.Cut(p.driftName(), ".")
	}
	e.report(s.at, "M1", "the source has no field %q%s", joinPath(parent, s.name), suggest(s.name, memberNames(f), parent))
	return p, false
}

func (e *expressionCompiler) item(p sourcePath, s pathStep) (sourcePath, bool) {
	c := classOf(p.field)
	if c != classList && c != classUnknown {
		e.report(s.at, "M1", "%s is %s, not a list :: leave [%d] out", p.text(), c, s.item)
		return p, false
	}
	if s.item < 0 || s.item > maxItem {
		e.report(s.at, "M1", "an index is a number from 0 to %d", maxItem)
		return p, false
	}
	var elem *schemas.SourceField
	if p.field != nil {
		elem = p.field.Elem
	}
	return sourcePath{p.scope, p.node.item(s.item), elem}, true
}

// name is the path as its author writes it.
func (p sourcePath) name() string {
	switch {
	case p.scope.label == "":
		return p.node.name
	case p.node.name == "":
		return p.scope.label
	}
	return p.scope.label + "." + p.node.name
}

// text is the path in messages, where the root has a name too.
func (p sourcePath) text() string {
	if name := p.name(); name != "" {
		return name
	}
	return "the object"
}

// driftName is the path with the type of object before it, as Drift shows it.
func (p sourcePath) driftName() string {
	if p.node.name == "" {
		return p.scope.path
	}
	return p.scope.path + "." + p.node.name
}

// fromRoot is the path from the object's root. An element of a list is [].
func (p sourcePath) fromRoot() string {
	_, path, _ := strings.Cut(p.driftName(), ".")
	return path
}

// key identifies the path among those of all scopes.
func (p sourcePath) key() string { return fmt.Sprintf("%d:%s", p.scope.id, p.node.name) }

func memberNames(f *schemas.SourceField) []string {
	names := make([]string, len(f.Fields))
	for i, m := range f.Fields {
		names[i] = m.Name
	}
	return names
}

// suggest returns the end of a message about an unknown name, or "".
func suggest(name string, known []string, parent string) string {
	if near := spelling.Nearest(name, known); near != "" {
		return fmt.Sprintf("%s%q?", spelling.Question, joinPath(parent, near))
	}
	return ""
}
