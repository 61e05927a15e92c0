package main

import (
	"strings"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load"
)

// diskError is an error caused by the disk or the operating system. Its text is
// one line: what was being done, to which file, and what to do next.
type diskError struct {
	err error
	fix string
}

func (e *diskError) Error() string { return e.Hint().Error() }

func (e *diskError) Unwrap() error { return e.err }

// Hint returns the error, on one line, and what to do about it.
func (e *diskError) Hint() *hint.Error {
	return hint.New(strings.ReplaceAll(e.err.Error(), "\n", "; "), e.fix)
}

// withDiskFix adds what to do to an error caused by the lake's disk, or by the
// limit of open files.
func withDiskFix(err error, lake string) error {
	if fix := load.DiskFix(err, "the disk"+diskOf(lake)); fix != "" {
		return &diskError{err, fix}
	}
	return err
}

// diskOf returns " under" and the lake's folder, or "" for a command without a
// lake.
func diskOf(lake string) string {
	if lake == "" {
		return ""
	}
	return " under " + lake
}
