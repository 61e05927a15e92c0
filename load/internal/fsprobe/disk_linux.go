package fsprobe

import "golang.org/x/sys/unix"

// FreeBytes are those that this user may still write to dir's file system; -1
// where the system does not say.
func FreeBytes(dir string) int64 {
	var stat unix.Statfs_t
	if unix.Statfs(dir, &stat) != nil {
		return -1
	}
	return int64(stat.Bavail) * stat.Bsize
}

// MayWrite asks the system whether this user may make files in dir.
func MayWrite(dir string) bool { return unix.Access(dir, unix.W_OK|unix.X_OK) == nil }
