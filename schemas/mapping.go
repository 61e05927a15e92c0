package schemas

import "slices"

// Mapping says how one Stripe object becomes rows of one table: a tree shaped
// like the target in which each leaf is one expression. It is the parsed form
// of one file under mappings/; its expressions are text here and are checked
// and compiled by package transform.
type Mapping struct {
	Name    string // "system.name"
	Version string
	Source  Source
	Target  string  // "stripe.charge@1": a schema and its major version
	Schema  *Schema // what Target names
	Where   *Text   // rows for which it is not true are left out; nil keeps all
	Let     []Let   // short names for paths, in file order
	Root    *Node   // the target's fields
	LeftOut []LeftOut
	Pos     Pos
}

// isID reports whether a column is made of the object's id, as it is.
func (m *Mapping) isID(column string) bool {
	const id = "id"
	if m.Root.From != nil || slices.ContainsFunc(m.Let, func(l Let) bool { return l.Name == id }) {
		return false
	}
	return column == id && slices.ContainsFunc(m.Root.Same, func(t Text) bool { return t.Value == id }) ||
		slices.ContainsFunc(m.Root.Fields, func(f Leaf) bool { return f.Name == column && f.Expr != nil && f.Expr.Value == id })
}

// LeftOut is a source path that deliberately has no column, with the reason.
// The raw log keeps the value. A path covers everything below it; the elements
// of a list are not written ("items.data.plan").
type LeftOut struct {
	Path   string
	Reason string
	Pos    Pos
}

// Source says what a mapping reads.
type Source struct {
	System     string // "stripe"
	Object     string // "charge", "subscription", …
	APIVersion string // the catalog that paths are checked against; never what is sent
	Each       *Text  // a list inside the object; one row an item. nil: one row an object
	As         string // the name of the item in expressions; other paths start at the object
}

// Let binds a short name to a path.
type Let struct {
	Name string
	Expr Text
}

// Node is an object of the target: the table itself or a nested object.
// The dollar members are the language's own.
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
	Expr *Text // nil when Node is set
	Node *Node
	Pos  Pos
}

// Text is a piece of source text and where it begins, so that a mistake inside
// an expression can be pointed at. Plain YAML numbers and booleans arrive as
// their own text.
type Text struct {
	Value string
	Pos   Pos
}

// Pos is a place in a file of a schema set.
type Pos struct {
	File string // path inside the set, slash-separated
	Line int    // from 1
	Col  int    // from 1
}
