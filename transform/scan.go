package transform

import "slices"

// kind is the JSON type of a value.
type kind uint8

const (
	jsonAbsent kind = iota
	jsonNull
	jsonBoolean
	jsonNumber
	jsonText
	jsonEscaped // text that holds a backslash
	jsonList
	jsonObject
	jsonKinds
)

var kindNames = [jsonKinds]string{"nothing", "null", "boolean", "number", "string", "string", "list", "object"}

// slot is the position of a wanted value: raw[start:end], with quotes and
// brackets.
type slot struct {
	kind       kind
	start, end int32
}

// scanner reads one object in one forward pass, guided by a trie. It skips
// everything that the trie does not name by counting brackets, so neither depth
// nor size of that costs stack or memory. It checks enough never to mistake one
// value for another; it does not check the grammar inside skipped values.
type scanner struct {
	raw         []byte
	slots       []slot
	lists       [][]slot     // of each iterated list its elements, of each iterated object its keys and values in turn
	open        []byte       // closing brackets that the skipped value still needs
	key         []byte       // the current key without its escapes
	follow      []*node      // at 2*number of a node: its first member the last time; at 2*number+1: the member that followed it
	unknownKeys []unknownKey // not yet counted
	at          int          // the offset at which the bytes stop being JSON
}

// scan scans the whole of raw into root's slots. It returns false when raw is
// not one JSON value; at is then the offset of the fault.
func (s *scanner) scan(root *node) bool {
	clear(s.slots[root.slot:root.end])
	i := s.value(root, skipSpace(s.raw, 0))
	if i < 0 {
		return false
	}
	if i = skipSpace(s.raw, i); i != len(s.raw) {
		s.at = i
		return false
	}
	return true
}

// element scans one element of a list again, into the slots of the trie for
// that list's elements.
func (s *scanner) element(root *node, e slot) {
	clear(s.slots[root.slot:root.end])
	s.value(root, int(e.start))
}

// value scans the value that begins at i. It returns the offset behind it, or
// -1.
func (s *scanner) value(n *node, i int) int {
	if s.slots[n.slot].kind != jsonAbsent {
		clear(s.slots[n.slot:n.end]) // a repeated key: the last value replaces the whole first one
	}
	var found kind
	var end int
	start := i
	switch c := byteAt(s.raw, i); {
	case c == '"':
		found = jsonText
		var escaped bool
		if end, escaped = s.text(i); escaped {
			found = jsonEscaped
		}
	case c == '{':
		found = jsonObject
		if n.keys == nil && n.list < 0 && !n.closed {
			end = s.skip(i)
		} else {
			end = s.members(n, i+1)
		}
	case c == '[':
		found = jsonList
		if n.items == nil && n.list < 0 && n.elem == nil {
			end = s.skip(i)
		} else {
			end = s.elements(n, i+1)
		}
	default:
		found, end = s.scalar(i)
	}
	if end >= 0 {
		s.slots[n.slot] = slot{found, int32(start), int32(end)}
	}
	return end
}

// members scans an object, beginning behind its brace.
func (s *scanner) members(n *node, i int) int {
	raw := s.raw
	if n.list >= 0 {
		s.lists[n.list] = s.lists[n.list][:0]
	}
	if i = skipSpace(raw, i); byteAt(raw, i) == '}' {
		return i + 1
	}
	for last := 2 * n.number; ; {
		if byteAt(raw, i) != '"' {
			return s.bad(i)
		}
		c, name := s.member(n, last, i)
		if name.kind == jsonAbsent {
			return s.bad(len(raw))
		}
		if i = skipSpace(raw, int(name.end)); byteAt(raw, i) != ':' {
			return s.bad(i)
		}
		i = skipSpace(raw, i+1)
		start := i
		if c != nil {
			last = 2*c.number + 1
		}
		switch {
		case c == nil:
			i = s.skip(i)
		case c.slot == unwanted:
			i = s.skipKnown(c, i)
		default:
			i = s.value(c, i)
		}
		if i < 0 {
			return i
		}
		if c == nil && n.closed { // the last unknown key: its value was skipped, so no other followed
			s.unknownKeys[len(s.unknownKeys)-1].at = slot{kindOf(raw[start:i]), int32(start), int32(i)}
		}
		if n.list >= 0 {
			s.lists[n.list] = append(s.lists[n.list], name, slot{kindOf(raw[start:i]), int32(start), int32(i)})
		}
		switch i = skipSpace(raw, i); byteAt(raw, i) {
		case ',':
			i = skipSpace(raw, i+1)
		case '}':
			return i + 1
		default:
			return s.bad(i)
		}
	}
}

