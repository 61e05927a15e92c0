package rawlog

import (
	"errors"
	"fmt"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load/internal/oserr"
)

// What mends the raw log. Only a backup, which costs no request and brings older
// versions back too, is named before it.
const (
	runRepair = "run stripelake verify --stripe --repair"

	// FixLog is what to do about a raw log that lacks something.
	FixLog = "restore the stream's folder in raw/ from a backup; without one, " + runRepair
)

// DamagedError names a file of the raw log that does not hold what it should.
// A backup has what was in it; else Stripe may have, and `verify --stripe --repair`
// reads it again.
type DamagedError struct {
	Path string
	Err  error
}

func (e *DamagedError) Error() string { return e.Hint().Error() }

// Hint returns what happened, and what to do about it.
func (e *DamagedError) Hint() *hint.Error {
	return hint.New(fmt.Sprintf("%s is damaged: %v", e.Path, e.Err), "restore it from a backup; without one, "+runRepair)
}

func (e *DamagedError) Unwrap() error { return e.Err }

// damaged says that a file of the raw log is not as it was written, unless that
// cannot be known.
func damaged(path string, err error) error {
	if oserr.IsShortage(err) {
		return err
	}
	return &DamagedError{path, err}
}

// ErrNewerFormat says that a newer program made the lake or a segment of it.
var ErrNewerFormat = errors.New("made by a newer version of stripelake: update the program")

// Cause is the damage without the path, which is told apart.
func Cause(err error) error {
	if damaged, ok := errors.AsType[*DamagedError](err); ok {
		return damaged.Err
	}
	return err
}
