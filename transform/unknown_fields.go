package transform

import (
	"cmp"
	"maps"
	"slices"

	"github.com/stripelake/stripelake/schemas"
)

// addCatalog adds the catalog's members of a node to the trie, so that the
// scanner notices a key that the catalog does not list. The nodes that only
// this adds have no slot, because no mapping reads them.
//
// Four kinds of object are open, and anything may be in them: an object in the
// place of an id, another Stripe object of which the catalog has no more than
// its id, an object whose members no specification publishes, and a map.
func (n *node) addCatalog(f *schemas.SourceField) {
	if f == nil || f.Expandable {
		return
	}
	n.closed = f.Described()
	for _, m := range f.Fields {
		c := n.find([]byte(m.Name))
		if c == nil {
			c = n.member(m.Name)
			c.slot = unwanted
		}
		c.addCatalog(m)
	}
	if f.Type != schemas.SourceList || n.list >= 0 || f.Elem == nil || len(f.Elem.Fields) == 0 {
		return // the elements of an iterated list have a trie of their own
	}
	n.elem = newNode(n.name + "[]")
	n.elem.slot = unwanted
	n.elem.addCatalog(f.Elem)
	for _, item := range n.items {
		if item != nil {
			item.addCatalog(f.Elem)
		}
	}
}

// skipKnown skips a value that is in the catalog and that no mapping reads. It
// checks the keys in it.
func (s *scanner) skipKnown(n *node, i int) int {
	switch c := byteAt(s.raw, i); {
	case c == '{' && n.keys != nil:
		return s.members(n, i+1)
	case c == '[' && n.elem != nil:
		return s.elements(n, i+1)
	}
	return s.skip(i)
}

// unknownKey is a key that is not in the catalog, with the position of its
// value.
type unknownKey struct {
	in  *node
	key []byte
	at  slot
}

// unknownField identifies an unknown field. The scope is part of it, because
// the names of nodes begin at the root of their scope.
type unknownField struct {
	scope *scope
	in    *node
	key   string
}

// Unknown fields are counted one by one up to a number of fields and a length
// of their names in bytes, so that objects with ever new keys cannot fill the
// memory.
const (
	maxUnknown       = 1000
	maxUnknownLength = 64
)

// countUnknown counts the unknown fields that the last scan of a scope found.
func (c *evaluation) countUnknown(s *scope) {
	for _, k := range c.unknownKeys {
		if len(k.key) > maxUnknownLength {
			k.key = append(slices.Clip(k.key[:maxUnknownLength]), "…"...)
		}
		n := c.unknown[unknownField{s, k.in, string(k.key)}] // allocates nothing
		if n == nil {
			key := unknownField{s, k.in, string(k.key)}
			if len(c.unknown) >= maxUnknown {
				key = unknownField{}
			}
			if n = c.unknown[key]; n == nil {
				n = &counter{}
				c.unknown[key] = n
			}
		}
		n.add(c, c.sampleOf(k.at))
	}
	c.unknownKeys = c.unknownKeys[:0]
}

// unknownFields returns the drift of unknown fields. A field that was found
// through two scopes counts once.
func (c *evaluation) unknownFields(object string) []Drift {
	byPath := map[string]Drift{}
	for k, n := range c.unknown {
		path := object // beyond the bound
		if k.scope != nil {
			path = joinPath(sourcePath{scope: k.scope, node: k.in}.driftName(), k.key)
		}
		if d, ok := byPath[path]; !ok || d.Count < n.count {
			byPath[path] = n.drift(path, "a field that the catalog does not know")
		}
	}
	return slices.SortedFunc(maps.Values(byPath), func(a, b Drift) int { return cmp.Compare(a.Path, b.Path) })
}
