package pipeline

import (
	"context"
	"errors"
	"runtime/debug"
	"time"
)

// publish records the coverage and publishes the state as a generation, if it
// differs from the one published. It returns the generation's number, or 0
// where nothing changed. The caller then writes the status.
func (m *materializer) publish(ctx context.Context) (uint64, error) {
	if err := m.cover(ctx); err != nil {
		return 0, err
	}
	return m.publishCovered(ctx)
}

// publishMidway publishes while readers append. The coverage comes first and then what
// waits is applied: what is published holds all that its coverage says.
func (m *materializer) publishMidway(ctx context.Context) error {
	if err := m.cover(ctx); err != nil {
		return err
	}
	for _, s := range m.backlog.waiting() {
		if err := m.applyWaiting(ctx, s); err != nil {
			return err
		}
	}
	if _, err := m.publishCovered(ctx); err != nil {
		return err
	}
	return m.state.WriteStatus(ctx)
}

// publishCovered publishes with the coverage that was recorded last.
func (m *materializer) publishCovered(ctx context.Context) (uint64, error) {
	needed, err := m.state.NeedsPublish(ctx)
	if err != nil {
		return 0, err
	}
	if !needed {
		return 0, m.removeExposed() // a killed run may have left some
	}
	start := time.Now()
	// DuckDB needs its most memory in an export, and readers wait meanwhile: Go
	// gives its free memory back first.
	debug.FreeOSMemory()
	generation, err := m.state.Publish(ctx)
	if err != nil {
		return 0, err
	}
	m.progress.add(stagePublish, time.Since(start))
	for _, left := range generation.SkippedMarts {
		m.progress.warn(left)
	}
	m.progress.emit(Event{Event: EventPublished, Generation: generation.Number})
	return generation.Number, errors.Join(m.removeExposed(), m.progress.noticeSetAside(m.lake))
}

// statusEvery is the least time between two writes of the status. Writing
// counts all rows, so it gets a twentieth of the time: after each of thousands
// of segments, or each second among ten million objects, it would take most of
// a long backfill.
const statusEvery = time.Second

// writeStatus writes the status file that `status` reads, unless it was written
// a short time ago. The end of a run writes the last one.
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
