package pipeline

import (
	"slices"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
)

// unfollowedIn counts the events that concern no resource, by the kind of object that
// they hold.
func unfollowedIn(events []load.Raw, resources []extract.Resource) map[string]int64 {
	counts := map[string]int64{}
	for _, event := range events {
		if kind := extract.Unfollowed(event.Object, resources...); kind != "" {
			counts[kind]++
		}
	}
	return counts
}

// notCovered returns the counts of objects whose events concern none of the resources.
// Some may be of a time when other resources were read.
func notCovered(counts []load.Unfollowed, of *schemas.Resources) []load.Unfollowed {
	return slices.DeleteFunc(slices.Clone(counts), func(u load.Unfollowed) bool {
		return slices.ContainsFunc(of.Listed(), func(r schemas.Resource) bool {
			return slices.ContainsFunc(r.ChangedBy, func(t schemas.Touch) bool { return t.Object == u.Object })
		})
	})
}
