package main

import (
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
)

// output is standard output. It remembers the first failed write, so that no
// command succeeds whose output was lost.
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

// file returns what is written to, below the drawing of progress.
func (o *output) file() io.Writer {
	if above, ok := o.to.(aboveWriter); ok {
		return above.to
	}
	return o.to
}

// err returns the first failure, if any.
func (o *output) err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.failed
}

// outputError is a failure of standard output. It is not a failure of the
// lake's disk, even where the system's error is the same.
type outputError struct{ err error }

func (e *outputError) Error() string {
	why := e.err
	if path, ok := errors.AsType[*os.PathError](why); ok { // the path adds nothing
		why = path.Err
	}
	return "write to standard output: " + why.Error() + ": what was printed is not whole"
}

// Is reports whether the reader of a pipe has closed it, for errors.Is.
func (e *outputError) Is(target error) bool {
	return target == syscall.EPIPE && errors.Is(e.err, syscall.EPIPE)
}
