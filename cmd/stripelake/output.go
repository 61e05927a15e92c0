package main

import (
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
)

// output is standard output. It remembers that something could not be written, so
// that no command ends well whose words went nowhere.
type output struct {
	to io.Writer

	mu     sync.Mutex // guards failed
	failed error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.to.Write(p)
	if err == nil {
		return n, nil
	}
	err = &outputError{err}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failed == nil {
		o.failed = err
	}
	return n, err
}

// err is the first failure, if any.
func (o *output) err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.failed
}

// isTerminal reports that somebody looks on.
func (o *output) isTerminal() bool {
	if o == nil {
		return false
	}
	file, ok := o.to.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// outputError is a failure of standard output. It is no failure of the lake's disk,
// even where it is of the same kind.
type outputError struct{ err error }

func (e *outputError) Error() string {
	why := e.err
	if path, ok := errors.AsType[*os.PathError](why); ok { // its path says no more
		why = path.Err
	}
	return "write to standard output: " + why.Error() + ": what was printed is not whole"
}

// Is tells a pipe whose reader has enough.
func (e *outputError) Is(target error) bool {
	return target == syscall.EPIPE && errors.Is(e.err, syscall.EPIPE)
}
