//go:build !linux

package atomicfile

import "os"

// Clone says that blocks cannot be shared here; the file is copied.
func Clone(_, _ *os.File) bool { return false }
