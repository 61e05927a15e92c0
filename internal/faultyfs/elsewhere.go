//go:build !linux || (!amd64 && !arm64)

package faultyfs

import (
	"os/exec"
	"syscall"
)

// Become is not available here.
func Become(_, _ []string) error { return &UnavailableError{syscall.ENOSYS} }

// Run is not available here.
func Run(_ *exec.Cmd, _ string, _ func(Op) Answer) error { return &UnavailableError{syscall.ENOSYS} }
