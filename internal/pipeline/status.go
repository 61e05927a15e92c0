package pipeline

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/stripelake/stripelake/load"
)

// Status is what `status` shows: how far each resource is complete, and what
// the lake holds. It is read without any lock, also while a sync runs.
type Status struct {
	Lake        string           `json:"lake"`
	Mode        string           `json:"mode"`
	Generation  uint64           `json:"generation"`             // what people read now; 0 before the first
	AsPublished *time.Time       `json:"as_published,omitempty"` // raw/ is closed to whoever asks: all below is as of this publish (UTC)
	Resources   []ResourceStatus `json:"resources"`
	Unknown     bool             `json:"counts_unknown,omitempty"` // .state/status.json is missing or damaged; the next sync writes it
	GivenUp     []load.GivenUp   `json:"given_up,omitempty"`       // what could not be read, and why; as in meta.requests
	Drift       int64            `json:"drift"`                    // kinds of unexpected fields or values; see meta.drift
	LastRun     *load.Run        `json:"last_run,omitempty"`
	Unsure      bool             `json:"last_run_unsure,omitempty"` // it was running, and whether it was killed since is closed to whoever asks
	Sizes       load.Sizes       `json:"sizes"`
	Publish     *Publish         `json:"publish,omitempty"` // missing before the first
}

// Publish is what making the present generation cost. Whatever was written is
// set against what had changed, raw JSON of Stripe's.
type Publish struct {
	load.PublishStats
	Linked  int     `json:"linked"`   // partition files that are the same as in the generation before
	PerByte float64 `json:"per_byte"` // bytes written for each that changed; 0 if none did
}

// ResourceStatus is one account's resource. Times are UTC. The complete span is
// the longest without a gap, as in meta.coverage; a missing complete_from means
// since the beginning, a missing complete_to that nothing is complete yet.
type ResourceStatus struct {
	Account         string     `json:"account"`
	Resource        string     `json:"resource"`
	Objects         int64      `json:"objects"` // distinct ids in the log
	Rows            int64      `json:"rows"`    // in the resource's main table
	Rejects         int64      `json:"rejects"` // in the resource's main table; rows + rejects = objects
	IncompleteLists int64      `json:"incomplete_lists"`
	Segments        *uint64    `json:"segments,omitempty"` // newest segment of the log; missing where that is closed to whoever asks
	Applied         uint64     `json:"applied"`            // newest segment in the tables
	CompleteFrom    *time.Time `json:"complete_from,omitempty"`
	CompleteTo      *time.Time `json:"complete_to,omitempty"`
	AsOf            *time.Time `json:"as_of,omitempty"`     // changes before it are read too; missing: none were followed yet
	Why             load.Why   `json:"why,omitempty"`       // it is not complete, or not up to now
	Gaps            []Gap      `json:"gaps,omitempty"`      // not read yet
	NotFound        []string   `json:"not_found,omitempty"` // named by others, and a 404 when asked for by id; see meta.not_found

	APIVersion string `json:"api_version,omitempty"` // that its objects came in, where that is not the one asked for alone
}

// Gap is a span of created, [From, To), that is still to be read. A missing
// from is the beginning.
type Gap struct {
	From *time.Time `json:"from,omitempty"`
	To   time.Time  `json:"to"`
}

// HasLake reports whether there is a lake in dir, by the file that says what it is.
func HasLake(dir string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, "lake.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// ReadStatus reads the status of the lake in dir. Counts are as of the last
// segment applied, cursors and sizes as of now. To whoever may not read the files
// that say so, what is published says it.
func ReadStatus(ctx context.Context, dir string) (Status, error) {
	mode, err := load.ReadMode(dir)
	if err != nil {
		return Status{}, err
	}
	status, err := presentStatus(dir)
	if errors.Is(err, fs.ErrPermission) {
		status, err = publishedStatus(ctx, dir)
	}
	if err != nil {
		return Status{}, err
	}
	status.Lake, status.Mode = dir, mode
	status.Sizes, err = load.ReadSizes(dir)
	return status, err
}

// presentStatus is the status that is in the lake's private files.
func presentStatus(dir string) (Status, error) {
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
		GivenUp: counts.GivenUp, Drift: counts.Summary.Drift, LastRun: counts.LastRun, Unsure: unsure,
	}
	if g, ok := load.ReadPublished(dir); ok {
		status.Publish = publishOf(g)
	}
	if status.Resources, err = StatusOfResources(logs, counts); err != nil {
		return Status{}, err
	}
	return status, nil
}

// StatusOfResources is how complete every resource of some logs is, in the resources'
// fixed order, and how many objects of each counts tells of. With an error come those
// ahead of the cursor that cannot be read.
func StatusOfResources(logs []load.LogSize, counts load.Status) ([]ResourceStatus, error) {
	all := []ResourceStatus{}
	for _, log := range everyResource(logs) {
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

// ReadCounts reads what the last apply wrote, and whether a last run that has not
// ended was killed: then no process works on the lake. Where another one does,
// the run is taken to go on, as in meta.runs; unsure is where that is closed to
// this user.
func ReadCounts(dir string) (counts load.Status, unsure bool, err error) {
	counts, err = load.ReadStatus(dir)
	for err == nil && IsRunning(counts.LastRun) {
		atWork, lockErr := load.AtWork(dir)
		if unsure = lockErr != nil; unsure || atWork {
			break
		}
		// Before it lets go of the lock, a run writes how it ended.
		id := counts.LastRun.ID
		counts, err = load.ReadStatus(dir)
		if err == nil && IsRunning(counts.LastRun) && counts.LastRun.ID == id {
			counts.LastRun.Outcome = OutcomeKilled
		}
	}
	return counts, unsure, err
}

// IsRunning reports that the record of a run, which may be nil, has no end yet.
func IsRunning(run *load.Run) bool { return run != nil && run.Outcome == OutcomeRunning }

// publishedStatus is the status that is published.
func publishedStatus(ctx context.Context, dir string) (Status, error) {
	p, err := load.OpenPublished(ctx, dir)
	if err != nil {
		return Status{}, err
	}
	status := Status{
		Generation: p.Number, AsPublished: &p.Built, Resources: []ResourceStatus{},
		GivenUp: p.GivenUp, Drift: p.Summary.Drift, LastRun: p.LastRun, Publish: publishOf(p.Generation),
	}
	if IsRunning(p.LastRun) { // what it published last is here, but not how it ended
		atWork, err := load.AtWork(dir)
		status.Unsure = err != nil || !atWork
	}
	coverage := map[[2]string]load.Coverage{}
	var covered []load.LogSize
	for _, c := range p.Coverage {
		coverage[[2]string{c.Account, c.Resource}] = c
		covered = append(covered, load.LogSize{Account: c.Account, Stream: c.Resource})
	}
	for _, log := range everyResource(covered) {
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

// everyResource returns the logs of each account in the resources' fixed order,
// with an empty one for a resource that was never read: what is missing is shown.
func everyResource(logs []load.LogSize) []load.LogSize {
	var all []load.LogSize
	for i, log := range logs {
		if i > 0 && logs[i-1].Account == log.Account {
			continue // its account is listed already
		}
		for _, resource := range Resources() {
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
