package schemas

import "slices"

// Resource is what is known of one kind of Stripe's objects, beside their fields: how
// they are listed, what tells that one has changed, what it names, and whose it is.
// It is data. A path leads through the members of an object, and by [] through the
// elements of an array: "items.data[].price". What stands there is an id, or the
// object that has it.
type Resource struct {
	Name      string   // the stream, and the table of its objects: "balance_transactions"
	Object    string   // their member "object": "balance_transaction"
	OldObject string   // what "object" says of the same objects under their old name: "plan"
	IDs       []string // what their ids begin with, before the first "_"

	List      Listing
	Deletable bool // Stripe deletes some; of the others it keeps all

	Silent    bool // objects change without an event
	Due       Due  // when a silent one changes
	ChangedBy []Touch

	Mentions []Ref    // objects of other resources that no list may ever hold
	Embeds   []string // resources whose objects stand inside, as of when these were read

	Owner  Owner
	Brings []Ref // what belongs to the object and to nothing else, which may be in another stream or in none

	LateColumns   []string // that may be filled long after the row was made
	MadeWhenNamed bool     // objects are made together with what names them, or after it
	Transaction   bool     // an object is what Stripe allows read requests for
}

// Listing is how Stripe lists a resource; without a path no list of it is read.
type Listing struct {
	Path     string   // the endpoint; an object is retrieved below it: "/v1/charges"
	Variants []string // query strings to list with, one after the other; their union is the resource
	Expand   []string // members that Stripe sends only if asked to
	Hidden   bool     // no list shows every object
}

// Due says when an object changes without an event: one whose text at Path is Is, at
// the Unix time at At.
type Due struct{ Path, Is, At string }

// Touch is a kind of event that tells of a resource's objects.
type Touch struct {
	Object string // the kind of object that the event holds; empty: any kind but Not
	Not    string
	Types  string // what the event's type begins with
	ID     string // path to their ids, in the object that the event holds
	Filter string // the id is not theirs: it is what their list is filtered by, under this name
}

// Ref is a path to ids of other objects.
type Ref struct {
	Path   string
	To     []string // their resources; where there are several, the id tells which by how it begins
	Filter string   // the id is not theirs: it is what their list is filtered by, under this name
}

// Owner says whose the objects of a resource are: just one of its fields is set.
type Owner struct {
	Person    bool  // each is a person
	Nobody    bool  // they belong to nobody
	BelongsTo []Ref // each goes where one of these goes
}

// Resources returns the resources of which a list is read, always in the same order.
func Resources() []Resource { return slices.Clone(listed) }

// Unlisted returns the kinds of object of which no list is read, and that belong to
// objects of a resource.
func Unlisted() []Resource { return slices.Clone(unlisted) }

// ResourceNamed returns the resource of that name, listed or not.
func ResourceNamed(name string) (Resource, bool) {
	return resource(func(r Resource) bool { return r.Name == name })
}

// ResourceOf returns the resource whose objects are of that kind ("charge"), listed
// or not.
func ResourceOf(object string) (Resource, bool) {
	return resource(func(r Resource) bool { return r.Object == object })
}

func resource(is func(Resource) bool) (Resource, bool) {
	for _, r := range slices.Concat(listed, unlisted) {
		if is(r) {
			return r, true
		}
	}
	return Resource{}, false
}

func objectsOf(resources []Resource) []string {
	objects := make([]string, len(resources))
	for i, r := range resources {
		objects[i] = r.Object
	}
	return objects
}

// Mentioning returns the names of the resources whose objects mention those of a
// resource that no list may ever hold.
func Mentioning(name string) (names []string) {
	for _, r := range listed {
		if slices.ContainsFunc(r.Mentions, func(ref Ref) bool { return slices.Contains(ref.To, name) }) {
			names = append(names, r.Name)
		}
	}
	return names
}

// IsLateColumn reports whether a column of that name may be filled long after its row
// was made.
func IsLateColumn(name string) bool {
	return slices.ContainsFunc(listed, func(r Resource) bool { return slices.Contains(r.LateColumns, name) })
}

// Owned reports whether the objects of a resource belong to a person.
func (r Resource) Owned() bool { return !r.Owner.Person && !r.Owner.Nobody }
