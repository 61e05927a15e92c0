// Package hint ties an error to what to do about it. Whoever shows the two apart
// asks the error for them: no text is cut.
package hint

import "errors"

// Error is an error, and what to do about it.
type Error struct {
	Err error
	Fix string // an imperative without a full stop: "restore it from a backup"; empty where nothing is known
}

// New returns an error that says what happened, and what to do about it.
func New(problem, fix string) *Error { return &Error{errors.New(problem), fix} }

// Error is both in one line: "raw/…/1-2.parquet is a link: put the file itself in its place".
func (e *Error) Error() string {
	if e.Fix == "" {
		return e.Err.Error()
	}
	return e.Err.Error() + ": " + e.Fix
}

// Unwrap returns the error without what to do about it.
func (e *Error) Unwrap() error { return e.Err }

// Hint returns e. Every type of error that knows what to do about itself has this
// method.
func (e *Error) Hint() *Error { return e }

// Of returns the outermost hint in the chain of an error, or nil. Its Err leaves out
// what the errors around it say of where it happened.
func Of(err error) *Error {
	if e, ok := errors.AsType[interface {
		error
		Hint() *Error
	}](err); ok {
		return e.Hint()
	}
	return nil
}

// FixOf returns what to do about an error; empty where nothing in its chain knows.
func FixOf(err error) string {
	if e := Of(err); e != nil {
		return e.Fix
	}
	return ""
}
