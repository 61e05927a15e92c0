package extract

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// IncompleteLists returns the places in an object where Stripe cut a nested list short:
// a JSON Pointer ("/items") to each list with has_more true, in document order. For
// most objects, which have none, it is only a byte search.
//
// Stripe: an embedded list holds its newest ten or so, and says has_more.
// IncompleteLists returns at most maxLists + 1 pointers, and cuts a pointer longer than
// maxPointer: a hostile object could have millions, each thousands of names deep.
func IncompleteLists(raw []byte) []string {
	if !mayHaveMore(raw) {
		return nil
	}
	var found []string
	dec := newDecoder(raw)
	// An error can only mean that raw is not JSON. The lists found so far remain.
	_, _ = findIncomplete(dec, &found)
	return found
}

const (
	maxLists   = 100  // most lists of an object that are completed; Stripe's have one or two
	maxPointer = 1000 // bytes
)

// errTooMany ends the search.
var errTooMany = errors.New("more incomplete lists than are read")

// mayHaveMore reports whether the bytes of has_more": true occur. The search is for the
// first byte, and a quote begins every line.
func mayHaveMore(raw []byte) bool {
	for rest := raw; ; {
		var found bool
		if _, rest, found = bytes.Cut(rest, []byte(`has_more"`)); !found {
			return false
		}
		value, colon := bytes.CutPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(":"))
		if colon && bytes.HasPrefix(bytes.TrimLeft(value, " \t\r\n"), []byte("true")) {
			return true
		}
	}
}

// findIncomplete reads the next value, appends to found the incomplete lists inside it,
// and reports whether the value is itself one.
func findIncomplete(dec *jsontext.Decoder, found *[]string) (bool, error) {
	switch dec.PeekKind() {
	case '{':
		return findInObject(dec, found)
	case '[':
		if _, err := dec.ReadToken(); err != nil {
			return false, err
		}
		for dec.PeekKind() != ']' {
			if err := findInMember(dec, found); err != nil {
				return false, err
			}
		}
		_, err := dec.ReadToken()
		return false, err
	}
	return false, dec.SkipValue()
}

func findInObject(dec *jsontext.Decoder, found *[]string) (bool, error) {
	var isList, hasMore bool
	err := readFields(dec, func(name []byte) error {
		switch string(name) {
		case "object":
			kind, err := readString(dec)
			isList = kind == "list"
			return err
		case "has_more":
			more, err := readBool(dec)
			hasMore = more != nil && *more
			return err
		}
		return findInMember(dec, found)
	})
	return isList && hasMore, err
}

// findInMember calls findIncomplete for a value inside another one: it adds the value's
// own pointer before the pointers inside it.
func findInMember(dec *jsontext.Decoder, found *[]string) error {
	at := len(*found)
	cut, err := findIncomplete(dec, found)
	if err != nil || !cut {
		return err
	}
	if len(*found) > maxLists {
		return errTooMany
	}
	pointer := string(dec.StackPointer())
	if len(pointer) > maxPointer {
		pointer = strings.ToValidUTF8(pointer[:maxPointer], "") + "…" // leads nowhere: the list is reported but not read
	}
	*found = slices.Insert(*found, at, pointer)
	return nil
}
