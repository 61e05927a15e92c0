package schemas

import (
	"crypto/sha256"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// TableFingerprint returns the SHA-256, in hex, of all that decides which rows a table
// gets from the same log: its fields, the mappings that fill it and the lookups that
// they name. It excludes titles, descriptions, comments and places in files, so that
// editing those causes no new derivation.
func (s *Set) TableFingerprint(table *Schema) string {
	h := sha256.New()
	fmt.Fprintln(h, table.Table, table.Behavior, table.PrimaryKey, table.Timestamp, table.Partition)
	if table.History {
		fmt.Fprintln(h, "history")
	}
	writeFields(h, table.Fields)
	words := map[string]bool{CurrencyExponents: true}
	for _, m := range s.Mappings {
		if m.Schema == table {
			m.write(h, words)
		}
	}
	for _, l := range s.Lookups {
		if words[l.Name] {
			fmt.Fprintf(h, "%q %q\n", l.Name, l.Rows)
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func writeFields(w io.Writer, fields []*Field) {
	for _, f := range fields {
		values := []EnumValue(nil)
		if f.Closed {
			values = f.Enum
		}
		fmt.Fprintf(w, "%q %s %t %q %d %q %q %t %t\n", f.Name, f.Type, f.Required, f.Pattern, f.MaxLength, values, f.Unit, f.Minor, f.Hashed)
		writeFields(w, f.Type.Fields)
		if f.Type.Elem != nil {
			writeFields(w, f.Type.Elem.Fields)
		}
		fmt.Fprintln(w)
	}
}

var names = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)

// write writes a mapping's expressions, and collects their words: the names of lookups
// are among them.
func (m *Mapping) write(w io.Writer, words map[string]bool) {
	text := func(what string, t *Text) {
		if t == nil {
			return
		}
		fmt.Fprintf(w, "%s %q\n", what, t.Value)
		for _, n := range names.FindAllString(t.Value, -1) {
			words[n] = true
		}
	}
	fmt.Fprintf(w, "%q %q %q\n", m.Name, m.Source.Object, m.Source.As)
	text("each", m.Source.Each)
	text("where", m.Where)
	for _, l := range m.Let {
		text("let "+l.Name, &l.Expr)
	}
	var node func(n *Node)
	node = func(n *Node) {
		if n == nil {
			return
		}
		text("from", n.From)
		text("when", n.When)
		text("each", n.Each)
		same := slices.SortedFunc(slices.Values(n.Same), func(a, b Text) int { return strings.Compare(a.Value, b.Value) })
		for _, t := range same {
			text("same", &t)
		}
		for _, leaf := range n.Fields {
			fmt.Fprintf(w, "%q\n", leaf.Name)
			text("is", leaf.Expr)
			node(leaf.Node)
		}
		fmt.Fprintln(w)
	}
	node(m.Root)
}

// Names reports whether an expression of the mapping has a word, such as the name of a
// lookup.
func (m *Mapping) Names(name string) bool {
	words := map[string]bool{}
	m.write(io.Discard, words)
	return words[name]
}
