package extract

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// OriginList is the Origin of an object that was in a page of its resource's
// list.
const OriginList = "list"

// Object is one object as Stripe sent it, with the members that the log needs
// without decoding the rest.
type Object struct {
	ID   string // "" if it has none, or one that is not a string
	Type string // the "object" field: "charge"

	// Raw is the JSON as received, byte for byte. It is a part of its page's
	// body: keeping it keeps the whole body.
	Raw []byte
	// More holds the rest of nested lists that Raw embeds only the beginning
	// of: a JSON object from each list's JSON Pointer to its further pages as
	// received. It is nil if there are none. See [JoinNested].
	More []byte
	// LeftOut is the size in bytes of an object that was too large to keep. Raw
	// is then a stub with its id. LeftOut is 0 for all others.
	LeftOut int64

	Created  time.Time // UTC, whole seconds; zero if absent or not an integer
	Deleted  bool      // a stub of a deleted object
	Missing  bool      // made because of a 404: Stripe has no such object, and the list of its second, if that is known, does not show it
	Livemode *bool     // nil if absent: refunds and balance transactions have none

	ObservedAt time.Time // UTC, when it was read, by Stripe's clock
	Origin     string    // [OriginList]
	RequestID  string    // of the response it came in
	APIVersion string    // the version that it was rendered in, from the response. If a page of its nested lists has another version than was asked for, that one
}

// decodedPage is a page without its envelope.
type decodedPage struct {
	objects []Object
	hasMore bool // has_more: older objects exist
}

// endless reports a page that promises more objects and holds none to continue
// after.
func (l decodedPage) endless() bool { return l.hasMore && len(l.objects) == 0 }

// errEndless is returned where nothing can be made of an endless page.
var errEndless = errors.New("has_more is true but data is empty")

// newDecoder accepts everything that Stripe might store for its customers. The
// log keeps objects as received, and a doubled key or a broken character inside
// one must not cost the other 99 of its page. Grammar and depth are checked in
// full.
func newDecoder(body []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewBuffer(body),
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// decodePage decodes a page in one pass. Invariant 8: it accepts a page as a
// whole or not at all. It refuses a page of more objects than most, the number
// that was asked for, before it has read it all: each object takes some hundred
// bytes of memory, however short it is.
func decodePage(body []byte, most int) (decodedPage, error) {
	var (
		l    decodedPage
		kind string
		more *bool
		seen = map[string]bool{}
	)
	dec := newDecoder(body)
	err := readFields(dec, func(name []byte) (err error) {
		if seen[string(name)] {
			return fmt.Errorf("its envelope has %q twice", name)
		}
		seen[string(name)] = true
		switch string(name) {
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

// readHeader reads the members of an object that are needed without decoding
// the rest. With an error it returns the members that it read before.
func readHeader(dec *jsontext.Decoder) (o Object, err error) {
	return o, readFields(dec, func(name []byte) (err error) {
		switch string(name) {
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

// permanentError is an error about what the server has. Asking again does not
// help.
type permanentError struct{ error }

// readFields reads an object. It calls field with each name, and field must
// read the value. The name is valid until then.
func readFields(dec *jsontext.Decoder, field func(name []byte) error) error {
	if dec.PeekKind() != '{' {
		return wrongKind(dec, "there is something other than an object")
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for kind := dec.PeekKind(); kind != '}'; kind = dec.PeekKind() {
		name, err := readName(dec, kind)
		if err != nil {
			return err
		}
		if err := field(name); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// readName reads the name of a member, with U+FFFD for bytes that are not UTF-8. A name
// is not a string of its own: an object has some fifty.
func readName(dec *jsontext.Decoder, kind jsontext.Kind) ([]byte, error) {
	if kind != '"' {
		_, err := dec.ReadToken() // the error says where a name was due
		return nil, err
	}
	quoted, err := dec.ReadValue()
	if err != nil {
		return nil, err
	}
	name := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(name, '\\') >= 0 || !utf8.Valid(name) {
		name, _ = jsontext.AppendUnquote(nil, quoted)
	}
	return name, nil
}

// wrongKind returns the syntax error at the current value if there is one, else
// an error that says which kind of value was expected.
func wrongKind(dec *jsontext.Decoder, what string) error {
	if err := dec.SkipValue(); err != nil {
		return err
	}
	return errors.New(what + " at " + strconv.Quote(string(dec.StackPointer())))
}

// readString reads any value. It returns a string as it is, and "" for all
// others.
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

// readBool reads any value. It returns a boolean as it is, and nil for all
// others.
func readBool(dec *jsontext.Decoder) (*bool, error) {
	kind := dec.PeekKind()
	if err := dec.SkipValue(); err != nil || kind != 't' && kind != 'f' {
		return nil, err
	}
	return new(kind == 't'), nil
}

// endOfTime is the end of the year 9999 in Unix seconds. Databases cannot hold
// a later `created`.
const endOfTime = 253402300799

// readTime reads any value. It returns an integer of Unix seconds as a time,
// and the zero time for all others.
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

// describeDecodeError describes a decoding error in words that do not depend on
// the parser.
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
