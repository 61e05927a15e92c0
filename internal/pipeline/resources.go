package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/schemas"
)

// Resources returns the resources that have a list, in the form that package
// extract takes, always in the same order.
func Resources(of *schemas.Resources) []extract.Resource {
	var all []extract.Resource
	for _, r := range of.Listed() {
		all = append(all, resourceOf(r))
	}
	return all
}

// resourceOf converts a declared resource to the form that extraction takes.
func resourceOf(r schemas.Resource) extract.Resource {
	out := extract.Resource{
		Name: r.Name, Object: r.Object,
		Path: r.List.Path, Variants: r.List.Variants, Expand: r.List.Expand, Hidden: r.List.Hidden,
		Deletable: r.Deletable, Silent: r.Silent, Pending: extract.Pending(r.Due),
	}
	for _, t := range r.ChangedBy {
		out.Touches = append(out.Touches, extract.Touch{Object: t.Object, Not: t.Not, Types: t.Types, ID: t.ID, Filter: t.Filter})
	}
	for _, ref := range r.Mentions {
		for _, to := range ref.To {
			out.Mentioned = append(out.Mentioned, extract.Mention{Path: ref.Path, Stream: to})
		}
	}
	return out
}

// Streams returns the streams of an account's log: the resources, in their order,
// and the events.
func Streams(of *schemas.Resources) []extract.Resource {
	return append(Resources(of), extract.Events())
}

// streamByName returns the stream of that name.
func streamByName(of *schemas.Resources, name string) (extract.Resource, error) {
	all := Streams(of)
	i := slices.IndexFunc(all, func(r extract.Resource) bool { return r.Name == name })
	if i >= 0 {
		return all[i], nil
	}
	names := make([]string, len(all))
	for i, r := range all {
		names[i] = r.Name
	}
	return extract.Resource{}, fmt.Errorf("%s: no such stream: choose from %s", name, strings.Join(names, ", "))
}
