package main

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load"
)

// remedies say what to do about a disk, by what the system calls its trouble.
var remedies = []struct {
	err    syscall.Errno
	remedy string
}{
	{syscall.ENOSPC, "the disk%s is full: free some space and run again: nothing is lost"},
	{syscall.EDQUOT, "your quota of the disk%s is used up: free some space and run again: nothing is lost"},
	{syscall.EROFS, "the disk%s is read-only: make it writable and run again: nothing is lost"},
	{syscall.EIO, "the disk%s is failing: see the system's log, and run again when it is sound: " +
		"nothing is lost that it has kept, and stripelake verify tells whether it did"},
}

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
	if fix := load.Shortage(err); fix != "" {
		return &diskError{err, fix}
	}
	for _, r := range remedies {
		if errors.Is(err, r.err) {
			return &diskError{err, fmt.Sprintf(r.remedy, diskOf(lake))}
		}
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
