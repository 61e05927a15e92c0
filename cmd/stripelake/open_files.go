package main

import (
	"errors"
	"fmt"
	"syscall"
)

// fewestFiles is how many files a command must be able to open, besides those
// that it was started with. A sync of one account has some 40 open (measured),
// and each further account adds some.
const fewestFiles = 128

// tryOpenFiles opens that many files at once, so that a command fails at its
// beginning rather than in the middle. The error is the system's.
func tryOpenFiles() (err error) {
	var pipes [fewestFiles / 2][2]int
	opened := 0
	for ; err == nil && opened < len(pipes); opened++ {
		err = syscall.Pipe(pipes[opened][:])
	}
	if err != nil {
		opened--
		err = fmt.Errorf("see whether %d files can be open at a time: %w", fewestFiles, err)
	}
	for _, pipe := range pipes[:opened] {
		err = errors.Join(err, syscall.Close(pipe[0]), syscall.Close(pipe[1]))
	}
	return err
}
