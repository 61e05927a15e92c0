package schemas

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Resources are the resources of a set. They do not change after loading.
type Resources struct {
	all      []Resource // those with a list, then the others
	listed   int
	byName   map[string]*Resource
	byObject map[string]*Resource
	late     map[string]bool // columns that may be late
	refer    map[string]bool // members with ids of what is no person
}

// shippedResources are read once, when they are first asked for.
var shippedResources struct {
	once sync.Once
	*Resources
}

// ShippedResources returns the resources of the shipped set. A set without a folder
// resources has the same.
func ShippedResources() *Resources {
	shippedResources.once.Do(func() {
		var err error
		if shippedResources.Resources, err = readResources(Embedded()); err != nil {
			panic(fmt.Sprintf("the resources in the program: %v", err)) // a test loads them
		}
	})
	return shippedResources.Resources
}

// ResourcesIn returns the resources of a set with these files, which was loaded before,
// without reading the rest of it.
func ResourcesIn(files map[string]string) (*Resources, error) { return readResources(memory(files)) }

// arrange puts resources into their order and prepares looking one up.
func arrange(all []Resource) *Resources {
	slices.SortStableFunc(all, func(a, b Resource) int {
		return cmp.Or(compareLast(a.List.Path == "", b.List.Path == ""), compareLast(a.Order == 0, b.Order == 0), cmp.Compare(a.Order, b.Order), strings.Compare(a.Name, b.Name))
	})
	r := &Resources{all: all, byName: map[string]*Resource{}, byObject: map[string]*Resource{}, late: map[string]bool{}, refer: map[string]bool{}}
	for i := range all {
		one := &all[i]
		r.byName[one.Name], r.byObject[one.Object] = one, one
		if one.List.Path != "" {
			r.listed++
		}
		for _, column := range one.LateColumns {
			r.late[column] = true
		}
	}
	for i := range all {
		for _, ref := range slices.Concat(all[i].Owner.BelongsTo, all[i].Brings) {
			if !slices.ContainsFunc(ref.To, r.isPerson) {
				r.refer[ref.Path[strings.LastIndexByte(ref.Path, '.')+1:]] = true
			}
		}
	}
	return r
}

func (r *Resources) isPerson(name string) bool {
	one := r.byName[name]
	return one != nil && one.Owner.Person
}

// compareLast orders what is last after what is not.
func compareLast(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// All returns all resources: those whose lists are read, then the others.
func (r *Resources) All() []Resource { return slices.Clone(r.all) }

// Listed returns the resources whose lists are read, always in the same order.
func (r *Resources) Listed() []Resource { return r.all[:r.listed:r.listed] }

// Unlisted returns the kinds of object whose lists are not read and that belong to
// objects of a resource.
func (r *Resources) Unlisted() []Resource { return r.all[r.listed:] }

// Names returns the names of the resources whose lists are read, in their order.
func (r *Resources) Names() (names []string) {
	for i := range r.Listed() {
		names = append(names, r.all[i].Name)
	}
	return names
}

// Named returns the resource of that name, listed or not.
func (r *Resources) Named(name string) (Resource, bool) { return found(r.byName[name]) }

// Of returns the resource with that kind of object ("charge"), listed or not.
func (r *Resources) Of(object string) (Resource, bool) { return found(r.byObject[object]) }

func found(r *Resource) (Resource, bool) {
	if r == nil {
		return Resource{}, false
	}
	return *r, true
}

// Mentioning returns the names of the resources whose objects name objects of the given
// resource that no list may ever show.
func (r *Resources) Mentioning(name string) (names []string) {
	for _, one := range r.Listed() {
		if slices.ContainsFunc(one.Mentions, func(ref Ref) bool { return slices.Contains(ref.To, name) }) {
			names = append(names, one.Name)
		}
	}
	return names
}

// IsReference reports whether a member of that name has, in objects of some resource, the
// id of what these belong to or bring, which is no person.
func (r *Resources) IsReference(member string) bool { return r.refer[member] }

// IsLateColumn reports whether a column of that name may be filled long after its row
// was made.
func (r *Resources) IsLateColumn(name string) bool { return r.late[name] }
