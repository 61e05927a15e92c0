package pipeline

import (
	"context"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// eventsBarrier is what the readers of the resources know of the events: how far they
// are in the log, once their reader is done.
type eventsBarrier struct {
	done     chan struct{}    // closed when the events are read, or are not to be read
	err      error            // why they are not
	from     time.Time        // UTC: where they begin; what happened before may be missing
	position extract.Position // up to which they are in the log

	streams map[string]chan struct{} // by resource: closed when its reader is done, and what it brought is applied
}

// newEventsBarrier is of a run that reads these resources.
func newEventsBarrier(resources []extract.Resource) *eventsBarrier {
	b := &eventsBarrier{done: make(chan struct{}), streams: map[string]chan struct{}{}}
	for _, r := range resources {
		b.streams[r.Name] = make(chan struct{})
	}
	return b
}

// awaitStreams returns when what other resources tell is in the state, as far as this
// run reads them.
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

// publish lets the others know how far the events are.
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

// wait returns when the events are in the log. ok is false where they could not
// be read: then nothing is known of changes, and no position moves.
func (b *eventsBarrier) wait(ctx context.Context) (ok bool, err error) {
	select {
	case <-b.done:
		return b.err == nil, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}
