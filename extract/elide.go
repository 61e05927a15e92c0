package extract

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
)

// What the body of an answer holds: how deep its objects stand.
const (
	holdsNoObject = 0 // nothing of it is left out
	holdsObject   = 1
	holdsList     = 3 // {"data": [{
)

// elision leaves the objects out of a body, while it is read, that are larger than
// maxObject: what is left of each is a stub with its id. Such an object costs itself
// and nothing beside it: neither the page that it stands in (Invariant 8) nor its
// size in memory. A body without one passes as it is.
type elision struct {
	io.ReadCloser
	of    *reply
	level int // depth at which objects stand
	small int // bytes: a body of fewer is not looked through, as no object in it is too large

	depth           int
	quoted, escaped bool   // inside a text, after its backslash
	inside          bool   // an object
	object          []byte // as far as it was read; its stub once it is too large
	left            int64  // bytes of the object, once it is too large; else 0
	ready           []byte // to be handed on
	next            int    // byte of it
	passed          int64  // bytes that were made ready
	buffer          []byte
	err             error
}

// Read hands on what of the body stays.
func (e *elision) Read(into []byte) (int, error) {
	if e.buffer == nil && e.err == nil {
		e.begin()
	}
	for e.next == len(e.ready) && e.err == nil {
		var n int
		n, e.err = e.ReadCloser.Read(e.buffer)
		e.ready, e.next = e.ready[:0], 0
		e.scan(e.buffer[:n])
		if e.err != nil && e.left == 0 { // cut short inside an object: whoever opens the page refuses it
			e.pass(e.object)
		}
	}
	n := copy(into, e.ready[e.next:])
	if e.next += n; n > 0 {
		return n, nil
	}
	return 0, e.err
}

// begin reads what may be all of a small body.
func (e *elision) begin() {
	head := bytes.NewBuffer(make([]byte, 0, min(e.small, 128<<10)))
	n, err := head.ReadFrom(io.LimitReader(e.ReadCloser, int64(e.small)))
	if err != nil || n < int64(e.small) {
		e.ready, e.err = head.Bytes(), cmp.Or(err, io.EOF)
		return
	}
	e.buffer = make([]byte, 32<<10)
	e.scan(head.Bytes())
}

// scan follows the nesting of JSON. Of what is none nothing sensible becomes of it,
// as nothing does of the body.
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

// add takes a piece of the body that is inside an object, or is not.
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

// end hands an object on, or its stub, and notes where that stands.
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

// stub is what an object says of itself before it becomes too large. Stripe sends
// the id and the type first, and created before anything that merchants fill.
func stub(beginning []byte) []byte {
	o, _ := readHeader(newDecoder(beginning)) // it ends in the middle
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

// noteLeftOut notes which objects of an answer are stubs, and of how much.
func (r *reply) noteLeftOut(objects []Object) {
	for at, size := range r.leftOut {
		for i := range objects {
			if o := &objects[i]; &o.Raw[0] == &r.body[at] {
				o.LeftOut = size
			}
		}
	}
}
