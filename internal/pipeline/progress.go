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

// progress counts what a run does and passes its events on, one at a time.
type progress struct {
	mu         sync.Mutex
	onEvent    func(Event)
	started    time.Time
	total      Summary
	stages     map[string]time.Duration
	unreadable map[[2]string]load.GivenUp // by account and event: what tells nothing
	setAside   []string                   // of what was set aside, the names that were told
}

func newProgress(onEvent func(Event)) *progress {
	return &progress{onEvent: onEvent, started: time.Now(), stages: map[string]time.Duration{}}
}

// emit adds the event's counts to the summary and hands it to the renderer.
func (p *progress) emit(e Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.Resource != extract.Events().Name { // hints count as no objects
		p.count(e)
	}
	if p.onEvent != nil {
		p.onEvent(e)
	}
}

// notice says something that the user should read.
func (p *progress) notice(text string) { p.emit(Event{Event: EventNotice, Message: text}) }

// noticeSetAside names what was set aside and is still there, each once a run.
func (p *progress) noticeSetAside(lake *load.Lake) error {
	names, err := load.ReadSetAside(lake.Dir())
	for _, name := range names {
		if !slices.Contains(p.setAside, name) {
			p.setAside = append(p.setAside, name)
			p.notice(name + " stood in the place of the link that people read: look at it, and remove it")
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

// add charges time to a stage.
func (p *progress) add(stage string, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stages[stage] += d
}

// addUnreadableEvent keeps an event that cannot be read: once, although each resource's
// reader finds it.
func (p *progress) addUnreadableEvent(account, event string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.unreadable == nil {
		p.unreadable = map[[2]string]load.GivenUp{}
	}
	p.unreadable[[2]string{account, event}] = load.GivenUp{Account: account, At: time.Now().UTC(), What: eventPrefix + event, Message: errorText(err)}
}

// eventPrefix is before the id of an event that cannot be read.
const eventPrefix = "what is told by event "

// unreadableEvents returns what unreadable kept, by event.
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

// elapsed returns the run's wall time and each stage's, in seconds. Stages of
// different goroutines overlap, so they may add up to more than the wall time.
func (p *progress) elapsed() (float64, map[string]float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	stages := make(map[string]float64, len(p.stages))
	for name, d := range p.stages {
		stages[name] = d.Seconds()
	}
	return time.Since(p.started).Seconds(), stages
}
