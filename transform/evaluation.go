package transform

import (
	"hash"
	"unicode/utf8"

	"github.com/stripelake/stripelake/schemas"
)

// evaluation is one Mapper's working memory: the object under way, what the
// scanner found in it, and the values of the row being made. All of it is
// reused, so that mapping an object allocates nothing.
type evaluation struct {
	scanner
	object  *Object
	mayShow bool   // the policy keeps all personal data, so that values may be shown
	id      []byte // Object.ID and Object.Account as text values
	account []byte
	number  uint64      // of the object, counted since the Mapper was made
	utf8    bool        // the object's bytes are valid UTF-8, so that its strings are
	scratch []byte      // text that expressions make; lives as long as the object
	tape    []value     // the row under way, column by column, depth first
	clock   uint64      // moves with every scan
	scanned []uint64    // by scope: the clock when it was last scanned
	memo    []memo      // shared subexpressions
	drift   [][]counter // by point and cause
	unknown map[unknownField]*counter
	values  map[unlistedValue]*counter
	listed  []int // by point: how many values of it are in values
	refusal refusal
	mac     hash.Hash // of hashed fields; nil without a key
	sum     []byte
}

// memo keeps a shared subexpression's value for as long as what it reads
// stays the same.
type memo struct {
	clock uint64
	value value
}

// scope is a range of slots that is filled together: the object itself, or the
// element of a list that something iterates.
type scope struct {
	id     int
	depth  int         // 0 for the object
	nested int         // in how many iterations of lists, less that of rows
	path   string      // where it stands in the source, for drift
	label  string      // what its values are called in expressions; "" for nothing
	rows   bool        // its values make a row each
	list   *sourcePath // whose elements it holds; nil for the object
	root   *node
	field  *schemas.SourceField // what the catalog says stands here; nil when it does not know
	inside []interior           // objects on the way to wanted values
}

// interior is an object that paths lead through; another type there is drift.
type interior struct {
	node  *node
	point int
}

// begin takes up an object and scans it. False means that it is no JSON object.
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

// maxRaw keeps places within a slot's 32 bits.
const maxRaw = 1<<31 - 1

// enter scans one element of a list into its scope. False means that it is null
// or, where an object is wanted, something else.
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

// inside returns the places of everything in a list or, keys and values in
// turn, in an object.
func (c *evaluation) inside(n *node) []slot {
	switch c.slots[n.slot].kind {
	case jsonList, jsonObject:
		return c.lists[n.list]
	}
	return nil
}
