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

// Outcomes of a run, in meta.runs and in the summary.
const (
	OutcomeDone       = "done"
	OutcomeIncomplete = "incomplete" // a resource unread, or too many rejects
	OutcomeFailed     = "failed"

	OutcomeInterrupted = "interrupted" // by a signal
	OutcomeStopped     = "stopped"     // by a bound such as --max-runtime; the next run continues

	// A run cannot record these about itself.
	OutcomeRunning = "running" // the run has not ended
	OutcomeKilled  = "killed"  // found by the next run, and by ReadStatus
)

// Exit statuses that scripts rely on; 0, 1 and 130 need no error type.
const (
	exitUsage      = 2
	ExitIncomplete = 3  // the command did its work and reports a problem
	ExitBusy       = 75 // EX_TEMPFAIL: another process holds the lake; try again
)

// UsageError is a mistake in how the command was called.
type UsageError struct{ Message string }

func (e *UsageError) Error() string { return e.Message }

// ExitCode is 2.
func (e *UsageError) ExitCode() int { return exitUsage }

// UnreadError names the selected resources that could not be read to their end.
// The others were read and are published.
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

// keptError is the error of a resource that could not be read to its end, but
// of which the lake holds some objects.
type keptError struct{ error }

func (e *keptError) Unwrap() error { return e.error }

func isKept(err error) bool { return errors.As(err, new(*keptError)) }

// ExitCode is 3.
func (e *UnreadError) ExitCode() int { return ExitIncomplete }

// GivenUpError lists requests that this run or an earlier one gave up and no
// run has repeated with success. Only parts of a resource are in it, such as
// the rest of a nested list.
type GivenUpError struct{ All []load.GivenUp }

// mostListed is how many given-up requests the error lists; it counts the
// others.
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

// result returns the error of a run that went through to its end: every reason
// why the selected resources are not complete, joined.
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

// parts returns the given-up requests whose answer some table needs, of the
// selected resources. A whole resource or account is not among them: it is
// unread.
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

// stopsRun reports whether an error ends the whole run. Other errors end the
// reading of one resource. A revoked key and objects of the wrong mode would
// fail every resource; so would a log that cannot be written, and a process
// that may not open more files.
func stopsRun(err error) bool {
	if err == nil {
		return false
	}
	if extract.IsDamagedCursor(err) { // it concerns one stream
		return false
	}
	var local *localError
	return errors.As(err, &local) || load.Shortage(err) != "" || extract.IsUnauthorized(err) || errors.Is(err, extract.ErrMode) ||
		errors.Is(err, context.Canceled)
}

// localError marks a failure of the log or the state, rather than of Stripe.
type localError struct{ error }

func (e *localError) Unwrap() error { return e.error }

// ExitCode returns the exit status for an error: its own, if one in its chain
// has an ExitCode method; 75 if another process holds the lake, has rebuilt its
// tables or changed its schemas; 130 if a signal stopped the run; otherwise 1.
// nil is 0.
func ExitCode(err error) int {
	var coded interface{ ExitCode() int }
	var busy *load.BusyError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &coded):
		return coded.ExitCode()
	case errors.As(err, &busy), errors.Is(err, load.ErrRebuilt), errors.Is(err, load.ErrDeclaredMoved):
		return ExitBusy
	case errors.Is(err, context.Canceled):
		return 130
	default:
		return 1
	}
}

// plural writes a count with the noun for one or for many.
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

// fixOf returns the advice in an error's hint, or "".
func fixOf(err error) string { return extract.Redact(hint.FixOf(err)) } // Invariant 11

// errorTexts returns the texts of errors, and the advice of those that have
// some.
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
