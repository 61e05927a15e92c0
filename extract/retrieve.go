package extract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76/form"
)

// OriginRetrieve is the Origin of an object that was requested by its id.
const OriginRetrieve = "retrieve"

// escapeID escapes an id for a path.
//
// Stripe: ids that merchants chose may have any character. It reads a + in a path as a
// blank, as in a query.
func escapeID(id string) string { return strings.ReplaceAll(url.PathEscape(id), "+", "%2B") }

// retrieve reads one object by its id. Stripe: a deleted customer is a stub with status
// 200, which becomes a tombstone with the created of the item. Other deleted objects
// are a 404: the item is then missing or, if listed says that the lists do not show it,
// becomes a tombstone. A 403 never makes a tombstone.
func (c *Client) retrieve(ctx context.Context, res Resource, item Item, listed bool) result {
	object, err := c.one(ctx, res, item.ID)
	if item.missing = res.missing(err); item.missing != nil {
		if listed {
			return result{objects: []Object{c.tombstone(res, item)}}
		}
		return result{missing: []Item{item}}
	}
	if err != nil {
		return result{err: err, unread: []Item{item}}
	}
	if object.Deleted && object.Created.IsZero() {
		object.Created = item.Created
	}
	objects := []Object{object}
	if err := c.checkMode(objects); err != nil {
		return result{err: err}
	}
	return result{objects: objects, err: c.completeNested(ctx, objects)}
}

// one requests an object by its id.
func (c *Client) one(ctx context.Context, res Resource, id string) (object Object, err error) {
	ask := res.request(&form.Values{})
	for _, member := range res.Expand {
		ask.query.Add("expand[]", member)
	}
	ask.endpoint, ask.path, ask.holds = res.Path+"/:id", res.Path+"/"+escapeID(id), holdsObject
	err = c.get(ctx, ask, func(got *reply) (err error) {
		object, err = readOne(got, res, id)
		return err
	})
	return object, err
}

// missing returns err as an *APIError if it says that there is no object of the
// requested id, else nil.
//
// Stripe: a 404 names the parameter that it is about: "id", or, as in the
// documentation, the kind of object, such as "price".
func (r Resource) missing(err error) *APIError {
	e, ok := errors.AsType[*APIError](err)
	if ok && e.Status == http.StatusNotFound && e.Code == codeMissing && (e.Param == "id" || e.Param == r.Object) {
		return e
	}
	return nil
}

// readOne reads an object that was requested by its id. It refuses an object of another
// kind or with another id, and a deletion of a kind that Stripe never deletes.
func readOne(got *reply, res Resource, id string) (Object, error) {
	o, err := readObject(newDecoder(got.body), got.body)
	if err != nil {
		return Object{}, describeDecodeError(got.body, err)
	}
	one := []Object{o}
	stamp(one, got)
	o = one[0]
	switch {
	case o.ID != id:
		return Object{}, fmt.Errorf("it is %q and not %q", oneLine(o.ID), oneLine(id))
	case o.Type != res.Object && (o.LeftOut == 0 || o.Type != ""): // the type may come after the part that was too large
		return Object{}, fmt.Errorf("it is a %q and not a %q", oneLine(o.Type), res.Object)
	}
	if err := res.checkDeleted(one); err != nil {
		return Object{}, err
	}
	one[0].Origin = OriginRetrieve
	return one[0], nil
}

// checkDeleted refuses a deleted object of a kind that Stripe never deletes.
func (r Resource) checkDeleted(objects []Object) error {
	if i := slices.IndexFunc(objects, func(o Object) bool { return o.Deleted }); i >= 0 && !r.Deletable {
		return fmt.Errorf("it says that %s is deleted, and Stripe deletes no %s", oneLine(objects[i].ID), r.subject())
	}
	return nil
}

// tombstone returns a tombstone like Stripe's own stubs, for an object of which Stripe
// keeps none.
func (c *Client) tombstone(res Resource, item Item) Object {
	raw, _ := json.Marshal(struct { // cannot fail: two strings and a bool
		ID      string `json:"id"`
		Object  string `json:"object"`
		Deleted bool   `json:"deleted"`
	}{item.ID, res.Object, true})
	return Object{
		ID: item.ID, Type: res.Object, Raw: raw, Created: item.Created, Deleted: true, Missing: true,
		ObservedAt: c.ServerTime().Truncate(time.Second), Origin: OriginRetrieve, RequestID: item.missing.RequestID,
	}
}
