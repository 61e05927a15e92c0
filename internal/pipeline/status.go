package pipeline

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
)

// Status is the output of `status`: how far each resource is complete, and what
// the lake holds. It is read without a lock, also while a sync runs.
type Status struct {
	Lake        string            `json:"lake"`
	Mode        string            `json:"mode"`
	Generation  uint64            `json:"generation"`             // published now; 0 before the first
	AsPublished *time.Time        `json:"as_published,omitempty"` // this user may not read raw/: everything below is as of this publish (UTC)
	Resources   []ResourceStatus  `json:"resources"`
	Unknown     bool              `json:"counts_unknown,omitempty"` // .state/status.json is missing or damaged; the next sync writes it
	GivenUp     []load.GivenUp    `json:"given_up,omitempty"`       // requests that were given up, and why; as in meta.requests
	Drift       int64             `json:"drift"`                    // kinds of unexpected fields or values; see meta.drift
	Unfollowed  []load.Unfollowed `json:"unfollowed,omitempty"`     // events that concern no resource
	LastRun     *load.Run         `json:"last_run,omitempty"`
	Unsure      bool              `json:"last_run_unsure,omitempty"` // it was running, and this user may not find out whether it was killed since
	Sizes       load.Sizes        `json:"sizes"`
	Publish     *Publish          `json:"publish,omitempty"` // missing before the first
}

// Publish is the cost of making the present generation. The bytes written are
// compared with the bytes of Stripe's raw JSON that had changed.
type Publish struct {
	load.PublishStats
	Linked  int     `json:"linked"`   // partition files that are the same as in the generation before
	PerByte float64 `json:"per_byte"` // bytes written for each byte changed; 0 if none changed
}

// ResourceStatus is the status of one account's resource. Times are UTC. The
// complete span is the longest without a gap, as in meta.coverage. A missing
// complete_from means since the beginning, a missing complete_to that nothing
// is complete yet.
type ResourceStatus struct {
	Account         string     `json:"account"`
	Resource        string     `json:"resource"`
	Objects         int64      `json:"objects"` // distinct ids in the log
	Rows            int64      `json:"rows"`    // in the resource's main table
	Rejects         int64      `json:"rejects"` // in the resource's main table; rows + rejects = objects
	IncompleteLists int64      `json:"incomplete_lists"`
	Segments        *uint64    `json:"segments,omitempty"` // newest segment of the log; missing where this user may not read it
	Applied         uint64     `json:"applied"`            // newest segment in the tables
	CompleteFrom    *time.Time `json:"complete_from,omitempty"`
	CompleteTo      *time.Time `json:"complete_to,omitempty"`
	AsOf            *time.Time `json:"as_of,omitempty"`     // changes before it are read, too; missing: none were followed yet
	Why             load.Why   `json:"why,omitempty"`       // why it is not complete, or not up to now
	Gaps            []Gap      `json:"gaps,omitempty"`      // not read yet
	NotFound        []string   `json:"not_found,omitempty"` // ids that other rows name and Stripe answered with a 404; see meta.not_found

	APIVersion string `json:"api_version,omitempty"` // versions that its objects came in, where they are not only the one asked for
}

// Gap is a span of created, [From, To), that is still to be read. A missing
// from is the beginning.
type Gap struct {
	From *time.Time `json:"from,omitempty"`
	To   time.Time  `json:"to"`
}

