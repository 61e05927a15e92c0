package extract

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// References returns the ids at each of some paths in an object, in the object's order.
// An expanded object counts as its id. A path leads through members, and by [] through
// the elements of an array: "items.data[].price". Any other value is no reference. If a
// name occurs twice in an object, both values are read.
func References(object []byte, paths ...string) [][]string {
	ids := make([][]string, len(paths))
	follow(object, paths, func(path int, value jsontext.Value) {
		var id Reference
		if _ = id.UnmarshalJSON(value); id != "" {
			ids[path] = append(ids[path], string(id))
		}
	})
	return ids
}

// follow calls found with each value in an object at one of the paths. The value is
// valid until found returns.
func follow(object []byte, paths []string, found func(path int, value jsontext.Value)) {
	ways := make([]way, len(paths))
	for i, path := range paths {
		ways[i] = way{i, path}
	}
	// An error can only mean that it is not JSON. The values found so far remain.
	_ = (&follower{newDecoder(object), found}).value(ways)
}

// way is the rest of a path.
type way struct {
	path int
	rest string
}

type follower struct {
	dec   *jsontext.Decoder
	found func(path int, value jsontext.Value)
}

// value reads the next value, which is at the current place of each of the ways.
func (f *follower) value(ways []way) error {
	if slices.ContainsFunc(ways, way.ends) {
		return f.end(ways)
	}
	switch kind := f.dec.PeekKind(); {
	case kind == '{' && len(ways) > 0:
		return readFields(f.dec, func(name []byte) error { return f.value(into(ways, string(name))) })
	case kind == '[' && len(ways) > 0:
		return f.elements(ways)
	}
	return f.dec.SkipValue()
}

// end calls found for the ways that end at the value, and follows the others into it.
func (f *follower) end(ways []way) error {
	value, err := f.dec.ReadValue()
	if err != nil {
		return err
	}
	var further []way
	for _, w := range ways {
		if w.ends() {
			f.found(w.path, value)
		} else {
			further = append(further, w)
		}
	}
	if len(further) == 0 {
		return nil
	}
	return (&follower{newDecoder(value), f.found}).value(further)
}

func (f *follower) elements(ways []way) error {
	var inside []way
	for _, w := range ways {
		if rest, each := strings.CutPrefix(w.rest, "[]"); each {
			inside = append(inside, way{w.path, rest})
		}
	}
	if len(inside) == 0 {
		return f.dec.SkipValue()
	}
	if _, err := f.dec.ReadToken(); err != nil {
		return err
	}
	for f.dec.PeekKind() != ']' {
		if err := f.value(inside); err != nil {
			return err
		}
	}
	_, err := f.dec.ReadToken()
	return err
}

func (w way) ends() bool { return w.rest == "" }

// into returns the ways that lead into a member of that name.
func into(ways []way, name string) (inside []way) {
	if strings.ContainsAny(name, ".[") {
		return nil
	}
	for _, w := range ways {
		rest, led := strings.CutPrefix(strings.TrimPrefix(w.rest, "."), name)
		if led && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			inside = append(inside, way{w.path, rest})
		}
	}
	return inside
}
