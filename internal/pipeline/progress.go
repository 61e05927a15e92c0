package pipeline

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// Stages whose time a run adds up, for `bench` and the curious.
const (
	stageRead    = "read"    // waiting for pages
	stageAppend  = "append"  // comparing with the log and writing segments
	stageMap     = "map"     // raw objects to rows
	stageMerge   = "merge"   // rows into the state
	stagePublish = "publish" // state to generation
)

// meter counts what a run does and passes its events on, one at a time.
type meter struct {
	mu      sync.Mutex
	onEvent func(Event)
	started time.Time
	total   Summary
	stages  map[string]time.Duration
	failed  map[[2]string]load.GivenUp // by account and event: what tells nothing
	aside   []string                   // of what was set aside, the names that were told
}

func newMeter(onEvent func(Event)) *meter {
	return &meter{onEvent: onEvent, started: time.Now(), stages: map[string]time.Duration{}}
}

// emit adds the event's counts to the summary and hands it to the renderer.
func (m *meter) emit(e Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.Resource != extract.Events().Name { // hints count as no objects
		m.count(e)
	}
	if m.onEvent != nil {
		m.onEvent(e)
	}
}

// notice says something that the user should read.
func (m *meter) notice(text string) { m.emit(Event{Event: EventNotice, Message: text}) }

// tellAside names what was set aside and is still there, each once a run.
func (m *meter) tellAside(lake *load.Lake) error {
	names, err := load.ReadSetAside(lake.Dir())
	for _, name := range names {
		if !slices.Contains(m.aside, name) {
			m.aside = append(m.aside, name)
			m.notice(name + " stood in the place of the link that people read: look at it, and remove it")
		}
	}
	return err
}

// count adds an event's counts to the summary.
func (m *meter) count(e Event) {
	switch e.Event {
	case EventPage:
		m.total.Objects += e.Objects
	case EventSegment:
		m.total.Unchanged += e.Unchanged
		m.total.Suppressed += e.Suppressed
		m.total.Blanked += e.Blanked
		if e.Segment > 0 {
			m.total.Segments++
		}
	case EventApplied:
		m.total.Rows += e.Rows
		m.total.Rejects += e.Rejects
		m.total.Incomplete += e.Incomplete
		m.total.Drift += e.Drift
	}
}

// add charges time to a stage.
func (m *meter) add(stage string, d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stages[stage] += d
}

// unreadable keeps an event that cannot be read: once, although each resource's
// reader finds it.
func (m *meter) unreadable(account, event string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failed == nil {
		m.failed = map[[2]string]load.GivenUp{}
	}
	m.failed[[2]string{account, event}] = load.GivenUp{Account: account, At: time.Now().UTC(), What: eventPrefix + event, Message: message(err)}
}

// eventPrefix is before the id of an event that cannot be read.
const eventPrefix = "what is told by event "

// unreadableEvents returns what unreadable kept, by event.
func (m *meter) unreadableEvents() []load.GivenUp {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Values(m.failed), load.GivenUp.Compare)
}

func (m *meter) summary() Summary {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.total
}

// elapsed returns the run's wall time and each stage's, in seconds. Stages of
// different goroutines overlap, so they may add up to more than the wall time.
func (m *meter) elapsed() (float64, map[string]float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	stages := make(map[string]float64, len(m.stages))
	for name, d := range m.stages {
		stages[name] = d.Seconds()
	}
	return time.Since(m.started).Seconds(), stages
}
