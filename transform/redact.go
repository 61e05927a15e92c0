package transform

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/schemas"
)

// Redactor blanks the values at some paths of one type of Stripe object. It
// belongs to one goroutine.
type Redactor struct {
	scanner
	root  *redaction
	spans []byteRange
}

// redaction is one step of the paths that are blanked.
type redaction struct {
	blank   bool
	members map[string]*redaction
	element *redaction
	secrets bool // every member that holds a secret is blanked, however deep
}

// secretEnd ends the names of members whose value nobody may store, by Stripe's word:
// whoever has a client_secret can complete the payment.
const secretEnd = "_secret"

// Secrets returns a Redactor that blanks every member that holds a secret, such as
// client_secret. Metadata is the merchant's own and stays.
func Secrets() *Redactor { return &Redactor{root: &redaction{secrets: true}} }

// MayHoldSecrets reports whether JSON may have a member that [Secrets] blanks. It spares
// most objects the walk.
func MayHoldSecrets(raw []byte) bool { return bytes.Contains(raw, []byte(secretEnd+`"`)) }

// inside returns what is blanked in a member, or in an element where the name is "".
func (r *redaction) inside(name string, isMember bool) *redaction {
	switch {
	case !r.secrets && !isMember:
		return r.element
	case !r.secrets:
		return r.members[name]
	case isMember && strings.HasSuffix(name, secretEnd):
		return &redaction{blank: true}
	case isMember && name == "metadata":
		return nil
	}
	return r
}

type byteRange struct{ start, end int }

// Redactors returns a Redactor for each type of object ("charge") that has a
// path to be blanked in the raw log. For each of them it returns another one
// for the events ("event.charge") that contain such an object.
func Redactors(paths []schemas.RedactedPath) map[string]*Redactor {
	redactors := map[string]*Redactor{}
	for _, p := range paths {
		if redactors[p.Object] == nil {
			redactors[p.Object] = &Redactor{root: &redaction{}}
		}
		redactors[p.Object].root.add(p.Path)
	}
	for object, r := range maps.Clone(redactors) {
		event := &redaction{members: map[string]*redaction{"object": r.root, "previous_attributes": r.root}}
		redactors["event."+object] = &Redactor{root: &redaction{members: map[string]*redaction{"data": event}}}
	}
	return redactors
}

func (r *redaction) add(path []string) {
	for _, name := range path {
		next := &redaction{}
		switch {
		case name == "[]" && r.element != nil:
			next = r.element
		case name == "[]":
			r.element = next
		case r.members[name] != nil:
			next = r.members[name]
		default:
			if r.members == nil {
				r.members = map[string]*redaction{}
			}
			r.members[name] = next
		}
		r = next
	}
	r.blank = true
}

// Redact returns the object with null in the place of every value at one of the
// paths. Every other byte stays as it was sent. Bytes that are not JSON cannot
// be shown to be clean: they are an error, which names only the position.
func (r *Redactor) Redact(raw []byte) ([]byte, error) {
	r.raw, r.spans = raw, r.spans[:0]
	end := r.walk(r.root, skipSpace(raw, 0))
	if end < 0 || skipSpace(raw, end) != len(raw) {
		return nil, fmt.Errorf("redact: not one JSON object: byte %d of %d", r.at, len(raw))
	}
	if len(r.spans) == 0 {
		return raw, nil
	}
	out, done := make([]byte, 0, len(raw)), 0
	for _, s := range r.spans {
		out = append(append(out, raw[done:s.start]...), "null"...)
		done = s.end
	}
	return append(out, raw[done:]...), nil
}

// walk skips the value at i, records the values to be blanked in it, and
// returns where it ends, or -1.
func (r *Redactor) walk(to *redaction, i int) int {
	c := byteAt(r.raw, i)
	switch {
	case to == nil:
		return r.skip(i)
	case to.blank:
		end := r.skip(i)
		r.spans = append(r.spans, byteRange{i, end})
		return end
	case c == '{' && (to.members != nil || to.secrets):
		return r.items(i+1, '}', to)
	case c == '[' && (to.element != nil || to.secrets):
		return r.items(i+1, ']', to)
	}
	return r.skip(i)
}

// items walks over the members of an object or the elements of a list, from
// behind the bracket.
func (r *Redactor) items(i int, closing byte, to *redaction) int {
	if i = skipSpace(r.raw, i); byteAt(r.raw, i) == closing {
		return i + 1
	}
	for i >= 0 {
		key := ""
		if closing == '}' {
			if key, i = r.name(i); i < 0 {
				return i
			}
		}
		next := to.inside(key, closing == '}')
		if i = r.walk(next, i); i < 0 {
			return i
		}
		switch i = skipSpace(r.raw, i); byteAt(r.raw, i) {
		case ',':
			i = skipSpace(r.raw, i+1)
		case closing:
			return i + 1
		default:
			return r.bad(i)
		}
	}
	return i
}

// name reads a member's name and skips its colon.
func (r *Redactor) name(i int) (string, int) {
	if byteAt(r.raw, i) != '"' {
		return "", r.bad(i)
	}
	end, escaped := r.text(i)
	if end < 0 {
		return "", end
	}
	key := slices.Clone(r.raw[i+1 : end-1])
	if escaped {
		var ok bool
		if key, ok = unescape(nil, r.raw[i+1:end-1]); !ok {
			return "", r.bad(i)
		}
	}
	if i = skipSpace(r.raw, end); byteAt(r.raw, i) != ':' {
		return "", r.bad(i)
	}
	return string(key), skipSpace(r.raw, i+1)
}
