package pipeline

import (
	"fmt"
	"sync"

	"github.com/stripelake/stripelake/internal/hint"
)

// byRoom is what stops a client when the disk is nearly full, in Summary.Stopped.
const byRoom = "min-free"

// LowDiskError reports that less of the lake's disk is free than is to stay free.
type LowDiskError struct {
	Lake       string
	Free, Need int64 // bytes
}

func (e *LowDiskError) Error() string { return e.Hint().Error() }

// Hint returns the problem and what to do about it.
func (e *LowDiskError) Hint() *hint.Error {
	return hint.New(fmt.Sprintf("only %s free on the disk under %s, and %s are to stay free", roomText(e.Free), e.Lake, roomText(e.Need)),
		fmt.Sprintf("make room for %s, or allow less with --min-free: nothing is lost, and the next sync goes on", roomText(e.Need-e.Free+1<<20-1)))
}

// ExitCode is 1: unlike other bounds this one needs somebody.
func (e *LowDiskError) ExitCode() int { return 1 }

// roomText writes a size, rounded down.
func roomText(n int64) string {
	if n < 10<<30 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d GiB", n>>30)
}

// roomCheck watches the free space of the lake's disk during a run. Readers and the
// applier use it.
type roomCheck struct {
	lake    string
	measure func() (free, need int64) // nil: nothing is watched
	stop    func(by string)           // ends the reading

	mu  sync.Mutex
	low error // what was found first
}

// now returns a [*LowDiskError] if too little is free.
func (r *roomCheck) now() error {
	if r == nil || r.measure == nil {
		return nil
	}
	free, need := r.measure()
	if free < 0 || free >= need {
		return nil
	}
	return &LowDiskError{Lake: r.lake, Free: free, Need: need}
}

// watch ends the reading if too little is free. What was read is then still applied
// and published: that is what the space is kept for.
func (r *roomCheck) watch() {
	err := r.now()
	if err == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.low == nil {
		r.low = err
		r.stop(byRoom)
	}
}

// err returns what ended the reading, if that was it.
func (r *roomCheck) err() error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.low
}
