package main

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/schemas"
)

// tooManyRequests is the status of a request above the rate limit.
const tooManyRequests = 429

// activity is what a command is doing, as far as it is known. It is shown on a
// terminal and, where there is none, in a record now and then.
type activity struct {
	mu       sync.Mutex
	stage    string
	since    time.Time // when the stage began
	requests map[requestKind]int64
	read     map[string]*reading // by resource
	names    []string            // of the resources, in their order
	waiting  uint64              // segments to apply, with those applied
	applied  uint64
}

// requestKind is a kind of request: where it went, and how it was answered.
type requestKind struct {
	path   string
	status int // 0: no answer
}

// reading is a resource that is read from Stripe or, in a rebuild, from the log.
type reading struct {
	objects int
	left    map[string]*int64 // by account: about how many objects follow; nil: nobody knows
	began   time.Time
	done    bool
	waits   bool // until what was read is applied
}

func newActivity(stage string) *activity {
	return &activity{stage: stage, since: time.Now(), names: schemas.ShippedResources().Names(), read: map[string]*reading{}, requests: map[requestKind]int64{}}
}

// arrange sets the order of the resources.
func (a *activity) arrange(names []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.names = names
}

// order returns the names of the resources in their order.
func (a *activity) order() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.names
}

// begin begins a stage.
func (a *activity) begin(stage string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if stage != a.stage {
		a.stage, a.since = stage, time.Now()
	}
}

func (a *activity) countRequest(path string, status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests[requestKind{path, status}]++
}

// sent returns the requests so far, by kind.
func (a *activity) sent() map[requestKind]int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.requests)
}

// limited returns how many requests came too fast.
func (a *activity) limited() (n int64) {
	for kind, of := range a.sent() {
		if kind.status == tooManyRequests {
			n += of
		}
	}
	return n
}

// requestsSent returns the number of requests so far. The caller holds the lock.
func (a *activity) requestsSent() (n int64) {
	for _, of := range a.requests {
		n += of
	}
	return n
}

// note takes over what an event of a run says.
func (a *activity) note(e pipeline.Event, rebuild bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch e.Event {
	case pipeline.EventBacklog:
		a.waiting += e.Segments
	case pipeline.EventPage:
		if a.stage == stageBacklog || a.stage == stageApplying {
			a.stage, a.since = stageReading, time.Now()
		}
		r := a.reading(e.Resource)
		r.objects += e.Objects
		r.left[e.Account] = e.Left
	case pipeline.EventSegment:
		if e.Segment > 0 {
			a.waiting++
		}
	case pipeline.EventApplied:
		a.applied += e.Segments
		a.waiting = max(a.waiting, a.applied)
		if rebuild {
			a.reading(e.Resource).objects += e.Objects
		}
	case pipeline.EventWaiting:
		if r := a.read[e.Resource]; r != nil {
			r.waits = true
		}
		a.noteApplying()
	case pipeline.EventRead:
		if r := a.read[e.Resource]; r != nil {
			delete(r.left, e.Account)
			r.done = len(r.left) == 0
		}
		a.noteApplying()
	}
}

// noteApplying begins the stage in which nothing is read, and what was read is applied.
func (a *activity) noteApplying() {
	for _, r := range a.read {
		if !r.done && !r.waits {
			return
		}
	}
	if a.stage == stageReading && a.applied < a.waiting {
		a.stage, a.since = stageApplying, time.Now()
	}
}

func (a *activity) reading(resource string) *reading {
	r := a.read[resource]
	if r == nil {
		r = &reading{left: map[string]*int64{}, began: time.Now()}
		a.read[resource] = r
	}
	r.done, r.waits = false, false
	return r
}

// expected returns about how many objects there are in all; 0 where nobody knows.
func (r *reading) expected() int64 {
	sum := int64(r.objects)
	for _, left := range r.left {
		if left == nil {
			return 0
		}
		sum += *left
	}
	if len(r.left) == 0 && !r.done {
		return 0
	}
	return sum
}

// timeLeft returns how long the rest takes at the mean pace so far.
func (r *reading) timeLeft(expected int64) time.Duration {
	if r.objects == 0 {
		return 0
	}
	return time.Duration(float64(time.Since(r.began)) * float64(expected-int64(r.objects)) / float64(r.objects))
}

// stageText returns the line of the stage: what is done, since when, and what is
// known of its size.
func (a *activity) stageText() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	parts := []string{fmt.Sprintf("%s … %s", a.stage, durationText(time.Since(a.since).Seconds()))}
	if a.applied < a.waiting {
		parts = append(parts, fmt.Sprintf("applying %s of %s", digits(int(a.applied)), counted(int(a.waiting), "segment")))
	}
	if n := a.requestsSent(); n > 0 {
		parts = append(parts, counted(int(n), "request"))
	}
	return strings.Join(parts, " · ")
}

// logEvery records what is done at an interval, until the function returned is
// called.
func (a *activity) logEvery(interval time.Duration, log *slog.Logger) (stop func()) {
	ticker, done, ended := time.NewTicker(interval), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-ticker.C:
				a.record(log)
			case <-done:
				return
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(done)
		<-ended
	}
}

// record logs what is done now.
func (a *activity) record(log *slog.Logger) {
	a.mu.Lock()
	defer a.mu.Unlock()
	attrs := []any{"seconds", int(time.Since(a.since).Seconds())}
	if n := a.requestsSent(); n > 0 {
		attrs = append(attrs, "requests", n)
	}
	if a.waiting > 0 {
		attrs = append(attrs, "segments_applied", a.applied, "segments", a.waiting)
	}
	for _, name := range append(slices.Clone(a.names), extract.Events().Name) {
		r := a.read[name]
		if r == nil {
			continue
		}
		attrs = append(attrs, name, r.objects)
		if expected := r.expected(); expected > int64(r.objects) {
			attrs = append(attrs, name+"_about", expected)
		}
	}
	log.Info("progress: "+a.stage, attrs...)
}
