package pipeline

import (
	"fmt"
	"slices"
	"time"

	"github.com/stripelake/stripelake/load"
)

// AgeError reports a resource whose changes are older than allowed.
type AgeError struct {
	Resource string // "charges of acct_1"; empty: nothing was ever read
	Says     string
}

func (e *AgeError) Error() string {
	if e.Resource == "" {
		return "too old: " + e.Says
	}
	return "too old: " + e.Resource + ": " + e.Says
}

// ExitCode is 3.
func (e *AgeError) ExitCode() int { return ExitIncomplete }

// Oldest returns the resource whose changes are followed up to the earliest
// time, of those that a sync has ever selected. A resource without such a time
// is older than all. It is nil where nothing was ever read.
func (s Status) Oldest() *ResourceStatus {
	var oldest *ResourceStatus
	for i := range s.Resources {
		r := &s.Resources[i]
		switch {
		case r.Why == load.WhyNeverRead:
		case oldest == nil, oldest.undated() == "" && (r.undated() != "" || r.AsOf.Before(*oldest.AsOf)):
			oldest = r
		}
	}
	return oldest
}

// undated says why the time up to which changes are followed is unknown, or "".
func (r *ResourceStatus) undated() string {
	switch {
	case r.Why == load.WhyNoEvents:
		return "the events could not be read, so that what has changed is not known"
	case r.Why == load.WhyRelisting:
		return "changes were missed, and all of it is still to be listed again"
	case r.AsOf == nil:
		return "its changes were never followed"
	}
	return ""
}

// Of returns the status of some resources, by name; of all where none is named.
func (s Status) Of(resources []string) Status {
	if len(resources) > 0 {
		s.Resources = slices.DeleteFunc(slices.Clone(s.Resources), func(r ResourceStatus) bool { return !slices.Contains(resources, r.Resource) })
	}
	return s
}

// Within returns an [*AgeError] where the oldest resource is older than most.
func (s Status) Within(most time.Duration, now time.Time) error {
	r := s.Oldest()
	if r == nil {
		return &AgeError{Says: "nothing is read yet"}
	}
	says := r.undated()
	if says == "" && now.Sub(*r.AsOf) > most {
		says = fmt.Sprintf("as of %s, which is %s ago, and --max-age allows %s", r.AsOf.Format(time.RFC3339), now.Sub(*r.AsOf).Truncate(time.Second), DurationText(most))
	}
	if says == "" {
		return nil
	}
	return &AgeError{Resource: r.Resource + " of " + r.Account, Says: says}
}

// DurationText writes a duration without its zero parts: 15m, 1h30m.
func DurationText(d time.Duration) string {
	text := d.String()
	for _, empty := range []string{"m0s", "h0m"} {
		if len(text) > len(empty) && text[len(text)-len(empty):] == empty {
			text = text[:len(text)-2]
		}
	}
	return text
}
