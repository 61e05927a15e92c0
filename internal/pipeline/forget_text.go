package pipeline

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/schemas"
)

// wordMembers are the members whose strings are words that Stripe defines, or ids
// of what is no resource. A string in any other member may be text about a person,
// or the person's id, unless it is an id of what an object belongs to.
var wordMembers = map[string]bool{
	"id": true, "object": true, "type": true, "status": true, "currency": true, "reporting_category": true, "balance_type": true,
	"transfer_reversal": true, "source_transfer_reversal": true, "payment_method": true,
	"reason": true, "failure_reason": true, "pending_reason": true, "api_version": true, "application": true,
}

// openMembers are the objects and lists that are copied member by member. Any
// other one, such as metadata, may have names of a user's own in it.
var openMembers = map[string]bool{"fee_details": true, "data": true, "previous_attributes": true}

// withoutText returns an object whose owner is unknown, with null for
// everything that may be text about a person. Its type, its amount and the ids
// of what it belongs to stay.
func withoutText(of *schemas.Resources, object []byte) ([]byte, error) {
	lax := []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}
	var out bytes.Buffer
	b := textBlanker{of, jsontext.NewDecoder(bytes.NewReader(object), lax...), jsontext.NewEncoder(&out, lax...)}
	if err := b.structure(false); err != nil {
		return nil, fmt.Errorf("blank the text of an object: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// textBlanker copies JSON without its text.
type textBlanker struct {
	of  *schemas.Resources
	in  *jsontext.Decoder
	out *jsontext.Encoder
}

// structure copies an object or a list member by member. eventData says that it
// is the data of an event.
func (b textBlanker) structure(eventData bool) error {
	begin, err := b.in.ReadToken()
	if err != nil {
		return err
	}
	if err := b.out.WriteToken(begin); err != nil {
		return err
	}
	for b.in.PeekKind() != '}' && b.in.PeekKind() != ']' {
		name := ""
		if begin.Kind() == '{' {
			token, err := b.in.ReadToken()
			if err != nil {
				return err
			}
			name = token.String()
			if err := b.out.WriteToken(jsontext.String(name)); err != nil {
				return err
			}
		}
		if err := b.member(name, eventData); err != nil {
			return err
		}
	}
	end, err := b.in.ReadToken()
	if err != nil {
		return err
	}
	return b.out.WriteToken(end)
}

// member copies a value: of a member with that name, or an element of a list.
func (b textBlanker) member(name string, eventData bool) error {
	kind := b.in.PeekKind()
	composed := kind == '{' || kind == '['
	if composed && (openMembers[name] || name == "" || eventData && name == "object") {
		return b.structure(name == "data")
	}
	value, err := b.in.ReadValue()
	if err != nil {
		return err
	}
	stays := wordMembers[name] || b.of.IsReference(name)
	switch {
	case kind == '{' && stays: // a reference that was expanded
		var id extract.Reference
		_ = id.UnmarshalJSON(value)
		return b.out.WriteToken(jsontext.String(string(id)))
	case composed, kind == '"' && !stays:
		return b.out.WriteToken(jsontext.Null)
	}
	return b.out.WriteValue(value)
}
