package load

import (
	"errors"
	"fmt"
	"syscall"
)

// diskFixes are the advice for errors of a disk, by the system's error.
var diskFixes = []struct {
	err syscall.Errno
	fix string
}{
	{syscall.ENOSPC, "%s is full: free some space and run again: nothing is lost"},
	{syscall.EDQUOT, "your quota of %s is used up: free some space and run again: nothing is lost"},
	{syscall.EROFS, "%s is read-only: make it writable and run again: nothing is lost"},
	{syscall.EIO, "%s is failing: see the system's log, and run again when it is sound: " +
		"nothing is lost that it has kept, and stripelake verify tells whether it did"},
}

// DiskFix returns the advice for an error that a disk caused, DuckDB's errors included
// ([DiskError]), and for a system that cannot open more files. It returns "" for any
// other error. disk names the disk: "the disk under ./lake".
func DiskFix(err error, disk string) string {
	if fix := Shortage(err); fix != "" {
		return fix
	}
	for _, d := range diskFixes {
		if errors.Is(err, d.err) {
			return fmt.Sprintf(d.fix, disk)
		}
	}
	return ""
}
