package main

import (
	"strings"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load"
)

// diskError is an error that the disk, or the system, is to blame for. It says in one line
// what was being done, to which file, and what to do next.
type diskError struct {
	err error
	fix string
}

func (e *diskError) Error() string { return e.Hint().Error() }

func (e *diskError) Unwrap() error { return e.err }

// Hint returns what happened, on one line, and what to do about it.
func (e *diskError) Hint() *hint.Error {
	return hint.New(strings.ReplaceAll(e.err.Error(), "\n", "; "), e.fix)
}

// withDiskFix adds what to do to an error that the disk under a lake is to blame for, or
// the system that has no more open files to give.
func withDiskFix(err error, lake string) error {
	if fix := load.DiskFix(err, "the disk"+diskOf(lake)); fix != "" {
		return &diskError{err, fix}
	}
	return err
}

// diskOf names the disk of a lake; "" is a command without one.
func diskOf(lake string) string {
	if lake == "" {
		return ""
	}
	return " under " + lake
}
