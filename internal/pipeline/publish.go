package pipeline

import (
	"context"
	"errors"
	"runtime/debug"
	"time"
)

// publish notes what is complete and makes the state what people read, if it
// differs from that. It returns the generation's number, or 0 where nothing
// changed. Who calls it writes the status then.
func (m *materializer) publish(ctx context.Context) (uint64, error) {
	if err := m.cover(ctx); err != nil {
		return 0, err
	}
	needed, err := m.state.NeedsPublish(ctx)
	if err != nil {
		return 0, err
	}
	if !needed {
		return 0, m.removeExposed() // a run that was killed may have left it
	}
	start := time.Now()
	// An export needs the most memory that DuckDB ever does, and the readers wait:
	// what Go has free is given back first.
	debug.FreeOSMemory()
	generation, err := m.state.Publish(ctx)
	if err != nil {
		return 0, err
	}
	m.progress.add(stagePublish, time.Since(start))
	for _, left := range generation.SkippedMarts {
		m.progress.emit(Event{Event: EventNotice, Message: left})
	}
	m.progress.emit(Event{Event: EventPublished, Generation: generation.Number})
	return generation.Number, errors.Join(m.removeExposed(), m.progress.noticeSetAside(m.lake))
}

// statusEvery is how often the status follows the state at most. It counts all
// rows, and gets a twentieth of the time: after each of thousands of segments, or
// each second among ten million objects, it would be most of a long backfill.
const statusEvery = time.Second

// writeStatus lets `status` see how far the state is, now and then. Whoever ends a
// run writes the last one.
func (m *materializer) writeStatus(ctx context.Context) error {
	if time.Since(m.statusWritten) < m.statusPause {
		return nil
	}
	start := time.Now()
	err := m.state.WriteStatus(ctx)
	m.statusWritten = time.Now()
	m.statusPause = max(statusEvery, 19*m.statusWritten.Sub(start))
	return err
}
