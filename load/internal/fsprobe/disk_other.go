//go:build !linux

package fsprobe

import "os"

// FreeBytes returns -1: the number is not known here.
func FreeBytes(string) int64 { return -1 }

// TotalBytes returns 0: the number is not known here.
func TotalBytes(string) int64 { return 0 }

// MayWrite reports whether the folder's mode lets its owner write.
func MayWrite(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && info.Mode().Perm()&0o200 != 0
}
