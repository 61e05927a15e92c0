package main

import (
	"errors"
	"fmt"
	"syscall"
)

// fewestFiles are how many files a command may have open beside those that it was
// started with: a sync of one account has some 40 (measured), each further one some more.
const fewestFiles = 128

// tryOpenFiles opens as many at once, for what a command runs into in its middle it
// had better not begin with. The error is the system's.
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
