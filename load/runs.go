package load

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/stripelake/stripelake/load/internal/duck"
)

// Run is one run of the program on the lake, stored in meta.runs.
type Run struct {
	ID       string    `json:"id"`
	Started  time.Time `json:"started"`           // UTC
	Finished time.Time `json:"finished,omitzero"` // UTC; zero while it runs, or if it crashed
	Command  string    `json:"command"`
	Outcome  string    `json:"outcome"` // "running" until [Runs.End]
	Requests int64     `json:"requests"`
	Objects  int64     `json:"objects"`
	Rows     int64     `json:"rows"`
	Rejects  int64     `json:"rejects"`
	Detail   string    `json:"detail,omitempty"` // never a secret
}

// Runs is the state's record of runs, with what they read and could not read. Its
// methods use the state's connection in turn with the state's own methods.
type Runs struct{ state *State }

// Runs returns the state's record of runs.
func (s *State) Runs() Runs { return Runs{s} }

// Begin records the start of a run. It ignores Finished and Outcome.
func (r Runs) Begin(ctx context.Context, run Run) error {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	var err error
	if r.state.alone { // a run that has not ended was killed
		_, err = r.state.db.Exec(ctx, "UPDATE meta.runs SET outcome = 'killed' WHERE outcome = 'running'")
	}
	if err == nil {
		_, err = r.state.db.Exec(ctx, "INSERT INTO meta.runs (run_id, started, command, outcome) VALUES (?, ?, ?, 'running')",
			run.ID, run.Started.UTC(), run.Command)
	}
	if err != nil {
		return fmt.Errorf("begin run %s: %w", run.ID, err)
	}
	return nil
}

// End records the end of a run, and removes records that are older than
// [Options.KeepRuns] allows. It does not change the revision: a run that changed nothing
// else publishes nothing.
func (r Runs) End(ctx context.Context, run Run) error {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	n, err := r.state.db.Exec(ctx, `UPDATE meta.runs SET finished = ?, outcome = ?, requests = ?, objects = ?, rows = ?, rejects = ?, detail = ?
		WHERE run_id = ?`, duck.NullTime(run.Finished), run.Outcome, run.Requests, run.Objects, run.Rows, run.Rejects, run.Detail, run.ID)
	if err == nil && n == 0 { // a fresh state has no record of the start
		_, err = r.state.db.Exec(ctx, "INSERT INTO meta.runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", run.ID, duck.NullTime(run.Started),
			duck.NullTime(run.Finished), run.Command, run.Outcome, run.Requests, run.Objects, run.Rows, run.Rejects, run.Detail)
	}
	if err == nil {
		err = r.dropOld(ctx, run)
	}
	if err != nil {
		return fmt.Errorf("end run %s: %w", run.ID, err)
	}
	return nil
}

// dropOld removes records of runs and verifications that are too old when a run ends.
// The record of that run stays, however long it took.
func (r Runs) dropOld(ctx context.Context, run Run) error {
	keep := r.state.lake.opts.KeepRuns
	if keep == 0 {
		return nil
	}
	before := run.Finished.Add(-keep)
	_, err := r.state.db.Exec(ctx, "DELETE FROM meta.runs WHERE started < ? AND run_id <> ?", before, run.ID)
	if err == nil {
		_, err = r.state.db.Exec(ctx, `DELETE FROM meta.verifications WHERE "at" < ?`, before)
	}
	return err
}

// lastRun returns the run that started last, or nil.
func lastRun(ctx context.Context, q duck.Session) (*Run, error) {
	var last *Run
	var r Run
	var finished sql.NullTime
	var requests, objects, rows, rejects sql.NullInt64
	var detail sql.NullString
	err := q.Each(ctx, []any{&r.ID, &r.Started, &finished, &r.Command, &r.Outcome, &requests, &objects, &rows, &rejects, &detail}, func() error {
		r.Finished, r.Detail = finished.Time, detail.String
		r.Requests, r.Objects, r.Rows, r.Rejects = requests.Int64, objects.Int64, rows.Int64, rejects.Int64
		last = &r
		return nil
	}, "FROM meta.runs ORDER BY started DESC, run_id LIMIT 1")
	if err != nil {
		return nil, fmt.Errorf("last run: %w", err)
	}
	return last, nil
}

// lastDone returns, by command, when a run last ended well.
func lastDone(ctx context.Context, q duck.Session) (map[string]time.Time, error) {
	done := map[string]time.Time{}
	var command string
	var at time.Time
	err := q.Each(ctx, []any{&command, &at}, func() error {
		done[command] = at
		return nil
	}, "SELECT command, max(finished) FROM meta.runs WHERE outcome = 'done' AND finished IS NOT NULL GROUP BY command")
	if err != nil {
		return nil, fmt.Errorf("last runs that ended well: %w", err)
	}
	return done, nil
}
