//go:build !linux

package load

// bytesWritten is not told here.
func bytesWritten() int64 { return 0 }
