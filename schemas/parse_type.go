package schemas

import (
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/spelling"
	"github.com/stripelake/stripelake/internal/strictyaml"
)

// kindNames are the types that an author can write, in the order of messages.
var kindNames = []string{
	string(String), string(Boolean), string(Short), string(Integer), string(Long), string(Number),
	string(Decimal), string(Money), string(Date), string(DateTime), string(JSON), string(Object),
	"list<…>", "map<string>", "map<integer>",
}

// fieldType reads a type as written, for example list<object>. members is the fields:
// mapping of an object.
func (l *loader) fieldType(t Text, members *strictyaml.Node, naming string) Type {
	if t.Value == "" {
		return Type{}
	}
	typ, usesMembers := l.typeNamed(t, t.Value, members, naming)
	if members != nil && !usesMembers {
		l.Report(members.Pos, "S9", "fields belong to object and list<object>, and this is %s", t.Value)
	}
	return typ
}

func (l *loader) typeNamed(t Text, name string, members *strictyaml.Node, naming string) (typ Type, usesMembers bool) {
	if inner, ok := cutGeneric(name, "list"); ok {
		elem, uses := l.typeNamed(t, inner, members, naming)
		if elem.Kind == Money || elem.Kind == List || elem.Kind == Map {
			l.Report(t.Pos, "S9", "a list cannot hold %s :: use list<object> with a field of that type", elem.Kind)
		}
		return Type{Kind: List, Elem: &elem}, uses
	}
	switch name {
	case "map<string>":
		return Type{Kind: Map, Elem: &Type{Kind: String}}, false
	case "map<integer>":
		return Type{Kind: Map, Elem: &Type{Kind: Integer}}, false
	case string(Object):
		if members == nil {
			l.Report(t.Pos, "S9", "an object needs fields")
			return Type{Kind: Object}, true
		}
		return Type{Kind: Object, Fields: l.fields(members, naming)}, true
	}
	if slices.Contains(kindNames, name) {
		return Type{Kind: Kind(name)}, false
	}
	return l.sharedType(t, name), false
}

// sharedType resolves the name of a types/ file.
func (l *loader) sharedType(t Text, name string) Type {
	shared, ok := l.types[name]
	if !ok {
		known := slices.Clone(kindNames)
		known = append(known, l.typeNames...)
		l.Report(t.Pos, "S9", "unknown type %q%s", name, suggestionOr(name, known, "; the types are "+strictyaml.OrList(known)))
		return Type{}
	}
	if shared.state == reading {
		l.Report(t.Pos, "S9", "type %s contains itself", name)
		return Type{}
	}
	l.readType(shared)
	return Type{Kind: Object, Fields: shared.named.Fields}
}

// readType reads the fields of a types/ file once, however many fields use it.
func (l *loader) readType(t *typeFile) {
	if t.state == read || t.fields == nil {
		return
	}
	t.state = reading
	t.named.Fields = l.fields(t.fields, "snake")
	l.checkUnits(t.named.Fields, nil)
	t.state = read
}

// checkUnits checks that money's unit names a string field in the same object or in one
// around it, nearest first: fee details have their own currency, the parts of a payment
// method use the charge's.
func (l *loader) checkUnits(fields []*Field, around [][]*Field) {
	scopes := append([][]*Field{fields}, around...)
	for _, f := range fields {
		switch {
		case f.Type.Kind == Money && f.Unit != "":
			l.checkUnit(f, scopes)
		case f.Type.Kind == Object:
			l.checkUnits(f.Type.Fields, scopes)
		case f.Type.Kind == List && f.Type.Elem.Kind == Object:
			l.checkUnits(f.Type.Elem.Fields, scopes)
		}
	}
}

func (l *loader) checkUnit(f *Field, scopes [][]*Field) {
	var known []string
	for _, fields := range scopes {
		for _, other := range fields {
			if other.Name == f.Unit && other.Type.Kind == String {
				return
			}
		}
		known = append(known, fieldNames(fields)...)
	}
	l.Report(f.Pos, "S6", "%s has the unit %q, which is not a string field beside or around it%s", f.Name, f.Unit, spelling.Suggestion(f.Unit, known))
}

func cutGeneric(name, generic string) (inner string, ok bool) {
	rest, ok := strings.CutPrefix(name, generic+"<")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, ">")
}

func suggestionOr(word string, known []string, otherwise string) string {
	if s := spelling.Suggestion(word, known); s != "" {
		return s
	}
	return otherwise
}
