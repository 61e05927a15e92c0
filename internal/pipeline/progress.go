package pipeline

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// Stages whose time a run measures, in Summary.Stages.
const (
	stageRead    = "read"    // waiting for pages
	stageAppend  = "append"  // comparing with the log and writing segments
	stageMap     = "map"     // raw objects to rows
	stageMerge   = "merge"   // rows into the state
	stagePublish = "publish" // state to generation
)

// progress counts the objects, rows and segments of a run, and passes events to
// the renderer, one at a time.
type progress struct {
	mu         sync.Mutex
	onEvent    func(Event)
	started    time.Time
	total      Summary
	stages     map[string]time.Duration
	unreadable map[[2]string]load.GivenUp // events that could not be read, by account and id
	setAside   []string                   // names that noticeSetAside has reported
}

func newProgress(onEvent func(Event)) *progress {
	return &progress{onEvent: onEvent, started: time.Now(), stages: map[string]time.Duration{}}
}

// emit adds an event's counts to the summary, and passes the event to the
// renderer.
func (p *progress) emit(e Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.Resource != extract.Events().Name { // hints do not count as objects
		p.count(e)
	}
	if p.onEvent != nil {
		p.onEvent(e)
	}
}

// notice emits a message that the user should read.
func (p *progress) notice(text string) { p.emit(Event{Event: EventNotice, Message: text}) }

// warn emits a message that needs somebody's attention.
func (p *progress) warn(text string) { p.emit(Event{Event: EventNotice, Message: text, Warning: true}) }

// noticeSetAside reports files that were set aside and are still there, each
// once in a run.
func (p *progress) noticeSetAside(lake *load.Lake) error {
	names, err := load.ReadSetAside(lake.Dir())
	for _, name := range names {
		if !slices.Contains(p.setAside, name) {
			p.setAside = append(p.setAside, name)
			p.warn(name + " stood in the place of the link that people read: look at it, and remove it")
		}
	}
	return err
}

// count adds an event's counts to the summary.
func (p *progress) count(e Event) {
	switch e.Event {
	case EventPage:
		p.total.Objects += e.Objects
	case EventSegment:
		p.total.Unchanged += e.Unchanged
		p.total.Suppressed += e.Suppressed
		p.total.Blanked += e.Blanked
		if e.Segment > 0 {
			p.total.Segments++
		}
	case EventApplied:
		p.total.Rows += e.Rows
		p.total.Rejects += e.Rejects
		p.total.Incomplete += e.Incomplete
		p.total.Drift += e.Drift
	}
}

// add adds time to a stage.
func (p *progress) add(stage string, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stages[stage] += d
}

// addUnreadableEvent records an event that cannot be read. It is recorded once,
// although the reader of each resource finds it.
func (p *progress) addUnreadableEvent(account, event string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.unreadable == nil {
		p.unreadable = map[[2]string]load.GivenUp{}
	}
	p.unreadable[[2]string{account, event}] = load.GivenUp{Account: account, At: time.Now().UTC(), What: eventPrefix + event, Message: errorText(err), Fix: fixOf(err)}
}

// eventPrefix precedes the id of an event that cannot be read, in GivenUp.What.
const eventPrefix = "what is told by event "

// unreadableEvents returns the events that were recorded as unreadable, in
// order.
func (p *progress) unreadableEvents() []load.GivenUp {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.SortedFunc(maps.Values(p.unreadable), load.GivenUp.Compare)
}

func (p *progress) summary() Summary {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.total
}

// elapsed returns the run's wall time and the time of each stage, in seconds.
// Stages overlap in different goroutines, so their sum may exceed the wall
// time.
func (p *progress) elapsed() (float64, map[string]float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	stages := make(map[string]float64, len(p.stages))
	for name, d := range p.stages {
		stages[name] = d.Seconds()
	}
	return time.Since(p.started).Seconds(), stages
}
