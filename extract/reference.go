package extract

import "github.com/go-json-experiment/json"

// Reference is the id of another object, which Stripe sends as it is or, where it was
// asked to expand it, as the object itself. Anything else refers to nothing.
type Reference string

// UnmarshalJSON takes an id or an object with one, whatever else is in that, and
// never fails.
func (r *Reference) UnmarshalJSON(text []byte) error {
	var id string
	var object struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(text, &id, lenientJSON) != nil && json.Unmarshal(text, &object, lenientJSON) == nil {
		id = object.ID
	}
	*r = Reference(id)
	return nil
}
