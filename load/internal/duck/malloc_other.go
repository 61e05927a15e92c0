//go:build !linux

package duck

// oneArena matters to glibc only.
func oneArena() {}
