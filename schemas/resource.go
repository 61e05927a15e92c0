package schemas

import "encoding/json"

// Resource describes one kind of Stripe's objects, except for their fields: how they
// are listed, which events show a change, which objects they name, and whose they are.
// It is the parsed form of one file under resources/. A path leads through the members
// of an object, and by [] through the elements of an array: "items.data[].price". At
// its end is an id, or the object that has it.
type Resource struct {
	Name        string   // name of the stream, and of the table of its objects: "balance_transactions"
	Object      string   // value of their member "object": "balance_transaction"
	OldObject   string   // value of "object" of the same objects under their old name: "plan"
	Description string   // what the objects are
	Order       int      // place among the resources, from 1; 0 is after all others, by name
	IDs         []string // prefixes of their ids, without the "_"

	List      Listing
	Deletable bool // Stripe deletes some; it keeps all objects of other resources

	Silent    bool // objects change without an event
	Due       Due  // when an object of a silent resource changes
	ChangedBy []Touch

	Mentions []Ref    // objects of other resources that no list may ever show
	Embeds   []string // resources whose objects are embedded, as of the time when these were read

	Owner  Owner
	Brings []Ref // objects that belong only to this object, and may be in another stream or in none

	LateColumns   []string // columns that may be filled long after the row was made
	MadeWhenNamed bool     // objects are made together with the objects that name them, or later
	Transaction   bool     // Stripe counts these objects for the number of read requests that it allows

	Pos    Pos
	places resourcePlaces
}

// resourcePlaces are the places of values that do not keep their own.
type resourcePlaces struct {
	object, owner, due, transaction Pos
	ids, expand, embeds, late       []Text
}

// Listing describes how Stripe lists a resource. Without a path its list is not read.
type Listing struct {
	Path     string   // the endpoint; an object is retrieved below it: "/v1/charges"
	Variants []string // query strings to list with, one after the other; their union is the resource
	Expand   []string // members that Stripe sends only on request
	Hidden   bool     // no list shows every object
}

// Due says when objects change without an event: those whose text at Path equals Is, at
// the Unix time at At.
type Due struct{ Path, Is, At string }

// Touch describes a kind of event that names a resource's objects.
type Touch struct {
	Object string // the kind of object that the event holds; empty: any kind but Not
	Not    string
	Types  string // prefix of the event's type
	ID     string // path to their ids, in the object that the event holds
	Filter string // if set, the ids are not theirs: they are the values of this filter of their list

	undocumented bool // the catalog lacks the path, and the file says why
	at           Pos  // of the path
}

// Ref is a path to ids of other objects.
type Ref struct {
	Path   string
	To     []string // their resources; if there are several, the prefix of the id decides
	Filter string   // if set, the id is not theirs: it is the value of this filter of their list

	at Pos // of the path
	to []Text
}

// Owner says whose the objects of a resource are: exactly one of its fields is set.
type Owner struct {
	Person    bool  // each is a person
	Nobody    bool  // they belong to nobody
	BelongsTo []Ref // each belongs to the owner of one of these
}

// Owned reports whether the objects of a resource belong to a person.
func (r Resource) Owned() bool { return !r.Owner.Person && !r.Owner.Nobody }

// Equal reports whether two resources are read alike, wherever and with whatever words
// they are declared.
func (r Resource) Equal(o Resource) bool {
	for _, one := range []*Resource{&r, &o} {
		one.Pos, one.Description = Pos{}, ""
	}
	a, errA := json.Marshal(r)
	b, errB := json.Marshal(o)
	return errA == nil && errB == nil && string(a) == string(b)
}

// refs returns all references of a resource.
func (r *Resource) refs() (refs []Ref) {
	for _, some := range [][]Ref{r.Owner.BelongsTo, r.Brings, r.Mentions} {
		refs = append(refs, some...)
	}
	return refs
}
