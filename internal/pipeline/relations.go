package pipeline

import (
	"slices"
	"strings"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/schemas"
)

// relations says where the objects of a stream name their owners, and what they
// bring.
type relations struct {
	of     *schemas.Resources
	owners []schemas.Ref // an object is erased together with one of these
	brings []broughtPath
	events bool     // these are the relations of objects in events
	paths  []string // of owners, of brings, and of the type of the object in an event
}

// broughtPath is a path to ids of objects that belong to an object and to
// nothing else.
type broughtPath struct {
	path string
	kind string // type of the object in the event; empty: any
}

// inEvent precedes the paths of the object in an event.
const inEvent = "data.object."

// relationsOf returns the relations of a stream. They are empty where its
// objects belong to nobody.
func relationsOf(of *schemas.Resources, stream string) *relations {
	if stream == extract.Events().Name {
		return relationsOfEvents(of)
	}
	resource, _ := of.Named(stream)
	r := &relations{of: of, owners: resource.Owner.BelongsTo}
	for _, ref := range resource.Brings {
		r.brings = append(r.brings, broughtPath{path: ref.Path})
	}
	for _, ref := range r.owners {
		r.paths = append(r.paths, ref.Path)
	}
	for _, b := range r.brings {
		r.paths = append(r.paths, b.path)
	}
	return r
}

// relationsOfEvents returns the relations of the objects in events, of every
// type. An event belongs to its object and to all owners that the object may
// have. It brings objects that no list has, and those that name them: a charge
// names the newest of its disputes, and only events name the others.
func relationsOfEvents(of *schemas.Resources) *relations {
	r := &relations{of: of, events: true, owners: []schemas.Ref{{Path: "id"}}}
	for _, resource := range of.Listed() {
		for _, ref := range resource.Owner.BelongsTo {
			if !slices.ContainsFunc(r.owners, func(o schemas.Ref) bool { return o.Path == ref.Path }) {
				r.owners = append(r.owners, ref)
			}
		}
	}
	for _, part := range of.Unlisted() {
		r.brings = append(r.brings, broughtPath{"id", part.Object})
		for _, resource := range of.Listed() {
			for _, ref := range resource.Brings {
				if slices.Contains(ref.To, part.Name) {
					r.brings = append(r.brings, broughtPath{"id", resource.Object}, broughtPath{ref.Path, resource.Object})
				}
			}
		}
	}
	for _, ref := range r.owners {
		r.paths = append(r.paths, inEvent+ref.Path)
	}
	for _, b := range r.brings {
		r.paths = append(r.paths, inEvent+b.path)
	}
	r.paths = append(r.paths, inEvent+"object")
	return r
}

// ownership is what an object says about its owners and the objects that it
// brings.
type ownership struct {
	*relations
	kind string     // type of the object in the event
	ids  [][]string // by path
}

// read reads the ids at the paths. A member of another form than Stripe
// documents has no ids; the others still have.
func (r *relations) read(object []byte) ownership {
	s := ownership{relations: r, ids: make([][]string, len(r.paths))}
	if len(r.paths) > 0 {
		s.ids = extract.References(object, r.paths...)
	}
	if r.events {
		s.kind = lastID(s.ids[len(s.ids)-1])
	}
	return s
}

// belongsTo returns the ids of the owners: the object is erased together with
// any of them. Its own id is not among them.
func (s *ownership) belongsTo() []string { return slices.Concat(s.ids[:len(s.owners)]...) }

// broughtIDs returns the ids of objects that belong to this one and to nothing
// else. They may be in another stream or in none.
func (s *ownership) broughtIDs() (ids []string) {
	for i, b := range s.brings {
		if b.kind == "" || b.kind == s.kind {
			ids = append(ids, s.ids[len(s.owners)+i]...)
		}
	}
	return ids
}

// lastID returns the last of some ids, or "".
func lastID(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return ids[len(ids)-1]
}

// leadsTo returns the resource that an id at a reference belongs to. found is
// false where the reference leads to several resources and the id has the
// prefix of none.
func leadsTo(of *schemas.Resources, ref schemas.Ref, id string) (to schemas.Resource, found bool) {
	prefix, _, _ := strings.Cut(id, "_")
	for _, name := range ref.To {
		to, found = of.Named(name)
		if found && (len(ref.To) == 1 || slices.Contains(to.IDs, prefix)) {
			return to, true
		}
	}
	return schemas.Resource{}, false
}

// personalStreams returns the streams whose objects can belong to a person,
// owners before the objects that they own.
func personalStreams(of *schemas.Resources) (streams []string) {
	all := of.Listed()
	for _, r := range all {
		if r.Owner.Person {
			streams = append(streams, r.Name)
		}
	}
	for _, r := range all {
		if r.Owned() {
			streams = append(streams, r.Name)
		}
	}
	return append(streams, extract.Events().Name)
}

// ownerStreams returns the streams that name the owners of a stream's objects.
// It is nil where the objects name a person themselves.
func ownerStreams(of *schemas.Resources, stream string) (streams []string) {
	resource, _ := of.Named(stream)
	for _, ref := range resource.Owner.BelongsTo {
		for _, name := range ref.To {
			to, _ := of.Named(name)
			if to.List.Path != "" && !to.Owner.Person && !slices.Contains(streams, name) {
				streams = append(streams, name)
			}
		}
	}
	return streams
}

// bringingStreams returns the streams whose objects bring objects of this
// stream.
func bringingStreams(of *schemas.Resources, stream string) (streams []string) {
	for _, r := range of.Listed() {
		if slices.ContainsFunc(r.Brings, func(ref schemas.Ref) bool { return slices.Contains(ref.To, stream) }) {
			streams = append(streams, r.Name)
		}
	}
	return streams
}

// leadsToUnlisted reports whether a reference leads to objects that no list
// has.
func leadsToUnlisted(of *schemas.Resources, ref schemas.Ref) bool {
	return slices.ContainsFunc(of.Unlisted(), func(r schemas.Resource) bool { return slices.Contains(ref.To, r.Name) })
}

// namesPersons reports whether an object of a resource always names its owner,
// if it has one.
func namesPersons(of *schemas.Resources, r schemas.Resource) bool {
	return r.Owned() && ownerStreams(of, r.Name) == nil
}