// member reads the key that begins at i. Objects of one type mostly have their
// members in the same order, so it first tries the member that followed the
// last time. That needs no search for the key's end: a member is remembered
// only when its key had no escapes, so its name holds no quote. The returned
// slot is absent when the key does not end.
func (s *scanner) member(n *node, last, i int) (*node, slot) {
	raw := s.raw
	if c := s.follow[last]; c != nil {
		end := i + 1 + len(c.key)
		if end < len(raw) && raw[end] == '"' && string(raw[i+1:end]) == c.key {
			return c, slot{jsonText, int32(i), int32(end + 1)}
		}
	}
	end, escaped := s.text(i)
	if end < 0 {
		return nil, slot{}
	}
	name, key := slot{jsonText, int32(i), int32(end)}, raw[i+1:end-1]
	if escaped {
		name.kind = jsonEscaped
		s.key, _ = unescape(s.key[:0], key)
		key = s.key
	}
	c := n.find(key)
	switch {
	case c == nil && n.closed:
		if escaped {
			key = slices.Clone(key)
		}
		s.unknownKeys = append(s.unknownKeys, unknownKey{in: n, key: key})
	case c != nil && !escaped:
		s.follow[last] = c
	}
	return c, name
}

// elements scans a list, beginning behind its bracket.
func (s *scanner) elements(n *node, i int) int {
	raw := s.raw
	if n.list >= 0 {
		s.lists[n.list] = s.lists[n.list][:0]
	}
	if i = skipSpace(raw, i); byteAt(raw, i) == ']' {
		return i + 1
	}
	for at := 0; ; at++ {
		start := i
		switch {
		case at < len(n.items) && n.items[at] != nil:
			i = s.value(n.items[at], i)
		case n.elem != nil:
			i = s.skipKnown(n.elem, i)
		default:
			i = s.skip(i)
		}
		if i < 0 {
			return i
		}
		if n.list >= 0 {
			s.lists[n.list] = append(s.lists[n.list], slot{kindOf(raw[start:i]), int32(start), int32(i)})
		}
		switch i = skipSpace(raw, i); byteAt(raw, i) {
		case ',':
			i = skipSpace(raw, i+1)
		case ']':
			return i + 1
		default:
			return s.bad(i)
		}
	}
}

// skip skips one value of any depth.
func (s *scanner) skip(i int) int {
	switch byteAt(s.raw, i) {
	case '"':
		end, _ := s.text(i)
		return end
	case '{', '[':
		return s.brackets(i)
	}
	_, end := s.scalar(i)
	return end
}

// brackets skips an object or a list by counting brackets, without recursion.
func (s *scanner) brackets(i int) int {
	raw, open := s.raw, s.open[:0]
	defer func() { s.open = open }()
	for i < len(raw) {
		switch c := raw[i]; c {
		case '"':
			if i, _ = s.text(i); i < 0 {
				return i
			}
			continue
		case '{', '[':
			open = append(open, c+2) // in ASCII a closing bracket is two after its opening one
		case '}', ']':
			if open[len(open)-1] != c {
				return s.bad(i)
			}
			if open = open[:len(open)-1]; len(open) == 0 {
				return i + 1
			}
		case ' ':
			i = skipSpace(raw, i)
			continue
		}
		i++
	}
	return s.bad(i)
}

// text skips a string from its opening quote. escaped reports a backslash in
// it.
func (s *scanner) text(i int) (end int, escaped bool) {
	i = indexSpecial(s.raw, i+1)
	for i < len(s.raw) && s.raw[i] == '\\' {
		escaped = true
		if i += 2; i > len(s.raw) {
			break
		}
		i = indexSpecial(s.raw, i)
	}
	if i >= len(s.raw) {
		return s.bad(len(s.raw)), false
	}
	return i + 1, escaped
}

// scalar skips a number, true, false or null. The grammar of a number is
// checked where the number is used.
func (s *scanner) scalar(i int) (kind, int) {
	raw := s.raw
	switch c := byteAt(raw, i); {
	case c == '-' || c >= '0' && c <= '9':
		for i++; i < len(raw) && isNumberByte[raw[i]]; i++ {
		}
		return jsonNumber, i
	case c == 't' && i+4 <= len(raw) && string(raw[i:i+4]) == "true":
		return jsonBoolean, i + 4
	case c == 'f' && i+5 <= len(raw) && string(raw[i:i+5]) == "false":
		return jsonBoolean, i + 5
	case c == 'n' && i+4 <= len(raw) && string(raw[i:i+4]) == "null":
		return jsonNull, i + 4
	}
	return jsonAbsent, s.bad(i)
}

func (s *scanner) bad(i int) int {
	s.at = i
	return -1
}