// HasLake reports whether there is a lake in dir: whether lake.json is there.
func HasLake(dir string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, "lake.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// ReadStatus reads the status of the lake in dir. Counts are as of the last
// segment applied, cursors and sizes as of now. A user who may not read the
// private files gets the status of the published generation.
func ReadStatus(ctx context.Context, dir string) (Status, error) {
	mode, err := load.ReadMode(dir)
	if err != nil {
		return Status{}, err
	}
	of := ResourcesInForce(dir)
	status, err := presentStatus(of, dir)
	if errors.Is(err, fs.ErrPermission) {
		status, err = publishedStatus(ctx, of, dir)
	}
	if err != nil {
		return Status{}, err
	}
	status.Lake, status.Mode = dir, mode
	status.Sizes, err = load.ReadSizes(dir)
	return status, err
}

// presentStatus returns the status from the lake's private files.
func presentStatus(of *schemas.Resources, dir string) (Status, error) {
	counts, unsure, err := ReadCounts(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Status{}, err
	}
	unknown := err != nil
	logs, err := load.LogSizes(dir)
	if err != nil {
		return Status{}, err
	}
	status := Status{
		Generation: counts.Generation, Unknown: unknown && len(logs) > 0,
		GivenUp: counts.GivenUp, Drift: counts.Summary.Drift, Unfollowed: notCovered(counts.Summary.Unfollowed, of), LastRun: counts.LastRun, Unsure: unsure,
	}
	if g, ok := load.ReadPublished(dir); ok {
		status.Publish = publishOf(g)
	}
	if status.Resources, err = StatusOfResources(of, logs, counts); err != nil {
		return Status{}, err
	}
	return status, nil
}

// StatusOfResources returns the status of every resource, in their fixed order:
// how complete it is, and its counts. With an error it returns the resources
// that precede the one whose cursor cannot be read.
func StatusOfResources(of *schemas.Resources, logs []load.LogSize, counts load.Status) ([]ResourceStatus, error) {
	all := []ResourceStatus{}
	for _, log := range everyResource(of, logs) {
		coverage, err := coverageOf(log, failureOf(counts.Failures, log))
		if err != nil {
			return all, err
		}
		r := resourceStatus(coverage, counts.Summary.Resources)
		r.Segments = &log.Newest
		all = append(all, r)
	}
	return all, nil
}

// ReadCounts reads the status file. A run without an end counts as killed where
// no process works on the lake. Where one does, the run is taken to go on, as
// in meta.runs. unsure is true where this user may not find out.
func ReadCounts(dir string) (counts load.Status, unsure bool, err error) {
	counts, err = load.ReadStatus(dir)
	for err == nil && IsRunning(counts.LastRun) {
		atWork, lockErr := load.AtWork(dir)
		if unsure = lockErr != nil; unsure || atWork {
			break
		}
		// A run writes how it ended before it releases the lock.
		id := counts.LastRun.ID
		counts, err = load.ReadStatus(dir)
		if err == nil && IsRunning(counts.LastRun) && counts.LastRun.ID == id {
			counts.LastRun.Outcome = OutcomeKilled
		}
	}
	return counts, unsure, err
}

// IsRunning reports whether a run's record, which may be nil, has no end yet.
func IsRunning(run *load.Run) bool { return run != nil && run.Outcome == OutcomeRunning }

// publishedStatus returns the status from the published generation.
func publishedStatus(ctx context.Context, of *schemas.Resources, dir string) (Status, error) {
	p, err := load.OpenPublished(ctx, dir)
	if err != nil {
		return Status{}, err
	}
	status := Status{
		Generation: p.Number, AsPublished: &p.Built, Resources: []ResourceStatus{},
		GivenUp: p.GivenUp, Drift: p.Summary.Drift, Unfollowed: notCovered(p.Summary.Unfollowed, of), LastRun: p.LastRun, Publish: publishOf(p.Generation),
	}
	if IsRunning(p.LastRun) { // the generation does not say how the run ended
		atWork, err := load.AtWork(dir)
		status.Unsure = err != nil || !atWork
	}
	coverage := map[[2]string]load.Coverage{}
	var covered []load.LogSize
	for _, c := range p.Coverage {
		coverage[[2]string{c.Account, c.Resource}] = c
		covered = append(covered, load.LogSize{Account: c.Account, Stream: c.Resource})
	}
	for _, log := range everyResource(of, covered) {
		if c, ok := coverage[[2]string{log.Account, log.Stream}]; ok {
			status.Resources = append(status.Resources, resourceStatus(c, p.Summary.Resources))
		}
	}
	return status, nil
}

func publishOf(g load.Generation) *Publish {
	p := &Publish{PublishStats: g.Stats, Linked: len(g.Files) - g.Stats.Files}
	if g.Stats.Changed > 0 {
		p.PerByte = float64(g.Stats.Written()) / float64(g.Stats.Changed)
	}
	return p
}

// everyResource returns the logs of each account in the resources' fixed order.
// A resource that was never read has an empty one, so that it is shown as
// missing.
func everyResource(of *schemas.Resources, logs []load.LogSize) []load.LogSize {
	var all []load.LogSize
	for i, log := range logs {
		if i > 0 && logs[i-1].Account == log.Account {
			continue // its account is listed already
		}
		for _, resource := range of.Listed() {
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

func resourceStatus(coverage load.Coverage, counts []load.Resource) ResourceStatus {
	r := ResourceStatus{
		Account: coverage.Account, Resource: coverage.Resource, Why: coverage.Why,
		CompleteFrom: timeOrNil(coverage.From), CompleteTo: timeOrNil(coverage.Through), AsOf: timeOrNil(coverage.AsOf),
	}
	for _, count := range counts {
		if count.Account == r.Account && count.Stream == r.Resource {
			r.Objects, r.Rows, r.Rejects = count.Objects, count.Rows, count.Rejects
			r.IncompleteLists, r.Applied = count.Incomplete, count.Segment
			if len(count.OtherVersions) > 0 {
				r.APIVersion = versionsText(count.OtherVersions, count.OnlyOther)
			}
		}
	}
	for _, gap := range coverage.Gaps {
		r.Gaps = append(r.Gaps, Gap{timeOrNil(gap.From), gap.To})
	}
	for _, n := range coverage.NotFound {
		r.NotFound = append(r.NotFound, n.ID)
	}
	return r
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
