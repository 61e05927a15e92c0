package schemas

import "slices"

// Mapping describes how one Stripe object becomes rows of one table: a tree shaped like
// the target, in which each leaf is one expression. It is the parsed form of one file
// under mappings/. Its expressions are text here; package transform checks and compiles
// them.
type Mapping struct {
	Name    string // "system.name"
	Version string
	Source  Source
	Target  string  // "stripe.charge@1": a schema and its major version
	Schema  *Schema // the schema that Target names
	Where   *Text   // condition for rows; nil keeps all
	Let     []Let   // short names for paths, in file order
	Root    *Node   // the target's fields
	LeftOut []LeftOut
	Pos     Pos
}

// isID reports whether a column is the object's id, unchanged.
func (m *Mapping) isID(column string) bool {
	const id = "id"
	if m.Root.From != nil || slices.ContainsFunc(m.Let, func(l Let) bool { return l.Name == id }) {
		return false
	}
	return column == id && slices.ContainsFunc(m.Root.Same, func(t Text) bool { return t.Value == id }) ||
		slices.ContainsFunc(m.Root.Fields, func(f Leaf) bool { return f.Name == column && f.Expr != nil && f.Expr.Value == id })
}

// LeftOut is a source path that deliberately has no column, with the reason. The raw
// log has the value. A path covers everything below it; it does not name the elements
// of a list ("items.data.plan").
type LeftOut struct {
	Path   string
	Reason string
	Pos    Pos
}

// Source describes the input of a mapping.
type Source struct {
	System     string // "stripe"
	Object     string // "charge", "subscription", …
	APIVersion string // the catalog that paths are checked against; never sent to Stripe
	Each       *Text  // a list inside the object: one row for each item. nil: one row for each object
	As         string // the name of the item in expressions; other paths start at the object
}

// Let binds a short name to a path.
type Let struct {
	Name string
	Expr Text
}

// Node is an object of the target: the table itself or a nested object. The dollar
// members belong to the language.
type Node struct {
	From   *Text  // $from: paths below are relative to this source object
	When   *Text  // $when: the whole object is null unless this is true
	Each   *Text  // $each: the object is made once for each item of this list
	Same   []Text // same / $same: fields copied from the source field of the same name
	Fields []Leaf // in file order
	Pos    Pos
}

// Leaf is one target field: an expression, or a nested object.
type Leaf struct {
	Name string
	Expr *Text // nil if Node is set
	Node *Node
	Pos  Pos
}
