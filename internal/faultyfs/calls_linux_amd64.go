package faultyfs

import "golang.org/x/sys/unix"

const arch = unix.AUDIT_ARCH_X86_64

// legacy are the calls whose paths have no folder; the C library uses them.
var legacy = map[uintptr]call{
	unix.SYS_OPEN:     {name: Open, path: 1, flags: 2, any: writing},
	unix.SYS_CREAT:    {name: Open, path: 1},
	unix.SYS_TRUNCATE: {name: Truncate, path: 1},
	unix.SYS_MKDIR:    {name: Mkdir, path: 1},
	unix.SYS_UNLINK:   {name: Remove, path: 1},
	unix.SYS_RMDIR:    {name: Remove, path: 1},
	unix.SYS_CHMOD:    {name: Chmod, path: 1},
	unix.SYS_SYMLINK:  {name: Symlink, path: 2},
	unix.SYS_LINK:     {name: Link, path: 1, to: 2},
	unix.SYS_RENAME:   {name: Rename, path: 1, to: 2},
}
