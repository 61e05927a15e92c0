package extract

import "github.com/go-json-experiment/json"

// Reference is the id of another object. Stripe sends the id itself or, if it was asked
// to expand it, the object. Any other value is no reference.
type Reference string

// UnmarshalJSON reads an id, or an object with an id. It sets r to "" for other values
// and never fails.
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
