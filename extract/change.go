package extract

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Change says that an object of a stream has to be read again.
type Change struct {
	Stream  string
	ID      string
	Created time.Time // of the object, UTC; zero where the event does not tell
	At      time.Time // of the event, UTC: a version read long enough after it shows the change
	Of      string    // instead of ID: a filter of the list, "charge=ch_1", whose objects changed
}

// event is what of an event says which objects changed.
//
// Stripe: data.object is rendered in the event's own API version and as it was
// when the event was made; two events of one second may contradict each other.
// So it is never taken for the object, only for a hint that there is news.
type event struct {
	Type    string `json:"type"`
	Created int64  `json:"created"`
	Data    struct {
		Object struct {
			ID       string    `json:"id"`
			Object   string    `json:"object"`
			Created  seconds   `json:"created"`
			Charge   Reference `json:"charge"`
			Customer Reference `json:"customer"`
			Refunds  refunds   `json:"refunds"`

			Subscription Reference `json:"subscription"` // of a discount
		} `json:"object"`
	} `json:"data"`
}

// refunds are a charge's, where its version shows them: a list, or an array
// before 2014-06-17.
type refunds []hinted

type hinted struct {
	ID      string  `json:"id"`
	Created seconds `json:"created"`
}

// seconds are a time where Stripe sends a number; anything else is none.
type seconds int64

// UnmarshalJSON takes anything.
func (s *seconds) UnmarshalJSON(text []byte) error {
	_ = json.Unmarshal(text, (*int64)(s))
	return nil
}

// UnmarshalJSON takes both; anything else is none.
func (r *refunds) UnmarshalJSON(text []byte) error {
	var list struct {
		Data []hinted `json:"data"`
	}
	if json.Unmarshal(text, (*[]hinted)(r)) != nil {
		_ = json.Unmarshal(text, &list)
		*r = list.Data
	}
	return nil
}

// Changes reads from an event, as Stripe sent it, what to read again. It is an
// error if that is not to be seen in it. Most types of events concern no stream
// and yield nothing.
//
// Stripe: what an event is about is told by data.object.object and not by its
// type: charge.dispute.* holds a dispute and charge.refund.updated a refund.
// Refunds of charges announced themselves before 2024-10-28 by charge.refunded
// alone, and a discount, a payment source or a tax id that changes a customer
// by no customer.updated. A discount of a subscription stands in that and names
// it; whether customer.subscription.updated comes as well is not documented.
func Changes(raw []byte) ([]Change, error) {
	var e event
	if err := json.Unmarshal(raw, &e, anyText); err != nil {
		return nil, fmt.Errorf("read an event: %w", describe(raw, err))
	}
	if e.Type == "" || e.Created == 0 {
		return nil, errors.New("read an event: it has no type or no created")
	}
	var found []Change
	add := func(stream, id string, created seconds) {
		if id != "" {
			found = append(found, Change{Stream: stream, ID: id, Created: unixUTC(int64(created)), At: unixUTC(e.Created)})
		}
	}
	o := e.Data.Object
	switch o.Object {
	case "charge":
		add("charges", o.ID, o.Created)
		for _, r := range o.Refunds {
			add("refunds", r.ID, r.Created)
		}
		if strings.HasPrefix(e.Type, "charge.refund") && o.ID != "" {
			found = append(found, Change{Stream: "refunds", Of: "charge=" + o.ID, At: unixUTC(e.Created)})
		}
	case "refund":
		add("refunds", o.ID, o.Created)
		add("charges", string(o.Charge), 0)
	case "dispute", "review":
		add("charges", string(o.Charge), 0)
	case "subscription":
		add("subscriptions", o.ID, o.Created)
	case "customer":
		add("customers", o.ID, o.Created)
	case "price", "plan": // a plan is a price under its old name
		add("prices", o.ID, o.Created)
	default:
		if strings.HasPrefix(e.Type, "customer.") {
			add("customers", string(o.Customer), 0)
		}
		if o.Object == "discount" {
			add("subscriptions", string(o.Subscription), 0)
		}
	}
	return found, nil
}

// unixUTC is the zero time for 0.
func unixUTC(seconds int64) time.Time {
	if seconds <= 0 || seconds > endOfTime {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
