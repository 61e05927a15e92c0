package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// Status is what `status` shows: how far each resource is complete, and what
// the lake holds. It is read without any lock, also while a sync runs.
type Status struct {
	Lake       string           `json:"lake"`
	Mode       string           `json:"mode"`
	Generation uint64           `json:"generation"` // what people read now; 0 before the first
	Resources  []ResourceStatus `json:"resources"`
	Unknown    bool             `json:"counts_unknown,omitempty"` // .state/status.json is missing or damaged; the next sync writes it
	Drift      int64            `json:"drift"`                    // kinds of unexpected fields or values; see meta.drift
	LastRun    *load.Run        `json:"last_run,omitempty"`
	Sizes      load.Sizes       `json:"sizes"`
	Publish    *Publish         `json:"publish,omitempty"` // missing before the first
}

// Publish is what making the present generation cost. Whatever was written is
// set against what had changed, raw JSON of Stripe's.
type Publish struct {
	load.Cost
	Linked  int     `json:"linked"`   // partition files that are the same as in the generation before
	PerByte float64 `json:"per_byte"` // bytes written for each that changed; 0 if none did
}

// ResourceStatus is one account's resource. Times are UTC; a missing
// complete_from means since the beginning, a missing complete_to that nothing
// is complete yet.
type ResourceStatus struct {
	Account         string     `json:"account"`
	Resource        string     `json:"resource"`
	Objects         int64      `json:"objects"` // distinct ids in the log
	Rows            int64      `json:"rows"`    // in the resource's main table
	Rejects         int64      `json:"rejects"` // in the resource's main table; rows + rejects = objects
	IncompleteLists int64      `json:"incomplete_lists"`
	Segments        uint64     `json:"segments"` // newest segment of the log
	Applied         uint64     `json:"applied"`  // newest segment in the tables
	CompleteFrom    *time.Time `json:"complete_from,omitempty"`
	CompleteTo      *time.Time `json:"complete_to,omitempty"`
	AsOf            *time.Time `json:"as_of,omitempty"`     // changes before it are read too; missing: none were followed yet
	Relisting       bool       `json:"relisting,omitempty"` // everything is being listed again, because changes were missed
	Gaps            []Gap      `json:"gaps,omitempty"`      // not read yet
}

// Gap is a span of created, [From, To), that is still to be read. A missing
// from is the beginning.
type Gap struct {
	From *time.Time `json:"from,omitempty"`
	To   time.Time  `json:"to"`
}

// ReadStatus reads the status of the lake in dir. Counts are as of the last
// segment applied, cursors and sizes as of now.
func ReadStatus(dir string) (Status, error) {
	mode, err := load.ReadMode(dir)
	if err != nil {
		return Status{}, err
	}
	counts, err := load.ReadStatus(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Status{}, err
	}
	unknown := err != nil
	logs, err := load.LogSizes(dir)
	if err != nil {
		return Status{}, err
	}
	sizes, err := load.ReadSizes(dir)
	if err != nil {
		return Status{}, err
	}
	status := Status{Lake: dir, Mode: mode, Unknown: unknown && len(logs) > 0, Generation: counts.Generation, LastRun: counts.LastRun, Drift: counts.Summary.Drift, Sizes: sizes, Resources: []ResourceStatus{}}
	if g, ok := load.ReadPublished(dir); ok {
		status.Publish = &Publish{Cost: g.Cost, Linked: len(g.Files) - g.Cost.Files}
		if g.Cost.Changed > 0 {
			status.Publish.PerByte = float64(g.Cost.Written()) / float64(g.Cost.Changed)
		}
	}
	for _, log := range everyResource(logs) {
		r, err := resourceStatus(log, counts.Summary.Resources)
		if err != nil {
			return Status{}, err
		}
		status.Resources = append(status.Resources, r)
	}
	return status, nil
}

// everyResource returns the logs of each account in the resources' fixed order,
// with an empty one for a resource that was never read: what is missing is shown.
func everyResource(logs []load.LogSize) []load.LogSize {
	var all []load.LogSize
	for i, log := range logs {
		if i > 0 && logs[i-1].Account == log.Account {
			continue // its account is listed already
		}
		for _, resource := range extract.Resources() {
			found := load.LogSize{Account: log.Account, Stream: resource.Name}
			for _, l := range logs {
				if l.Account == found.Account && l.Stream == found.Stream {
					found = l
				}
			}
			all = append(all, found)
		}
	}
	return all
}

func resourceStatus(log load.LogSize, counts []load.Resource) (ResourceStatus, error) {
	r := ResourceStatus{Account: log.Account, Resource: log.Stream, Segments: log.Newest}
	for _, count := range counts {
		if count.Account == log.Account && count.Stream == log.Stream {
			r.Objects, r.Rows, r.Rejects = count.Objects, count.Rows, count.Rejects
			r.IncompleteLists, r.Applied = count.Incomplete, count.Segment
		}
	}
	coverage, err := extract.Cursor(log.Cursor).Coverage()
	if err != nil {
		return r, fmt.Errorf("cursor of %s/%s: %w", log.Account, log.Stream, err)
	}
	for _, gap := range coverage.Gaps {
		r.Gaps = append(r.Gaps, Gap{instant(gap.From), gap.To})
	}
	r.AsOf, r.Relisting = instant(coverage.AsOf), coverage.Again
	complete := longestComplete(coverage)
	r.CompleteFrom, r.CompleteTo = instant(complete.From), instant(complete.To)
	return r, nil
}

// longestComplete cuts the gaps out of what a cursor covers and returns the
// longest span that is left, the later one of two alike. Its To is zero if
// nothing is complete. A span since the beginning is the longest there is.
func longestComplete(c extract.Coverage) extract.Interval {
	var best extract.Interval
	from := c.From
	for _, gap := range append(c.Gaps, extract.Interval{From: c.Through, To: c.Through}) {
		if span := (extract.Interval{From: from, To: gap.From}); span.To.After(span.From) && length(span) >= length(best) {
			best = span
		}
		from = gap.To
	}
	return best
}

func length(i extract.Interval) time.Duration { return i.To.Sub(i.From) } // saturates, so a zero From is longest

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
