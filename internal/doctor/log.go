package doctor

import (
	"errors"
	"io/fs"
	"strings"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/verify"
	"github.com/stripelake/stripelake/schemas"
)

const fixNewer = "update stripelake to the version that wrote it"

// fixUnread is what to do about a file of the log that cannot be opened.
const fixUnread = "see that its disk is mounted and that this user may read it; if it is gone, restore it from a backup; without one, run stripelake verify --stripe --repair"

// checkLog checks the raw log, the state that is made from it, and how the last
// run ended.
func checkLog(found *Diagnosis, dir string, health verify.Health) {
	for _, damage := range health.Damage {
		says, fix := textAndFix(damage, fixUnread)
		if errors.Is(damage, load.ErrNewerFormat) {
			fix = fixNewer
		}
		found.problem("raw log", fix, "%s", says)
	}
	if len(health.Damage) > 0 {
		found.skip("state", "not compared with a log that is damaged")
		return
	}
	found.ok("raw log", "%d segments, none missing or cut short", health.Segments)
	if health.ForeignState {
		found.problem("state", "run stripelake sync, which sets it aside and derives the tables again from the raw log", ".state/work.duckdb is not this lake's own")
		return
	}
	status, unsure, err := pipeline.ReadCounts(dir)
	switch logs, logErr := load.LogSizes(dir); {
	case logErr != nil:
		says, fix := textAndFix(logErr, load.FixLog)
		found.problem("raw log", fix, "%s", says)
	case errors.Is(err, fs.ErrNotExist) && health.Segments == 0:
	case err != nil:
		found.warn("state", "run stripelake sync, which derives the tables from the raw log", "%s", err)
	default:
		checkState(found, pipeline.ResourcesInForce(dir), logs, status)
		checkRun(found, status.LastRun, unsure)
	}
}

// checkState compares the newest segment in the tables with the newest one in
// the log.
func checkState(found *Diagnosis, of *schemas.Resources, logs []load.LogSize, status load.Status) {
	before := len(found.Findings)
	newest, applied := map[load.Position]uint64{}, map[load.Position]uint64{}
	for _, log := range logs {
		newest[load.Position{Account: log.Account, Stream: log.Stream}] = log.Newest
		if _, err := extract.Cursor(log.Cursor).Coverage(); err != nil {
			says, fix := textAndFix(err, load.FixLog)
			found.problem("cursor", fix, "%s/%s: %s", log.Account, log.Stream, says)
		}
	}
	checkFutureCursors(found, logs)
	for _, r := range status.Summary.Resources {
		at := load.Position{Account: r.Account, Stream: r.Stream}
		if last := newest[at]; r.Segment > last {
			found.problem("state", load.FixLog,
				"%s/%s: the tables hold segment %d, and the log ends with %d", r.Account, r.Stream, r.Segment, last)
		}
		applied[at] = r.Segment
	}
	for _, log := range logs {
		last := applied[load.Position{Account: log.Account, Stream: log.Stream}]
		if last < log.Newest && log.Stream != extract.Events().Name && !pipeline.IsRunning(status.LastRun) {
			found.warn("state", "run stripelake sync, which applies it first", "%s/%s: the log ends with segment %d, and the tables hold %d", log.Account, log.Stream, log.Newest, last)
		}
	}
	switch {
	case len(found.Findings) > before:
	case pipeline.IsRunning(status.LastRun):
		found.ok("state", "a run is at work on it")
	default:
		found.ok("state", "holds all of the log")
	}
	checkCoverage(found, of, logs, status)
}

// checkFutureCursors looks for cursors that lie in the future.
func checkFutureCursors(found *Diagnosis, logs []load.LogSize) {
	now := time.Now().UTC()
	for _, log := range logs {
		beyond, err := extract.Cursor(log.Cursor).Beyond(now)
		if err == nil && !beyond.IsZero() {
			found.warn("cursor", pipeline.FixFutureCursor, "%s/%s: it says that it was read up to %s, which is to come", log.Account, log.Stream, timeText(beyond))
		}
	}
}

// checkCoverage checks how complete the resources are that a sync has selected.
func checkCoverage(found *Diagnosis, of *schemas.Resources, logs []load.LogSize, status load.Status) {
	resources, err := pipeline.StatusOfResources(of, logs, status)
	for _, r := range resources {
		fix := fixIncomplete[r.Why]
		if fix == "" || r.Why == load.WhyUnfinished && pipeline.IsRunning(status.LastRun) {
			continue
		}
		found.warn("complete", fix, "%s/%s: %s", r.Account, r.Resource, r.Why)
	}
	if err != nil {
		return // reported already
	}
	for _, r := range resources {
		if r.APIVersion != "" {
			found.warn("API version", pipeline.FixAPIVersion, "%s/%s came in %s, and %s was asked for", r.Account, r.Resource, r.APIVersion, extract.APIVersion)
		}
	}
	if oldest := (pipeline.Status{Resources: resources}).Oldest(); oldest != nil && oldest.AsOf != nil {
		found.ok("age", "changes are in up to %s (%s)", timeText(*oldest.AsOf), oldest.Resource)
	}
}

// fixIncomplete is what to do about an incomplete resource. A resource that was
// never selected lacks nothing, and checkState reports a damaged cursor.
var fixIncomplete = map[load.Why]string{
	load.WhyUnfinished: "run stripelake sync, which reads the rest; stripelake status says what",
	load.WhyForbidden:  "give the key Read permission for it, and run stripelake sync",
	load.WhyGaveUp:     "run stripelake sync, which asks again; meta.requests says what was answered",
	load.WhyRelisting:  "run stripelake sync, which goes on",
	load.WhyNoEvents:   "give the key Read permission for events, if it lacks that, and run stripelake sync",
}

// checkRun reports how the last run ended, if it did.
func checkRun(found *Diagnosis, run *load.Run, unsure bool) {
	if run == nil {
		return
	}
	again := "run stripelake " + run.Command + " again"
	switch {
	case unsure:
		found.skip("last run", "%s is running, or was killed: this user may not read the lock", run.Command)
	case run.Outcome == pipeline.OutcomeRunning:
		found.ok("last run", "%s is running since %s", run.Command, timeText(run.Started))
	case run.Outcome == pipeline.OutcomeKilled:
		found.warn("last run", again+", which goes on where it ended", "%s, started %s, was killed", run.Command, timeText(run.Started))
	case run.Outcome == pipeline.OutcomeInterrupted:
		found.warn("last run", again+", which goes on where it ended", "%s, started %s, was interrupted", run.Command, timeText(run.Started))
	case run.Outcome == pipeline.OutcomeStopped:
		found.ok("last run", "%s, started %s, %s; the next one goes on", run.Command, timeText(run.Started), run.Detail)
	case run.Outcome != pipeline.OutcomeDone:
		says := run.Command + ", " + run.Outcome
		if why := strings.Join(strings.Fields(run.Detail), " "); why != "" {
			says += ": " + why
		}
		found.warn("last run", again+" once that is mended; stripelake status says what is missing", "%s", says)
	}
}

func timeText(t time.Time) string { return t.UTC().Format(time.RFC3339) }
