package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// flush makes the pending pages durable, together with the cursor that follows
// them: in a segment, or in cursor.json where none of the objects is new.
func (r *reader) flush(ctx context.Context) error {
	if r.cursor == "" && len(r.pending) == 0 { // a repair may read before the first page
		return nil
	}
	if err := r.awaitTurn(ctx); err != nil {
		return err
	}
	start := time.Now()
	suppressed, err := r.suppressAndBlank(ctx)
	if err != nil {
		r.pending, r.bytes, r.cursor = nil, 0, "" // the next run reads them again
		return err
	}
	event, changed, err := r.appendChanged(ctx)
	if err != nil {
		return &localError{err}
	}
	r.materializer.room.watch()
	event.Suppressed = suppressed
	r.pending, r.bytes, r.cursor = nil, 0, ""
	r.materializer.progress.add(stageAppend, time.Since(start))
	r.materializer.progress.emit(event)
	if event.Segment > 0 {
		r.backlog.add(r.stream(), event.Segment, changed)
	}
	return nil
}

func (r *reader) stream() stream { return stream{r.account, r.resource} }

// awaitTurn waits before a segment is appended: while too much waits to be applied, and
// where somebody was forgotten until all of the stream is. Whose an object is, the state
// must tell in order (docs/adr/0035).
func (r *reader) awaitTurn(ctx context.Context) error {
	if !r.forgotten.Empty() {
		return r.awaitApplied(ctx)
	}
	return r.backlog.awaitRoom(ctx)
}

// appendChanged appends the pending objects that are new or changed, which it
// returns, and moves the cursor.
func (r *reader) appendChanged(ctx context.Context) (Event, []load.Raw, error) {
	event := Event{Event: EventSegment, Account: r.account, Resource: r.resource.Name}
	if r.relisting {
		if err := r.noteRelisted(ctx); err != nil {
			return event, nil, err
		}
	}
	r.dropNotFound()
	if err := r.dropUnconfirmed(ctx); err != nil {
		return event, nil, err
	}
	if err := r.dropNeverHeld(ctx); err != nil {
		return event, nil, err
	}
	changed, err := r.changedObjects(ctx)
	if err != nil {
		return event, nil, err
	}
	event.Objects = len(changed)
	for _, o := range changed {
		if r.blank.has(o.ID) && r.events != nil { // an event does not become a row
			event.Blanked++
		}
	}
	r.blanked += event.Blanked
	event.Unchanged = r.missing.countOthers(r.pending) - r.missing.countOthers(changed)
	clear(r.missing.pending)
	cursor, err := r.cursorToKeep()
	if err != nil {
		return event, nil, err
	}
	if len(changed) == 0 {
		return event, nil, r.log.MoveCursor(r.resource.Name, cursor)
	}
	position, err := r.log.Append(ctx, r.resource.Name, changed, cursor)
	event.Segment = position.Segment
	return event, changed, err
}

// changedObjects returns the pending objects whose bytes differ from the newest
// version in the log. A second version in the same segment is compared with the
// first. An event that the log holds never counts as changed: Stripe changes in
// it only how often it was delivered.
func (r *reader) changedObjects(ctx context.Context) ([]load.Raw, error) {
	unchanged, err := r.unchanged(ctx)
	if err != nil {
		return nil, fmt.Errorf("compare %s with the log: %w", r.resource.Name, err)
	}
	latest := make(map[string]int, len(r.pending))
	changed := make([]load.Raw, 0, len(r.pending))
	for i, o := range r.pending {
		same := unchanged[i]
		if before, seen := latest[o.ID]; seen {
			earlier := r.pending[before]
			same = r.events == nil || earlier.Hash() == o.Hash()
		}
		latest[o.ID] = i
		if !same {
			changed = append(changed, o)
		}
	}
	return changed, nil
}

// unchanged reports for each pending object whether it equals the newest version in the
// log, and of an event whether the log has it. The newest version waits in the backlog,
// or is in the state. The order matters: an object leaves the backlog after the state
// has it.
func (r *reader) unchanged(ctx context.Context) ([]bool, error) {
	unchanged := make([]bool, len(r.pending))
	waiting := r.backlog.newest(r.stream(), r.pending)
	var others []load.Raw
	var at []int
	for i := range r.pending {
		if hash, waits := waiting[i]; waits {
			unchanged[i] = r.events == nil || hash == r.pending[i].Hash()
		} else {
			others, at = append(others, r.pending[i]), append(at, i)
		}
	}
	compare := r.materializer.state.Unchanged
	if r.events == nil {
		compare = r.materializer.state.Known
	}
	found, err := compare(ctx, r.account, r.resource.Name, others)
	for i, same := range found {
		unchanged[at[i]] = same
	}
	return unchanged, err
}

// dropNeverHeld drops tombstones of objects that the log never held. They were
// created and deleted between two syncs, so there is no row to mark.
func (r *reader) dropNeverHeld(ctx context.Context) error {
	gone := func(o load.Raw) bool { return o.Deleted && o.Origin == extract.OriginRetrieve }
	if !slices.ContainsFunc(r.pending, gone) {
		return nil
	}
	if err := r.awaitApplied(ctx); err != nil {
		return err
	}
	known, err := r.materializer.state.Known(ctx, r.account, r.resource.Name, r.pending)
	if err != nil {
		return err
	}
	var neverHeld []string
	kept := r.pending[:0]
	for i, o := range r.pending {
		if gone(o) && !known[i] {
			neverHeld = append(neverHeld, o.ID)
		} else {
			kept = append(kept, o)
		}
	}
	r.pending = kept
	return r.rereads().ForgetMention(ctx, neverHeld)
}

// awaitApplied waits until the state has all of the stream that is in the log. Whoever
// asks the state for more than whether an object is unchanged waits before: for what is
// due, outdated, named or was never held.
func (r *reader) awaitApplied(ctx context.Context) error {
	if !r.backlog.waits(r.stream()) {
		return nil
	}
	r.materializer.progress.emit(Event{Event: EventWaiting, Account: r.account, Resource: r.resource.Name})
	return r.backlog.awaitApplied(ctx, r.stream())
}
