package transform

import (
	"hash"
	"unicode/utf8"

	"github.com/stripelake/stripelake/schemas"
)

// evaluation is one Mapper's working memory: the current object, what the
// scanner found in it, and the values of the current row. All of it is reused,
// so that mapping an object allocates nothing.
type evaluation struct {
	scanner
	object  *Object
	mayShow bool   // the policy keeps all personal data, so values may be shown
	id      []byte // Object.ID and Object.Account as text values
	account []byte
	number  uint64      // of the object, counted since the Mapper was made
	utf8    bool        // the object's bytes are valid UTF-8
	scratch []byte      // text that expressions make; valid until the next object
	tape    []value     // the current row, column by column, depth first
	clock   uint64      // incremented by every scan
	scanned []uint64    // by scope: the clock at its last scan
	memo    []memo      // shared subexpressions
	drift   [][]counter // by point and cause
	unknown map[unknownField]*counter
	values  map[unlistedValue]*counter
	listed  []int // by point: how many of its values are counted in values
	refusal refusal
	mac     hash.Hash // of hashed fields; nil without a key
	sum     []byte
}

// memo keeps the value of a shared subexpression until its scope is scanned
// again.
type memo struct {
	clock uint64
	value value
}

// scope is a range of slots that one scan fills: those of the object itself, or
// of one element of an iterated list.
type scope struct {
	id     int
	depth  int         // 0 for the object
	nested int         // number of enclosing iterations, without that of each
	path   string      // its path in the source, for drift
	label  string      // the name of its value in expressions; "" for none
	rows   bool        // each of its values makes a row
	list   *sourcePath // the list whose elements it holds; nil for the object
	root   *node
	field  *schemas.SourceField // the catalog's entry; nil where it has none
	inside []interior           // objects that paths lead through
}

// interior is an object that paths lead through. A value of another type there
// is drift.
type interior struct {
	node  *node
	point int
}

// begin scans the next object. It returns false when that is not a JSON object.
func (c *evaluation) begin(o *Object, root *scope) bool {
	c.object = o
	c.number++
	c.scratch = c.scratch[:0]
	c.raw = o.Raw
	c.id = append(c.id[:0], o.ID...)
	c.account = append(c.account[:0], o.Account...)
	c.utf8 = utf8.Valid(o.Raw)
	c.at, c.unknownKeys = 0, c.unknownKeys[:0]
	if int64(len(o.Raw)) > maxRaw || !c.scan(root.root) || c.slots[root.root.slot].kind != jsonObject {
		return false
	}
	c.entered(root)
	return true
}

// maxRaw keeps the positions in an object within a slot's 32 bits.
const maxRaw = 1<<31 - 1

// enter scans one element of a list into its scope. It returns false when the
// element is not an object.
func (c *evaluation) enter(s *scope, e slot) bool {
	c.element(s.root, e)
	c.entered(s)
	return e.kind == jsonObject
}

func (c *evaluation) entered(s *scope) {
	c.clock++
	c.scanned[s.id] = c.clock
	c.countUnknown(s)
	for _, in := range s.inside {
		if found := c.slots[in.node.slot]; found.kind > jsonNull && found.kind != jsonObject && !c.isEmptyList(found) {
			c.note(in.point, cause(found.kind), c.sampleOf(found))
		}
	}
}

// inside returns the slots of a list's elements, or of an object's keys and
// values in turn.
func (c *evaluation) inside(n *node) []slot {
	switch c.slots[n.slot].kind {
	case jsonList, jsonObject:
		return c.lists[n.list]
	}
	return nil
}
