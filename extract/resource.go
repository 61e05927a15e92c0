package extract

import (
	"fmt"
	"slices"
	"strings"
)

// A Resource is one of Stripe's lists that becomes a stream.
type Resource struct {
	Name   string // the stream: "balance_transactions"
	Object string // the "object" field of its members: "balance_transaction"
	Path   string // the list endpoint: "/v1/balance_transactions"

	// Variants are the query strings to list with, one after the other. Their
	// union is the resource; an object may be in more than one.
	Variants []string

	// Expand are the members that Stripe sends only if asked to.
	Expand []string

	// Deletable are resources that Stripe deletes objects of. Of the others it
	// keeps all, and what says otherwise is not believed.
	Deletable bool

	// Hidden are resources of which a list does not show every object, so that
	// one which is not listed may be there all the same.
	Hidden bool

	// Silent resources change without an event: what is due is read again by
	// date, and a gap in the events loses nothing.
	Silent bool
}

// Resources returns the streams there are, always in the same order.
//
// Stripe: the default list of subscriptions hides canceled ones, and a cursor
// object that is canceled during the walk would drop out of it. The default
// list of prices is documented as the active ones and observed as all of them,
// so both kinds are asked for.
// The tiers of a price and its amounts in further currencies are shown to who
// asks, and so is which products a coupon is limited to.
// Only of customers and prices does the API describe a deleted shape. No list
// shows a price that was made inline, nor customers and subscriptions on a test
// clock.
func Resources() []Resource {
	plain, limits := []string{""}, []string{"discount.coupon.applies_to"}
	return []Resource{
		{Name: "charges", Object: "charge", Path: "/v1/charges", Variants: plain},
		{Name: "subscriptions", Object: "subscription", Path: "/v1/subscriptions", Variants: []string{"status=all"}, Expand: limits, Hidden: true},
		{Name: "refunds", Object: "refund", Path: "/v1/refunds", Variants: plain},
		{Name: "balance_transactions", Object: "balance_transaction", Path: "/v1/balance_transactions", Variants: plain, Silent: true},
		{Name: "customers", Object: "customer", Path: "/v1/customers", Variants: plain, Expand: limits, Deletable: true, Hidden: true},
		{Name: "prices", Object: "price", Path: "/v1/prices", Variants: []string{"", "active=false"}, Expand: []string{"tiers", "currency_options"}, Deletable: true, Hidden: true},
	}
}

// Events returns the stream of what Stripe tells of changes. It is no resource:
// an event says which object to read again, and is itself never a row.
func Events() Resource {
	return Resource{Name: "events", Object: "event", Path: "/v1/events", Variants: []string{""}}
}

// LooksBack reports whether a late object of the stream goes unnoticed unless the
// list is read again: an object that is late in another list has its events, and
// those are in this one.
func (r Resource) LooksBack() bool { return r.Silent || r.Name == Events().Name }

func resourceOf(stream string) (Resource, error) {
	all := append(Resources(), Events())
	i := slices.IndexFunc(all, func(r Resource) bool { return r.Name == stream })
	if i >= 0 {
		return all[i], nil
	}
	names := make([]string, len(all))
	for i, r := range all {
		names[i] = r.Name
	}
	return Resource{}, fmt.Errorf("no such stream: choose from %s", strings.Join(names, ", "))
}

// subject is the name in a sentence: "balance transactions".
func (r Resource) subject() string { return strings.ReplaceAll(r.Name, "_", " ") }
