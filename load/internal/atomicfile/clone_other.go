//go:build !linux

package atomicfile

import "os"

// Clone returns false: blocks cannot be shared here, and the caller copies the file.
func Clone(_, _ *os.File) bool { return false }
