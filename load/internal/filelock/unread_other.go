//go:build !linux

package filelock

// IsUnread reports whether no process has a file open. Only Linux can say so.
func IsUnread(string) bool { return false }
