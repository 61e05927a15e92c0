package load

import "golang.org/x/sys/unix"

// freeBytes are those that this user may still write to dir's file system; -1
// where the system does not say.
func freeBytes(dir string) int64 {
	var stat unix.Statfs_t
	if unix.Statfs(dir, &stat) != nil {
		return -1
	}
	return int64(stat.Bavail) * stat.Bsize
}

// mayWrite asks the system whether this user may make files in dir.
func mayWrite(dir string) bool { return unix.Access(dir, unix.W_OK|unix.X_OK) == nil }
