package rawlog

import (
	"errors"
	"fmt"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load/internal/oserr"
)

// The advice for a damaged raw log. A backup comes first: it costs no request and
// restores older versions too.
const (
	runRepair = "run stripelake verify --stripe --repair"

	// FixLog is the advice for a raw log that lacks segments.
	FixLog = "restore the stream's folder in raw/ from a backup; without one, " + runRepair
)

// DamagedError names a damaged file of the raw log. A backup may hold its content.
// Otherwise Stripe may: `verify --stripe --repair` reads the objects again.
type DamagedError struct {
	Path string
	Err  error
}

func (e *DamagedError) Error() string { return e.Hint().Error() }

// Hint returns the damage and the advice for it.
func (e *DamagedError) Hint() *hint.Error {
	return hint.New(fmt.Sprintf("%s is damaged: %v", e.Path, e.Err), "restore it from a backup; without one, "+runRepair)
}

func (e *DamagedError) Unwrap() error { return e.Err }

// damaged returns a *DamagedError for a file of the raw log. It returns a shortage as
// it is: a shortage says nothing about the file.
func damaged(path string, err error) error {
	if oserr.IsShortage(err) {
		return err
	}
	return &DamagedError{path, err}
}

// ErrNewerFormat is the error for a lake or a segment that a newer program wrote.
var ErrNewerFormat = errors.New("made by a newer version of stripelake")

const fixNewer = "update the program"

// NewerFormat returns an [ErrNewerFormat] with the advice. what names the file and its
// format.
func NewerFormat(what string) error {
	return &hint.Error{Err: fmt.Errorf("%s: %w", what, ErrNewerFormat), Fix: fixNewer}
}

// Cause returns the damage without the path, for callers that name the path themselves.
// It returns other errors as they are.
func Cause(err error) error {
	if damaged, ok := errors.AsType[*DamagedError](err); ok {
		return damaged.Err
	}
	return err
}
