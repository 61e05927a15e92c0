package main

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

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

// diskTrouble is an error that the disk, or the system, is to blame for. It says in one line
// what was being done, to which file, and what to do next.
type diskTrouble struct {
	err    error
	remedy string
}

func (e *diskTrouble) Error() string {
	return strings.ReplaceAll(e.err.Error(), "\n", "; ") + ": " + e.remedy
}

func (e *diskTrouble) Unwrap() error { return e.err }

// ofDisk adds what to do to an error that the disk under a lake is to blame for, or
// the system that has no more open files to give.
func ofDisk(err error, lake string) error {
	if fix := load.Shortage(err); fix != "" {
		return &diskTrouble{err, fix}
	}
	for _, r := range remedies {
		if errors.Is(err, r.err) {
			return &diskTrouble{err, fmt.Sprintf(r.remedy, diskOf(lake))}
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

// fewestFiles are how many files a command may have open beside those that it was
// started with: a sync of one account has some 40 (measured), each further one some more.
const fewestFiles = 128

// enoughFiles opens as many at once, for what a command runs into in its middle it
// had better not begin with. The error is the system's.
func enoughFiles() (err error) {
	var pipes [fewestFiles / 2][2]int
	opened := 0
	for ; err == nil && opened < len(pipes); opened++ {
		err = syscall.Pipe(pipes[opened][:])
	}
	if err != nil {
		opened--
		err = fmt.Errorf("see whether %d files can be open at a time: %w", fewestFiles, err)
	}
	for _, pipe := range pipes[:opened] {
		err = errors.Join(err, syscall.Close(pipe[0]), syscall.Close(pipe[1]))
	}
	return err
}
