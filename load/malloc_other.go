//go:build !linux

package load

// oneArena matters to glibc only.
func oneArena() {}
