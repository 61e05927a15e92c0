package extract

import (
	"bytes"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Pending says which objects of a resource change without an event, and when: those
// whose text at the path Path equals Is, at the Unix time at the path At.
type Pending struct{ Path, Is, At string }

// NextChange returns the time at which an object changes without an event and must be
// read again; zero if it does not.
func (r Resource) NextChange(raw []byte) time.Time {
	p := r.Pending
	if p.Is == "" || !bytes.Contains(raw, []byte(`"`+p.Is+`"`)) {
		return time.Time{}
	}
	var is string
	var until seconds
	follow(raw, []string{p.Path, p.At}, func(path int, value jsontext.Value) {
		if path == 0 {
			is = ""
			_ = json.Unmarshal(value, &is, lenientJSON) // a value of another type is not equal to Is
		} else {
			_ = until.UnmarshalJSON(value)
		}
	})
	if is != p.Is {
		return time.Time{}
	}
	return unixUTC(int64(until))
}

// Mention is a path to ids of another stream's objects that a list may never show.
type Mention struct{ Path, Stream string }

// Named identifies an object of a stream.
type Named struct{ Stream, ID string }

// UnlistedReferences returns the objects that an object names and that a list may never
// show.
func (r Resource) UnlistedReferences(raw []byte) (found []Named) {
	for _, m := range r.Mentioned {
		for _, id := range References(raw, m.Path)[0] {
			found = append(found, Named{m.Stream, id})
		}
	}
	return found
}
