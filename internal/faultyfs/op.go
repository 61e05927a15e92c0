package faultyfs

import "syscall"

// What an Op does.
const (
	Write    = "write"
	Copy     = "copy" // by copy_file_range; cloned files share blocks instead
	Clone    = "clone"
	Sync     = "sync"
	Truncate = "truncate"
	Allocate = "allocate"
	Open     = "open"   // for writing, what is there
	Create   = "create" // open what is not
	Mkdir    = "mkdir"
	Link     = "link"
	Symlink  = "symlink"
	Rename   = "rename"
	Remove   = "remove"
	Chmod    = "chmod"
	Lock     = "lock" // the whole file (flock), or a part of it (fcntl)
)

// Op is something that the program is about to do below the folder.
type Op struct {
	N     int    // from 1
	Do    string // Write, Copy, …
	Path  string // relative to the folder, with slashes
	To    string // of a Rename or Link
	Bytes int64  // of a Write or Copy
	Past  int64  // bytes written before, by all
}

// Answer is what comes of an Op. The zero Answer lets it happen.
type Answer struct {
	Err  syscall.Errno // it fails with this
	Part int64         // of a Write or Copy only so many bytes happen, more than 0 and fewer than Bytes
	Kill bool          // SIGKILL, after the part if there is one
	Skip bool          // it is reported as done and is not: a Sync need not be where only the program dies
}

// UnavailableError says that the kernel, or a container's policy, does not let
// one process watch another: ENOSYS or EPERM. Tests may skip for nothing else.
type UnavailableError struct{ Err syscall.Errno }

func (e *UnavailableError) Error() string {
	return "seccomp user notification is not available here: " + e.Err.Error()
}

// Unwrap returns why.
func (e *UnavailableError) Unwrap() error { return e.Err }
