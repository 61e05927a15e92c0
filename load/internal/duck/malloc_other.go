//go:build !linux

package duck

// oneArena does nothing: it matters to glibc only.
func oneArena() {}
