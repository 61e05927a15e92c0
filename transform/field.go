package transform

import "bytes"

// shape says how a target field is made.
type shape uint8

const (
	one     shape = iota // one value of one expression
	nested               // an object
	objects              // a list of objects, one an element of a source list
	values               // a list of values, copied
	entries              // a map of text to values, copied
)

// field is one compiled target field. It does not change once compiled.
type field struct {
	shape shape
	money bool
	minor bool // money whose minor units stand beside it
	hash  bool // a keyed hash stands in the place of the value
	eval  func(*evaluation) value
	rule  *rule // what the value must hold; nil for nothing

	when    func(*evaluation) value            // nested: null unless true; nil for always
	present func(*evaluation) value            // source object or list that must be there; nil for none
	source  *node                              // list or object whose inside is iterated
	each    *scope                             // objects: where an element is scanned to
	read    func(*evaluation, slot, int) value // values, entries: one element
	id      *node                              // values: of elements that are ids or expanded objects
	point   int                                // drift of elements
	members []field                            // nested, objects

	leaf *leafForms // what the other backends make of it; nil for a system column

	name    string // path in the table, for rejects
	mapping string // file:line of its leaf
}

// fill evaluates a field onto the tape. False means that the row is rejected;
// the reason is in c.refusal.
//
// Invariant 3: nothing is appended to a column before every field of the row
// has passed here, so a row is there whole or is a reject.
func (c *evaluation) fill(f *field) bool {
	switch f.shape {
	case one:
		v := f.eval(c)
		if (f.rule != nil || v.state == wrong) && !c.holds(f, v) {
			return false
		}
		if f.hash {
			v = c.hashed(v)
		}
		c.tape = append(c.tape, v)
		return true
	case nested:
		return c.fillObject(f)
	case objects:
		return c.fillObjects(f)
	case values:
		return c.fillValues(f)
	default:
		return c.fillEntries(f)
	}
}

// header puts a list's or object's own value on the tape. The row goes on only
// if open is true; ok is false when the row is rejected.
func (c *evaluation) header(f *field, v value) (open, ok bool) {
	if v.state != set {
		c.tape = append(c.tape, value{})
		if f.rule != nil && f.rule.required {
			return false, c.refuse(f, "required", missing(v), sampleIn(v))
		}
		return false, true
	}
	c.tape = append(c.tape, v)
	return true, true
}

func (c *evaluation) fillObject(f *field) bool {
	v := value{state: set}
	if f.present != nil {
		v = f.present(c)
	}
	if v.state == set && f.when != nil && !f.when(c).isTrue() {
		v = value{}
	}
	open, ok := c.header(f, v)
	return ok && (!open || c.fillMembers(f))
}

func (c *evaluation) fillMembers(f *field) bool {
	for i := range f.members {
		if !c.fill(&f.members[i]) {
			return false
		}
	}
	return true
}

// fillObjects makes one object an element; a null element stays null.
func (c *evaluation) fillObjects(f *field) bool {
	at := len(c.tape)
	open, ok := c.header(f, f.present(c))
	if !open {
		return ok
	}
	elements := c.inside(f.source)
	c.tape[at].num = int64(len(elements))
	for _, e := range elements {
		there := c.enter(f.each, e)
		if !there && e.kind != jsonNull {
			c.note(f.point, cause(e.kind), c.sampleOf(e))
		}
		if there = there && (f.when == nil || f.when(c).isTrue()); !there {
			c.tape = append(c.tape, value{})
			continue
		}
		c.tape = append(c.tape, value{state: set})
		if !c.fillMembers(f) {
			return false
		}
	}
	return true
}

func (c *evaluation) fillValues(f *field) bool {
	at := len(c.tape)
	open, ok := c.header(f, f.present(c))
	if !open {
		return ok
	}
	elements := c.inside(f.source)
	c.tape[at].num = int64(len(elements))
	for _, e := range elements {
		if f.id != nil && e.kind == jsonObject {
			c.enter(f.each, e)
			e = c.slots[f.id.slot]
		}
		c.tape = append(c.tape, f.read(c, e, f.point))
	}
	return true
}

// fillEntries copies an object as a map, in the order of its keys as sent. Of a
// repeated key the last value counts: no map may hold a key twice.
func (c *evaluation) fillEntries(f *field) bool {
	at := len(c.tape)
	open, ok := c.header(f, f.present(c))
	if !open {
		return ok
	}
	first := len(c.tape)
	elements := c.inside(f.source)
	if len(elements)/2 > maxEntries {
		return c.refuse(f, "keys", "the map has over 1,000 keys", c.sampleOf(c.slots[f.source.slot]))
	}
	for i := 0; i+1 < len(elements); i += 2 {
		key := readText(c, elements[i], f.point)
		if key.state != set {
			continue
		}
		v := f.read(c, elements[i+1], f.point)
		if before := c.keyOf(first, key.text); before >= 0 {
			c.note(f.point, repeatedKey, sampleIn(key))
			c.tape[before+1] = v
			continue
		}
		c.tape = append(c.tape, key, v)
	}
	c.tape[at].num = int64(len(c.tape)-first) / 2
	return true
}

// maxEntries bounds a map of a row. Stripe's metadata has at most 50 keys; what
// finds repeated ones, here and in DuckDB's driver, compares each with each.
const maxEntries = 1000

// keyOf finds a key among the entries on the tape, or -1.
func (c *evaluation) keyOf(first int, key []byte) int {
	for i := first; i < len(c.tape); i += 2 {
		if bytes.Equal(c.tape[i].text, key) {
			return i
		}
	}
	return -1
}
