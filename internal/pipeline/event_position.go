package pipeline

import (
	"context"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// eventsBarrier lets the readers of resources wait until the events of this run
// are in the log, and says up to which position they are. It also lets a reader
// wait until others are done.
type eventsBarrier struct {
	done     chan struct{}    // closed when the events are in the log, or could not be read
	err      error            // why the events could not be read
	from     time.Time        // UTC: where the events begin; earlier ones may be missing
	position extract.Position // of the newest event in the log

	streams map[string]chan struct{} // by resource: closed when its reader is done and its objects are applied
}

// newEventsBarrier returns the barrier of a run that reads these resources.
func newEventsBarrier(resources []extract.Resource) *eventsBarrier {
	b := &eventsBarrier{done: make(chan struct{}), streams: map[string]chan struct{}{}}
	for _, r := range resources {
		b.streams[r.Name] = make(chan struct{})
	}
	return b
}

// awaitStreams waits until the objects of these streams are in the state.
// Streams that this run does not read are not waited for.
func (b *eventsBarrier) awaitStreams(ctx context.Context, resources ...string) error {
	for _, name := range resources {
		done, ok := b.streams[name]
		if !ok {
			continue
		}
		select {
		case <-done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// publish ends the wait for the events. err says why they could not be read;
// otherwise their position is taken from the log.
func (b *eventsBarrier) publish(log *load.Log, err error) {
	defer close(b.done)
	if b.err = err; err != nil {
		return
	}
	var cursor string
	if cursor, b.err = log.Cursor(extract.Events().Name); b.err != nil {
		return
	}
	newest, err := log.Newest(extract.Events().Name)
	if err != nil {
		b.err = err
		return
	}
	coverage, err := extract.Cursor(cursor).Coverage()
	b.err, b.from = err, coverage.From
	b.position = extract.Position{AsOf: coverage.Through.Unix(), Segment: newest.Segment}
}

// wait waits until the events are in the log. ok is false where they could not
// be read: then changes are unknown, and no position moves.
func (b *eventsBarrier) wait(ctx context.Context) (ok bool, err error) {
	select {
	case <-b.done:
		return b.err == nil, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}
