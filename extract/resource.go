package extract

import "strings"

// A Resource is one of Stripe's lists that becomes a stream. The caller describes it:
// this package knows no resource. Paths are as in [References].
type Resource struct {
	Name   string // name of the stream: "balance_transactions"
	Object string // the "object" field of its members: "balance_transaction"
	Path   string // the list endpoint: "/v1/balance_transactions"

	// Variants are the query strings to list with, one after the other. Their union is
	// the resource; an object may be in more than one.
	Variants []string

	// Expand are the members that Stripe sends only on request.
	Expand []string

	// Deletable says that Stripe deletes objects of the resource. It keeps all objects
	// of other resources, and an answer to the contrary is not accepted.
	Deletable bool

	// Hidden says that a list does not show every object of the resource, so an object
	// may exist without being listed.
	Hidden bool

	// Silent says that objects change without an event. They are read again by date,
	// and a gap in the events loses nothing.
	Silent bool

	Pending   Pending   // which objects of a silent resource change, and when
	Touches   []Touch   // which events name objects of this resource
	Mentioned []Mention // which other objects its objects name that a list may never show
}

// Events returns the stream of Stripe's events. It is no resource: an event says which
// object to read again, and never becomes a row.
func Events() Resource {
	return Resource{Name: "events", Object: "event", Path: "/v1/events", Variants: []string{""}}
}

// LooksBack reports whether nothing but another look at the list shows a late object of
// the stream. A late object of another list has events, and those are in this one.
func (r Resource) LooksBack() bool { return r.Silent || r.Name == Events().Name }

// subject returns the name for use in a sentence: "balance transactions".
func (r Resource) subject() string { return strings.ReplaceAll(r.Name, "_", " ") }
