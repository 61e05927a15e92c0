package load

import (
	"context"
	"fmt"
	"time"
)

// Run is one run of the program on the lake, kept in meta.runs.
type Run struct {
	ID       string
	Started  time.Time // UTC
	Finished time.Time // UTC; zero while it runs, or if it crashed
	Command  string
	Outcome  string // "running" until EndRun
	Requests int64
	Objects  int64
	Rows     int64
	Rejects  int64
	Detail   string // never a secret
}

// BeginRun records a run that starts. Its Finished and Outcome are ignored.
func (s *State) BeginRun(ctx context.Context, r Run) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.exec(ctx, "INSERT INTO meta.runs (run_id, started, command, outcome) VALUES (?, ?, ?, 'running')",
		r.ID, r.Started.UTC(), r.Command)
	if err != nil {
		return fmt.Errorf("begin run %s: %w", r.ID, err)
	}
	return nil
}

// EndRun records how a run ended. It changes no revision: a run that changed
// nothing else publishes nothing.
func (s *State) EndRun(ctx context.Context, r Run) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.exec(ctx, `UPDATE meta.runs SET finished = ?, outcome = ?, requests = ?, objects = ?, rows = ?, rejects = ?, detail = ?
		WHERE run_id = ?`, orNull(r.Finished), r.Outcome, r.Requests, r.Objects, r.Rows, r.Rejects, r.Detail, r.ID)
	if err == nil && n == 0 { // a fresh state has forgotten the beginning
		_, err = s.exec(ctx, "INSERT INTO meta.runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", r.ID, orNull(r.Started),
			orNull(r.Finished), r.Command, r.Outcome, r.Requests, r.Objects, r.Rows, r.Rejects, r.Detail)
	}
	if err != nil {
		return fmt.Errorf("end run %s: %w", r.ID, err)
	}
	return nil
}
