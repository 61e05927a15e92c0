package pipeline

import (
	"slices"
	"strings"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/schemas"
)

// relations is where the objects of a stream say whose they are, and what is theirs.
type relations struct {
	owners []schemas.Ref // an object goes where one of these goes
	brings []broughtPath
	events bool     // it is all of the objects that events hold
	paths  []string // of owners, of brings, and of the kind of object that an event holds
}

// broughtPath is a path to ids of what belongs to an object and to nothing else.
type broughtPath struct {
	path string
	kind string // of the object that an event holds; empty: any
}

// inEvent leads to the object that an event holds.
const inEvent = "data.object."

// relationsOf returns the relations of a stream; none where it belongs to nobody.
func relationsOf(stream string) *relations {
	if stream == extract.Events().Name {
		return relationsOfEvents()
	}
	resource, _ := schemas.ResourceNamed(stream)
	r := &relations{owners: resource.Owner.BelongsTo}
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

// relationsOfEvents are those of the objects that events hold, of whatever kind: an
// event belongs to them and to all that they may belong to. It brings what no list
// has, and who names that: a charge names the newest of its disputes, and only events
// tell of the others.
func relationsOfEvents() *relations {
	r := &relations{events: true, owners: []schemas.Ref{{Path: "id"}}}
	for _, resource := range schemas.Resources() {
		for _, ref := range resource.Owner.BelongsTo {
			if !slices.ContainsFunc(r.owners, func(o schemas.Ref) bool { return o.Path == ref.Path }) {
				r.owners = append(r.owners, ref)
			}
		}
	}
	for _, part := range schemas.Unlisted() {
		r.brings = append(r.brings, broughtPath{"id", part.Object})
		for _, resource := range schemas.Resources() {
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

// ownership is what an object says of whom it belongs to.
type ownership struct {
	*relations
	kind string     // of the object that an event holds
	ids  [][]string // by path
}

// read reads what it can. A member of another shape than Stripe documents says
// nothing; the others still do.
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

// belongsTo returns the ids of which the object is a part: it goes where one of them
// goes. The object's own id is not among them.
func (s *ownership) belongsTo() []string { return slices.Concat(s.ids[:len(s.owners)]...) }

// broughtIDs returns the ids of what belongs to the object and to nothing else, which
// may be in another stream or in none.
func (s *ownership) broughtIDs() (ids []string) {
	for i, b := range s.brings {
		if b.kind == "" || b.kind == s.kind {
			ids = append(ids, s.ids[len(s.owners)+i]...)
		}
	}
	return ids
}

// lastID is the last of some ids, or nothing.
func lastID(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return ids[len(ids)-1]
}

// leadsTo returns the resource of which an id at a reference is; none where that
// leads to several, and the id is of none of them.
func leadsTo(ref schemas.Ref, id string) (to schemas.Resource, found bool) {
	prefix, _, _ := strings.Cut(id, "_")
	for _, name := range ref.To {
		to, found = schemas.ResourceNamed(name)
		if found && (len(ref.To) == 1 || slices.Contains(to.IDs, prefix)) {
			return to, true
		}
	}
	return schemas.Resource{}, false
}

// personalStreams are the streams whose objects can belong to a person, in the order in
// which one leads to the next.
func personalStreams() (streams []string) {
	all := schemas.Resources()
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

// ownerStreams are the streams that tell whose the objects of a stream are, where those do
// not always name a person; else none.
func ownerStreams(stream string) (streams []string) {
	resource, _ := schemas.ResourceNamed(stream)
	for _, ref := range resource.Owner.BelongsTo {
		for _, name := range ref.To {
			to, _ := schemas.ResourceNamed(name)
			if to.List.Path != "" && !to.Owner.Person && !slices.Contains(streams, name) {
				streams = append(streams, name)
			}
		}
	}
	return streams
}

// bringingStreams are the streams whose objects name those of a stream as their own.
func bringingStreams(stream string) (streams []string) {
	for _, r := range schemas.Resources() {
		if slices.ContainsFunc(r.Brings, func(ref schemas.Ref) bool { return slices.Contains(ref.To, stream) }) {
			streams = append(streams, r.Name)
		}
	}
	return streams
}

// leadsToUnlisted reports a reference to what no list has.
func leadsToUnlisted(ref schemas.Ref) bool {
	return slices.ContainsFunc(schemas.Unlisted(), func(r schemas.Resource) bool { return slices.Contains(ref.To, r.Name) })
}

// namesPersons reports whether an object of a resource always names the person whose
// it is, if it is somebody's.
func namesPersons(r schemas.Resource) bool { return r.Owned() && ownerStreams(r.Name) == nil }
