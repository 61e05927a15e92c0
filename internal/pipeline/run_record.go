package pipeline

import (
	"crypto/rand"
	"time"

	"github.com/stripelake/stripelake/load"
)

// newRun returns the record of a run that starts now.
func newRun(command string) load.Run {
	return load.Run{ID: rand.Text(), Command: command, Started: time.Now().UTC()}
}

// endedRun returns a run's record, completed with its outcome. The error's text
// is redacted (Invariant 11), because the record is published.
func endedRun(run load.Run, summary Summary, err error) load.Run {
	run.Finished = time.Now().UTC()
	run.Outcome, run.Detail = summary.Outcome, errorText(err)
	if summary.Outcome == OutcomeStopped {
		run.Detail = "stopped by --" + summary.Stopped
	}
	run.Requests, run.Objects = summary.Requests, int64(summary.Objects)
	run.Rows, run.Rejects = int64(summary.Rows), int64(summary.Rejects)
	return run
}
