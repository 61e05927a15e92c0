package extract

import "strings"

// A Resource is one of Stripe's lists that becomes a stream. Whoever reads it says
// what is known of it: this package knows none. A path is one of [References].
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

	Pending   Pending   // what is due of a silent resource
	Touches   []Touch   // which events tell of the others
	Mentioned []Mention // what its objects mention and no list may ever hold
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

// subject is the name in a sentence: "balance transactions".
func (r Resource) subject() string { return strings.ReplaceAll(r.Name, "_", " ") }
