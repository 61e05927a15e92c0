package transform

import "bytes"

// shape is the kind of target field.
type shape uint8

const (
	shapeValue   shape = iota // one value of one expression
	shapeObject               // an object
	shapeObjects              // a list of objects, one for each element of a source list
	shapeValues               // a list of values, copied
	shapeEntries              // a map of text to values, copied
)

// field is one compiled target field. It does not change once compiled.
type field struct {
	shape      shape
	money      bool
	minor      bool // money with a column of its minor units beside it
	hash       bool // the column holds a keyed hash of the value
	eval       func(*evaluation) value
	constraint *constraint // nil for none

	when    func(*evaluation) value            // nested: the object is null unless this is true; nil for always true
	present func(*evaluation) value            // whether the source object or list is there; nil for none needed
	source  *node                              // list or object that is iterated
	each    *scope                             // objects: the scope that each element is scanned into
	read    func(*evaluation, slot, int) value // values, entries: reads one element
	id      *node                              // values: the id of an element that may be an expanded object
	point   int                                // drift point of the elements
	members []field                            // nested, objects

	leaf *lineageForms // for the backends beside the kernel; nil for a system column

	name    string // path in the table, for rejects
	mapping string // file:line of its leaf
}

// evalField evaluates a field onto the tape. It returns false when the row is
// rejected; the reason is then in c.refusal.
//
// Invariant 3: nothing is appended to a column before every field of the row
// has passed here, so a row is there whole or is a reject.
func (c *evaluation) evalField(f *field) bool {
	switch f.shape {
	case shapeValue:
		v := f.eval(c)
		if (f.constraint != nil || v.state == stateWrong) && !c.check(f, v) {
			return false
		}
		if f.hash {
			v = c.hashed(v)
		}
		c.tape = append(c.tape, v)
		return true
	case shapeObject:
		return c.evalObject(f)
	case shapeObjects:
		return c.evalObjects(f)
	case shapeValues:
		return c.evalValues(f)
	default:
		return c.evalEntries(f)
	}
}

// evalHeader appends the value of a list or object itself to the tape. Its
// members follow only if open is true; ok is false when the row is rejected.
func (c *evaluation) evalHeader(f *field, v value) (open, ok bool) {
	if v.state != stateSet {
		c.tape = append(c.tape, value{})
		if f.constraint != nil && f.constraint.required {
			return false, c.refuse(f, "required", missingReason(v), sampleIn(v))
		}
		return false, true
	}
	c.tape = append(c.tape, v)
	return true, true
}

func (c *evaluation) evalObject(f *field) bool {
	v := value{state: stateSet}
	if f.present != nil {
		v = f.present(c)
	}
	if v.state == stateSet && f.when != nil && !f.when(c).isTrue() {
		v = value{}
	}
	open, ok := c.evalHeader(f, v)
	return ok && (!open || c.evalMembers(f))
}

func (c *evaluation) evalMembers(f *field) bool {
	for i := range f.members {
		if !c.evalField(&f.members[i]) {
			return false
		}
	}
	return true
}

// evalObjects makes one object of each element. A null element stays null.
func (c *evaluation) evalObjects(f *field) bool {
	at := len(c.tape)
	open, ok := c.evalHeader(f, f.present(c))
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
		c.tape = append(c.tape, value{state: stateSet})
		if !c.evalMembers(f) {
			return false
		}
	}
	return true
}

func (c *evaluation) evalValues(f *field) bool {
	at := len(c.tape)
	open, ok := c.evalHeader(f, f.present(c))
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

// evalEntries copies an object as a map, in the order of its keys. Of a
// repeated key the last value counts, because no map may hold a key twice.
func (c *evaluation) evalEntries(f *field) bool {
	at := len(c.tape)
	open, ok := c.evalHeader(f, f.present(c))
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
		if key.state != stateSet {
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

// maxEntries bounds the entries of a map. Stripe's metadata has at most 50
// keys. Repeated keys are found by comparing each with each, here and in
// DuckDB's driver, which is slow for large maps.
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
