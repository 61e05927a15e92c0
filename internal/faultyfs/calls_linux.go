//go:build amd64 || arm64

package faultyfs

import (
	"maps"

	"golang.org/x/sys/unix"
)

// call says what a system call does, and which of its arguments name the file:
// a descriptor, or one or two paths, each with the folder that it is relative
// to. Arguments are counted from 1; 0 is none.
type call struct {
	name       string
	fd         int
	dir, path  int
	toDir, to  int
	size       int // bytes to be written
	flags      int // decides whether anything is changed:
	any, equal uint32
}

const writing = unix.O_WRONLY | unix.O_RDWR | unix.O_CREAT | unix.O_TRUNC

// asked are the calls that a listener is asked about: those that change files, and
// those that lock them. With what is not here, neither Go's library nor DuckDB does.
func asked() map[uintptr]call {
	calls := map[uintptr]call{
		unix.SYS_WRITE:           {name: Write, fd: 1, size: 3},
		unix.SYS_PWRITE64:        {name: Write, fd: 1, size: 3},
		unix.SYS_WRITEV:          {name: Write, fd: 1},
		unix.SYS_PWRITEV:         {name: Write, fd: 1},
		unix.SYS_PWRITEV2:        {name: Write, fd: 1},
		unix.SYS_COPY_FILE_RANGE: {name: Copy, fd: 3, size: 5},
		unix.SYS_SENDFILE:        {name: Copy, fd: 1},
		unix.SYS_FSYNC:           {name: Sync, fd: 1},
		unix.SYS_FDATASYNC:       {name: Sync, fd: 1},
		unix.SYS_FTRUNCATE:       {name: Truncate, fd: 1},
		unix.SYS_FALLOCATE:       {name: Allocate, fd: 1},
		unix.SYS_FCHMOD:          {name: Chmod, fd: 1},
		unix.SYS_IOCTL:           {name: Clone, fd: 1, flags: 2, equal: unix.FICLONE},
		unix.SYS_FLOCK:           {name: Lock, fd: 1},
		unix.SYS_FCNTL:           {name: Lock, fd: 1, flags: 2, equal: unix.F_SETLK},
		unix.SYS_OPENAT:          {name: Open, dir: 1, path: 2, flags: 3, any: writing},
		unix.SYS_MKDIRAT:         {name: Mkdir, dir: 1, path: 2},
		unix.SYS_UNLINKAT:        {name: Remove, dir: 1, path: 2},
		unix.SYS_FCHMODAT:        {name: Chmod, dir: 1, path: 2},
		unix.SYS_SYMLINKAT:       {name: Symlink, dir: 2, path: 3},
		unix.SYS_LINKAT:          {name: Link, dir: 1, path: 2, toDir: 3, to: 4},
		unix.SYS_RENAMEAT:        {name: Rename, dir: 1, path: 2, toDir: 3, to: 4},
		unix.SYS_RENAMEAT2:       {name: Rename, dir: 1, path: 2, toDir: 3, to: 4},
	}
	maps.Copy(calls, legacy)
	return calls
}
