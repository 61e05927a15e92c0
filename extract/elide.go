package extract

import (
	"encoding/json"
	"io"
)

// The depth of the objects in the body of an answer.
const (
	holdsNoObject = 0 // no object is left out
	holdsObject   = 1
	holdsList     = 3 // {"data": [{
)

// elision removes objects larger than maxObject from a body while it is read. A stub
// with its id replaces each. Such an object is lost itself, but costs neither its page
// (Invariant 8) nor its size in memory. A body without one passes unchanged.
type elision struct {
	io.Reader
	of    *reply
	level int // depth of the objects

	depth           int
	quoted, escaped bool   // inside a string; after a backslash in it
	inside          bool   // inside an object
	object          []byte // the part of it that was read; its stub once it is too large
	left            int64  // size in bytes of an object that is too large; else 0
	ready           []byte // output that Read has not yet returned completely
	next            int    // index of the next byte of ready
	passed          int64  // bytes written to ready so far
	buffer          []byte
	err             error
}

// Read returns the remaining body.
func (e *elision) Read(into []byte) (int, error) {
	if e.buffer == nil {
		e.buffer = make([]byte, 32<<10)
	}
	for e.next == len(e.ready) && e.err == nil {
		var n int
		n, e.err = e.Reader.Read(e.buffer)
		e.ready, e.next = e.ready[:0], 0
		e.scan(e.buffer[:n])
		if e.err != nil && e.left == 0 { // cut off inside an object: the decoder of the page refuses it
			e.pass(e.object)
		}
	}
	n := copy(into, e.ready[e.next:])
	if e.next += n; n > 0 {
		return n, nil
	}
	return 0, e.err
}

// scan follows the nesting of JSON. For a body that is not JSON its result does not
// matter: the decoder refuses it.
func (e *elision) scan(text []byte) {
	from := 0
	for i, b := range text {
		switch {
		case e.quoted:
			e.quoted, e.escaped = e.escaped || b != '"', !e.escaped && b == '\\'
		case b == '"':
			e.quoted = true
		case b == '{' || b == '[':
			if e.depth++; e.depth == e.level && b == '{' {
				e.add(text[from:i])
				from, e.inside = i, true
			}
		case b == '}' || b == ']':
			if e.depth--; e.inside && e.depth < e.level {
				e.add(text[from : i+1])
				e.end()
				from = i + 1
			}
		}
	}
	e.add(text[from:])
}

// add appends a piece of the body to the current object, or to the output.
func (e *elision) add(piece []byte) {
	switch {
	case !e.inside:
		e.pass(piece)
	case e.left > 0:
		e.left += int64(len(piece))
	default:
		if e.object = append(e.object, piece...); len(e.object) > maxObject {
			e.left, e.object = int64(len(e.object)), stub(e.object)
		}
	}
}

// end writes an object, or its stub, to the output, and records the position of a stub.
func (e *elision) end() {
	if e.left > 0 {
		if e.of.leftOut == nil {
			e.of.leftOut = map[int64]int64{}
		}
		e.of.leftOut[e.passed] = e.left
	}
	e.pass(e.object)
	e.object, e.left, e.inside = e.object[:0], 0, false
}

func (e *elision) pass(piece []byte) {
	e.ready = append(e.ready, piece...)
	e.passed += int64(len(piece))
}

// stub makes the stub from the beginning of an object. Stripe sends the id and the type
// first, and created before all fields that merchants fill.
func stub(beginning []byte) []byte {
	o, _ := readHeader(newDecoder(beginning)) // the text ends in the middle
	var s struct {
		ID       string `json:"id,omitempty"`
		Object   string `json:"object,omitempty"`
		Created  int64  `json:"created,omitempty"`
		Livemode *bool  `json:"livemode,omitempty"`
	}
	s.ID, s.Object, s.Livemode = o.ID, o.Type, o.Livemode
	if !o.Created.IsZero() {
		s.Created = o.Created.Unix()
	}
	text, _ := json.Marshal(s) // cannot fail
	return text
}

// noteLeftOut sets LeftOut of the objects that are stubs.
func (r *reply) noteLeftOut(objects []Object) {
	for at, size := range r.leftOut {
		for i := range objects {
			if o := &objects[i]; &o.Raw[0] == &r.body[at] {
				o.LeftOut = size
			}
		}
	}
}
