package filelock

import (
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// localSystems are the file systems of which this kernel sees every open file. Behind
// any other, such as NFS or FUSE, another machine may read a file unseen.
var localSystems = []uint32{unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC, unix.TMPFS_MAGIC, zfsMagic}

const zfsMagic = 0x2fc12fc1 // not in package unix

// IsUnread reports whether no process has a file open or mapped, this one included, and
// no other name leads to it. Any doubt is false. The kernel gives a lease for writing
// only then; it is given back at once, so the caller must ensure that nobody finds the
// file's name afterwards.
func IsUnread(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // opened for reading only
	var info unix.Stat_t
	var system unix.Statfs_t
	fd := int(f.Fd())
	if unix.Fstat(fd, &info) != nil || info.Nlink != 1 || unix.Fstatfs(fd, &system) != nil || !slices.Contains(localSystems, uint32(system.Type)) {
		return false
	}
	if _, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		return false
	}
	_, err = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_UNLCK)
	return err == nil
}
