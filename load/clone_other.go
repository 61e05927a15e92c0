//go:build !linux

package load

import "os"

// cloneFile says that blocks cannot be shared here; the file is copied.
func cloneFile(_, _ *os.File) bool { return false }
