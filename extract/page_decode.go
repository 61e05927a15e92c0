package extract

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// OriginList is the Origin of an object that came in a page of its resource's list.
const OriginList = "list"

// Object is one object as Stripe sent it, with what the log wants to know of it
// without decoding the rest.
type Object struct {
	ID   string // "" if it has none, or not a string
	Type string // the "object" field: "charge"

	// Raw is the JSON as received, byte for byte. It is part of its page's
	// body: keep it and the whole body is kept.
	Raw []byte
	// More holds the rest of nested lists that Raw embeds the beginning of: a
	// JSON object of each list's JSON Pointer and its further pages as received;
	// nil if there are none. See [JoinNested].
	More []byte
	// LeftOut is the size in bytes of an object that is larger than is kept. Raw is
	// then a stub with its id.
	LeftOut int64

	Created  time.Time // UTC, whole seconds; zero if absent or not an integer
	Deleted  bool      // a stub of a deleted object
	Missing  bool      // made of a 404: Stripe has no such object, and the list of its second, if that is known, does not show it
	Livemode *bool     // nil if absent: refunds and balance transactions have none

	ObservedAt time.Time // UTC, when it was read, by Stripe's clock
	Origin     string    // [OriginList]
	RequestID  string    // of the response it came in
	APIVersion string    // the version it was rendered in, from the response; of its nested lists' pages too, if one is another than was asked for
}

// decodedPage is the envelope of a page, opened.
type decodedPage struct {
	objects []Object
	hasMore bool // has_more: older objects exist
}

// endless reports a page that promises more and holds nothing to go on after.
func (l decodedPage) endless() bool { return l.hasMore && len(l.objects) == 0 }

// errEndless says so, where nothing can be made of it.
var errEndless = errors.New("has_more is true but data is empty")

// newDecoder accepts what Stripe might store for its customers: the log keeps
// objects as received, and a doubled key or a broken character inside one must
// not cost the other 99 of its page. Grammar and depth are checked in full.
func newDecoder(body []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewBuffer(body),
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// decodePage opens a page in one pass. Invariant 8: it accepts a page as a whole
// or not at all. A page of more objects than most, which is what was asked for, is
// refused before it is all read: each takes some hundred bytes, however short it is.
func decodePage(body []byte, most int) (decodedPage, error) {
	var (
		l    decodedPage
		kind string
		more *bool
		seen = map[string]bool{}
	)
	dec := newDecoder(body)
	err := readFields(dec, func(name string) (err error) {
		if seen[name] {
			return fmt.Errorf("its envelope has %q twice", name)
		}
		seen[name] = true
		switch name {
		case "object":
			kind, err = readString(dec)
		case "has_more":
			more, err = readBool(dec)
		case "data":
			l.objects, err = readData(dec, body, most)
		default:
			err = dec.SkipValue()
		}
		return err
	})
	if err == nil {
		_, err = dec.ReadToken()
		if err == nil {
			err = errors.New("something follows its end")
		} else if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	switch {
	case err != nil:
		return decodedPage{}, describeDecodeError(body, err)
	case kind != "list":
		return decodedPage{}, fmt.Errorf(`it is not a list ("object" is %q)`, kind)
	case !seen["data"] || more == nil:
		return decodedPage{}, errors.New("it is a list without data or has_more")
	}
	l.hasMore = *more
	return l, nil
}

func readData(dec *jsontext.Decoder, body []byte, most int) ([]Object, error) {
	if dec.PeekKind() != '[' {
		return nil, wrongKind(dec, "data is not an array")
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	objects := make([]Object, 0, 100)
	for dec.PeekKind() != ']' {
		if len(objects) == most {
			return nil, permanentError{fmt.Errorf("it holds more objects than the %d that were asked for", most)}
		}
		o, err := readObject(dec, body)
		if err != nil {
			return nil, err
		}
		objects = append(objects, o)
	}
	_, err := dec.ReadToken()
	return objects, err
}

// readObject reads the object that comes next in body. A field that appears
// twice counts as its last appearance, as it does for most readers of JSON.
func readObject(dec *jsontext.Decoder, body []byte) (Object, error) {
	before := dec.InputOffset() // blanks and a comma may follow
	o, err := readHeader(dec)
	if err != nil {
		return Object{}, err
	}
	end := dec.InputOffset()
	start := before + int64(bytes.IndexByte(body[before:end], '{'))
	o.Raw = body[start:end:end]
	return o, nil
}

// readHeader reads an object for what is known of it without decoding the rest. With
// an error comes what was read before it.
func readHeader(dec *jsontext.Decoder) (o Object, err error) {
	return o, readFields(dec, func(name string) (err error) {
		switch name {
		case "id":
			o.ID, err = readString(dec)
		case "object":
			o.Type, err = readString(dec)
		case "created":
			o.Created, err = readTime(dec)
		case "livemode":
			o.Livemode, err = readBool(dec)
		case "deleted":
			var deleted *bool
			deleted, err = readBool(dec)
			o.Deleted = deleted != nil && *deleted
		default:
			err = dec.SkipValue()
		}
		return err
	})
}

// permanentError is about what the server has, and asking again does not cure it.
type permanentError struct{ error }

// readFields reads an object and hands each name to field, which must read the value.
func readFields(dec *jsontext.Decoder, field func(name string) error) error {
	if dec.PeekKind() != '{' {
		return wrongKind(dec, "there is something other than an object")
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if err := field(name.String()); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// wrongKind is the syntax error at this place if there is one, and otherwise says
// what is wrong with a sound value of another kind.
func wrongKind(dec *jsontext.Decoder, what string) error {
	if err := dec.SkipValue(); err != nil {
		return err
	}
	return errors.New(what + " at " + strconv.Quote(string(dec.StackPointer())))
}

// readString reads any value and returns it if it is a string, else "".
func readString(dec *jsontext.Decoder) (string, error) {
	if dec.PeekKind() != '"' {
		return "", dec.SkipValue()
	}
	token, err := dec.ReadToken()
	if err != nil {
		return "", err
	}
	return token.String(), nil
}

// readBool reads any value and returns it if it is a boolean, else nil.
func readBool(dec *jsontext.Decoder) (*bool, error) {
	kind := dec.PeekKind()
	if err := dec.SkipValue(); err != nil || kind != 't' && kind != 'f' {
		return nil, err
	}
	return new(kind == 't'), nil
}

// endOfTime is the end of the year 9999 in Unix seconds; a `created` past it is
// not a time that databases can hold.
const endOfTime = 253402300799

// readTime reads any value and returns it if it is an integer of Unix seconds,
// else the zero time.
func readTime(dec *jsontext.Decoder) (time.Time, error) {
	if dec.PeekKind() != '0' {
		return time.Time{}, dec.SkipValue()
	}
	number, err := dec.ReadValue()
	if err != nil {
		return time.Time{}, err
	}
	seconds, err := strconv.ParseInt(string(number), 10, 64)
	if err != nil || seconds < 0 || seconds > endOfTime {
		return time.Time{}, nil //nolint:nilerr // not a time: the object is kept, without one
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// describeDecodeError puts a reading error in words that do not depend on the parser.
func describeDecodeError(body []byte, err error) error {
	var syntax *jsontext.SyntacticError
	switch start := bytes.TrimSpace(body); {
	case len(start) == 0:
		return errors.New("its body is empty")
	case start[0] == '<':
		return errors.New("it is HTML, not JSON")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("it ends in the middle, after %d bytes", len(body))
	case errors.As(err, &syntax):
		return fmt.Errorf("it is not JSON at byte %d", syntax.ByteOffset)
	}
	return err
}
