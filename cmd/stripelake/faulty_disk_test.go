package main

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/stripelake/stripelake/internal/faultyfs"
)

// A fault is what goes wrong with a disk, and when.
type fault struct {
	err   syscall.Errno
	stays bool   // the disk fails from there on, not once
	kill  bool   // SIGKILL instead of an error, in the middle of a write
	dir   string // only what is in this folder of the lake fails; "" is the whole lake

	// It begins at the nth time that something is done to a kind of file. Where
	// do is empty it begins when so many bytes are written, and tears that write.
	do, kind string
	nth      int
	bytes    int64
}

// sort is the fault without its place.
func (f fault) sort() string {
	what := strings.ToLower(f.err.Error())
	switch {
	case f.kill && f.do == "":
		return "SIGKILL at byte n"
	case f.kill:
		return "SIGKILL inside a write to " + area(f.kind)
	case f.stays:
		what += " for good"
	default:
		what += " once"
	}
	switch {
	case f.do == "":
		what += " at byte n"
	case f.dir != "":
		what += " in one folder"
	case f.err == syscall.EIO && (f.do == faultyfs.Sync || f.do == faultyfs.Rename):
		what += " at a " + f.do
	}
	return what
}

// area is the part of a lake that a kind of file belongs to.
func area(kind string) string {
	switch {
	case strings.HasPrefix(kind, "raw/"):
		return "the raw log"
	case strings.HasPrefix(kind, ".state/generations/"):
		return "a generation"
	case strings.HasPrefix(kind, ".state/"):
		return "the state"
	default:
		return "the lake's own files"
	}
}

func (f fault) String() string {
	if f.do == "" {
		return fmt.Sprintf("%s, n %d", f.sort(), f.bytes)
	}
	return fmt.Sprintf("%s, %s %d of %s", f.sort(), f.do, f.nth, f.kind)
}

// disk is what a process sees of a disk with a fault.
type disk struct {
	fault
	met func() // called when the fault begins, while the process stands still

	ops    []faultyfs.Op
	seen   int // of what it begins at
	begun  bool
	torn   *faultyfs.Op // the write that only began
	failed *faultyfs.Op // the first call that did
}

// decide is asked by faultyfs.Run.
func (d *disk) decide(op faultyfs.Op) faultyfs.Answer {
	if op.Do == faultyfs.Lock { // which does not reach the disk
		return faultyfs.Answer{}
	}
	d.ops = append(d.ops, op)
	if !d.begun && d.begins(op) {
		d.begun = true
		if d.met != nil {
			d.met()
		}
		part := d.part(op)
		if part > 0 {
			d.torn = &op
		}
		switch {
		case d.kill:
			d.failed = &op
			return faultyfs.Answer{Kill: true, Part: part}
		case part > 0:
			return faultyfs.Answer{Part: part} // what follows is refused
		}
	}
	if !d.begun || d.failed != nil && !d.stays || !d.refuses(op) {
		return faultyfs.Answer{Skip: op.Do == faultyfs.Sync}
	}
	if d.failed == nil {
		d.failed = &op
	}
	return faultyfs.Answer{Err: d.err}
}

func (d *disk) begins(op faultyfs.Op) bool {
	if d.do == "" {
		return op.Bytes > 0 && op.Past+op.Bytes > d.bytes
	}
	if op.Do == d.do && kindOf(op.Path) == d.kind {
		d.seen++
		return d.seen == d.nth
	}
	return false
}

// part is how much happens of the write at which the fault begins.
func (d *disk) part(op faultyfs.Op) int64 {
	switch {
	case d.do == "":
		return max(0, d.bytes-op.Past)
	case d.kill:
		return op.Bytes / 2
	default:
		return 0
	}
}

// refuses reports whether a disk that has begun to fail fails this.
func (d *disk) refuses(op faultyfs.Op) bool {
	if d.dir != "" && path.Dir(op.Path) != d.dir && path.Dir(op.To) != d.dir {
		return false
	}
	return d.err != syscall.ENOSPC || needsRoom(op.Do)
}

// needsRoom reports whether a full disk refuses this. What is there can still be
// changed, renamed and removed.
func needsRoom(do string) bool {
	return slices.Contains([]string{faultyfs.Write, faultyfs.Copy, faultyfs.Allocate, faultyfs.Create, faultyfs.Mkdir, faultyfs.Symlink}, do)
}

var number = regexp.MustCompile(`\d+`)

// kindOf names the kind of a file or folder of a lake: one name for all
// segments, one for all files of partitions.
func kindOf(file string) string {
	names := strings.Split(file, "/")
	last := names[len(names)-1]
	switch {
	case names[0] == "raw" && len(names) > 2 && last != "lock":
		names[1], names[2] = "ACCOUNT", "STREAM"
	case names[0] == "raw" && len(names) > 1:
		names[1] = "ACCOUNT"
	case strings.HasPrefix(file, ".state/generations/") && strings.Contains(last, ".parquet"):
		names = append(names[:3:3], "TABLE", last)
	case strings.HasPrefix(file, ".state/generations/") && len(names) > 3 && !strings.Contains(last, "."):
		names = append(names[:3:3], "TABLE")
	}
	return number.ReplaceAllString(path.Join(names...), "N")
}
