package extract

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Change is a sign that an object of a stream must be read again.
type Change struct {
	Stream  string
	ID      string
	Created time.Time // of the object, UTC; zero if the event does not have it
	At      time.Time // of the event, UTC; a version read long enough after it includes the change
	Of      string    // instead of ID: a filter of the list, such as "charge=ch_1", whose objects changed
}

// Touch describes a kind of event that names objects of a resource.
type Touch struct {
	Object string // the kind of object that the event holds; empty: any kind but Not
	Not    string
	Types  string // prefix of the event's type
	ID     string // path to their ids, in the object that the event holds
	Filter string // if set, the ids are not theirs: they are the values of this filter of their list
}

// event has the parts of an event that show which objects changed.
//
// Stripe: data.object is rendered in the event's own API version and as it was when the
// event was made; two events of one second may contradict each other. So the event is
// never taken for the object, only for a hint that the object changed.
type event struct {
	Type    string `json:"type"`
	Created int64  `json:"created"`
	Data    struct {
		Object struct {
			ID      string  `json:"id"`
			Object  string  `json:"object"`
			Created seconds `json:"created"`
		} `json:"object"`
	} `json:"data"`
}

// held is the path of the object that an event holds.
const held = "data.object."

// seconds is a time if Stripe sends a number; anything else is 0.
type seconds int64

// UnmarshalJSON accepts any value.
func (s *seconds) UnmarshalJSON(text []byte) error {
	_ = json.Unmarshal(text, (*int64)(s))
	return nil
}

// Changes returns the objects of some resources that an event, as Stripe sent it, says
// to read again. It returns an error if the event cannot be read. Most types of events
// concern no stream and yield nothing.
func Changes(raw []byte, resources ...Resource) ([]Change, error) {
	var e event
	if err := json.Unmarshal(raw, &e, lenientJSON); err != nil {
		return nil, fmt.Errorf("read an event: %w", describeDecodeError(raw, err))
	}
	if e.Type == "" || e.Created == 0 {
		return nil, errors.New("read an event: it has no type or no created")
	}
	var found []Change
	for _, r := range resources {
		for _, t := range r.Touches {
			if t.isOf(e) {
				found = append(found, t.changes(raw, r.Name, unixUTC(e.Created))...)
			}
		}
	}
	return found, nil
}

// Unfollowed returns the kind of object that an event holds if the event concerns none
// of these resources. It is empty for an event that does, or that cannot be read.
func Unfollowed(raw []byte, resources ...Resource) string {
	var e event
	if json.Unmarshal(raw, &e, lenientJSON) != nil {
		return ""
	}
	for _, r := range resources {
		if slices.ContainsFunc(r.Touches, func(t Touch) bool { return t.isOf(e) }) {
			return ""
		}
	}
	return e.Data.Object.Object
}

// isOf reports whether an event is of the kind.
func (t Touch) isOf(e event) bool {
	kind := e.Data.Object.Object
	return strings.HasPrefix(e.Type, t.Types) && (kind == t.Object || t.Object == "" && kind != t.Not)
}

// changes returns the objects that an event of the kind names. An id alone has no
// created; an object with a member "id" has its created in the same place.
func (t Touch) changes(raw []byte, stream string, at time.Time) (found []Change) {
	of, beside := strings.CutSuffix(held+t.ID, ".id")
	follow(raw, []string{of}, func(_ int, value jsontext.Value) {
		var id Reference
		var object struct {
			Created seconds `json:"created"`
		}
		if beside && value.Kind() != '{' {
			return
		}
		if _ = id.UnmarshalJSON(value); id == "" {
			return
		}
		c := Change{Stream: stream, At: at}
		if t.Filter != "" {
			c.Of = t.Filter + "=" + string(id)
		} else {
			if beside {
				_ = json.Unmarshal(value, &object, lenientJSON) // a created that cannot be read is unknown
			}
			c.ID, c.Created = string(id), unixUTC(int64(object.Created))
		}
		found = append(found, c)
	})
	return found
}

// unixUTC returns a time in UTC, or the zero time for 0 and for times beyond endOfTime.
func unixUTC(seconds int64) time.Time {
	if seconds <= 0 || seconds > endOfTime {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
