package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load"
)

// Outcomes of a run, as meta.runs and the summary hold them.
const (
	OutcomeDone       = "done"
	OutcomeIncomplete = "incomplete" // a resource unread, or too many rejects
	OutcomeFailed     = "failed"

	OutcomeInterrupted = "interrupted" // by a signal

	// What the program itself could not record.
	OutcomeRunning = "running" // it has not ended
	OutcomeKilled  = "killed"  // nor will it: as the next run finds, and ReadStatus
)

// Exit statuses that scripts rely on; 0, 1 and 130 need no error type.
const (
	exitUsage      = 2
	ExitIncomplete = 3  // something is not as it should be, and the command has told what
	exitBusy       = 75 // EX_TEMPFAIL: another process has the lake, try again
)

// UsageError is a mistake in how the command was called.
type UsageError struct{ Message string }

func (e *UsageError) Error() string { return e.Message }

// ExitCode is 2.
func (e *UsageError) ExitCode() int { return exitUsage }

// UnreadError names the selected resources that could not be read to their
// end. The others were, and are published.
type UnreadError struct{ Resources map[string]error }

func (e *UnreadError) Error() string {
	names := slices.Sorted(maps.Keys(e.Resources))
	lines := make([]string, len(names))
	for i, name := range names {
		how := "not read"
		if isKept(e.Resources[name]) {
			how = "not read to its end"
		}
		lines[i] = fmt.Sprintf("%s %s: %v", name, how, e.Resources[name])
	}
	return strings.Join(lines, "\n")
}

// keptError is why a resource could not be read of which some is in the lake.
type keptError struct{ error }

func (e *keptError) Unwrap() error { return e.error }

func isKept(err error) bool { return errors.As(err, new(*keptError)) }

// ExitCode is 3.
func (e *UnreadError) ExitCode() int { return ExitIncomplete }

// GivenUpError says what was given up that no resource as a whole depends on, such
// as the rest of a nested list, by this run or one before, and that none has read
// since.
type GivenUpError struct{ All []load.GivenUp }

// mostListed is how many are told one by one.
const mostListed = 10

func (e *GivenUpError) Error() string {
	var lines []string
	var events, others []load.GivenUp
	for _, g := range e.All {
		if strings.HasPrefix(g.What, eventPrefix) {
			events = append(events, g)
		} else {
			others = append(others, g)
		}
	}
	for i, g := range others {
		if i == mostListed {
			lines = append(lines, fmt.Sprintf("given up: %d more, see meta.requests in the warehouse", len(others)-i))
			break
		}
		lines = append(lines, "given up: "+g.What+": "+g.Message)
	}
	if n := len(events); n > 0 {
		lines = append(lines, fmt.Sprintf("%s could not be read, so everything was listed again instead: %s: %s; see meta.requests in the warehouse",
			plural(n, "event", "events"), strings.TrimPrefix(events[0].What, eventPrefix), events[0].Message))
	}
	return strings.Join(lines, "\n")
}

// ExitCode is 3.
func (e *GivenUpError) ExitCode() int { return ExitIncomplete }

// RejectsError says that more objects were refused than --max-rejects allows.
type RejectsError struct {
	Rejects, Objects int
	Allowed          float64 // share, 0 to 1
}

func (e *RejectsError) Error() string {
	do, kept := "do not fit their schema", "they are kept in the raw log: see meta.rejects in the warehouse for each one's field and reason"
	if e.Rejects == 1 {
		do, kept = "does not fit its schema", "it is kept in the raw log: see meta.rejects in the warehouse for its field and the reason"
	}
	return fmt.Sprintf("%d of %s %s, more than --max-rejects %g%% allows; %s",
		e.Rejects, plural(e.Objects, "object", "objects"), do, e.Allowed*100, kept)
}

// ExitCode is 3.
func (e *RejectsError) ExitCode() int { return ExitIncomplete }

// result is the error of a run that went through to its end: all that keeps it
// from being complete, of the resources that it was to read.
func (s *Sync) result(unread map[string]error, summary Summary) error {
	var errs []error
	if len(unread) > 0 {
		errs = append(errs, &UnreadError{unread})
	}
	if parts := s.parts(summary.GivenUp); len(parts) > 0 {
		errs = append(errs, &GivenUpError{parts})
	}
	if summary.Rejects > 0 && float64(summary.Rejects) > s.MaxRejects*float64(max(summary.Objects, 1)) {
		errs = append(errs, &RejectsError{Rejects: summary.Rejects, Objects: summary.Objects, Allowed: s.MaxRejects})
	}
	return errors.Join(errs...)
}

// parts are those of what was given up that tables lack something for, of the
// selected resources and not such a resource itself, which is unread.
func (s *Sync) parts(all []load.GivenUp) (parts []load.GivenUp) {
	for _, g := range all {
		selected := len(s.Resources) == 0 || g.Resource == "" || slices.Contains(s.Resources, g.Resource)
		if selected && !g.Untaken && g.What != g.Resource && g.What != whatAccount {
			parts = append(parts, g)
		}
	}
	return parts
}

func outcomeOf(err error) string {
	var unread *UnreadError
	var given *GivenUpError
	var rejects *RejectsError
	switch {
	case err == nil:
		return OutcomeDone
	case errors.As(err, &unread), errors.As(err, &given), errors.As(err, &rejects):
		return OutcomeIncomplete
	default:
		return OutcomeFailed
	}
}

// stopsRun tells an error that ends the whole run from one that ends the
// reading of one resource. A key that is revoked, or objects of the wrong mode,
// would fail every resource; so would a log that cannot be written, and a process that
// may not open more files.
func stopsRun(err error) bool {
	if err == nil {
		return false
	}
	if extract.IsDamagedCursor(err) { // which concerns one stream
		return false
	}
	var local *localError
	return errors.As(err, &local) || load.Shortage(err) != "" || extract.IsUnauthorized(err) || errors.Is(err, extract.ErrMode) ||
		errors.Is(err, context.Canceled)
}

// localError marks a failure on our side of the wire: the log or the state.
type localError struct{ error }

func (e *localError) Unwrap() error { return e.error }

// ExitCode returns the exit status for an error: its own, if it has one in its
// chain; 75 if another process holds the lake, made its tables anew or changed its schemas; 130 if a signal stopped the run;
// else 1. nil is 0.
func ExitCode(err error) int {
	var coded interface{ ExitCode() int }
	var busy *load.BusyError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &coded):
		return coded.ExitCode()
	case errors.As(err, &busy), errors.Is(err, load.ErrRebuilt), errors.Is(err, load.ErrDeclaredMoved):
		return exitBusy
	case errors.Is(err, context.Canceled):
		return 130
	default:
		return 1
	}
}

// plural is a count with the words for one or for many.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return extract.Redact(err.Error()) // Invariant 11
}

// fixOf is what to do about an error, where it knows.
func fixOf(err error) string { return extract.Redact(hint.FixOf(err)) } // Invariant 11

// errorTexts are the texts of errors, and what to do about those that know.
func errorTexts(errs map[string]error) (texts, fixes map[string]string) {
	for name, err := range errs {
		if texts == nil {
			texts, fixes = map[string]string{}, map[string]string{}
		}
		texts[name] = errorText(err)
		if fix := fixOf(err); fix != "" {
			fixes[name] = fix
		}
	}
	return texts, fixes
}
