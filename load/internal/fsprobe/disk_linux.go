package fsprobe

import "golang.org/x/sys/unix"

// FreeBytes returns the number of bytes that this user may still write to dir's file
// system; -1 if the system does not know.
func FreeBytes(dir string) int64 {
	var stat unix.Statfs_t
	if unix.Statfs(dir, &stat) != nil {
		return -1
	}
	return int64(stat.Bavail) * stat.Bsize
}

// TotalBytes returns the size of dir's file system; 0 if the system does not know.
func TotalBytes(dir string) int64 {
	var stat unix.Statfs_t
	if unix.Statfs(dir, &stat) != nil {
		return 0
	}
	return int64(stat.Blocks) * stat.Bsize
}

// MayWrite reports whether the system allows this user to create files in dir.
func MayWrite(dir string) bool { return unix.Access(dir, unix.W_OK|unix.X_OK) == nil }
