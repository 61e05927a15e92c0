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
	if err := r.awaitApplied(ctx); err != nil {
		return err
	}
	start := time.Now()
	suppressed, err := r.suppressAndBlank(ctx)
	if err != nil {
		r.pending, r.bytes, r.cursor = nil, 0, "" // the next run reads them again
		return err
	}
	event, err := r.appendChanged(ctx)
	if err != nil {
		return &localError{err}
	}
	r.materializer.room.watch()
	event.Suppressed = suppressed
	r.pending, r.bytes, r.cursor = nil, 0, ""
	r.materializer.progress.add(stageAppend, time.Since(start))
	r.materializer.progress.emit(event)
	if event.Segment == 0 {
		return nil
	}
	r.applied = make(chan struct{})
	r.arrivals <- arrival{stream{r.account, r.resource}, r.applied} // never blocks: each reader has at most one outstanding
	return nil
}

// appendChanged appends the pending objects that are new or changed, and moves
// the cursor.
func (r *reader) appendChanged(ctx context.Context) (Event, error) {
	event := Event{Event: EventSegment, Account: r.account, Resource: r.resource.Name}
	if r.relisting {
		if err := r.noteRelisted(ctx); err != nil {
			return event, err
		}
	}
	r.dropNotFound()
	if err := r.dropUnconfirmed(ctx); err != nil {
		return event, err
	}
	if err := r.dropNeverHeld(ctx); err != nil {
		return event, err
	}
	changed, err := r.changedObjects(ctx)
	if err != nil {
		return event, err
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
		return event, err
	}
	if len(changed) == 0 {
		return event, r.log.MoveCursor(r.resource.Name, cursor)
	}
	position, err := r.log.Append(ctx, r.resource.Name, changed, cursor)
	event.Segment = position.Segment
	return event, err
}

// changedObjects returns the pending objects whose bytes differ from the newest
// version in the log. A second version in the same segment is compared with the
// first. An event that the log holds never counts as changed: Stripe changes in
// it only how often it was delivered.
func (r *reader) changedObjects(ctx context.Context) ([]load.Raw, error) {
	compare := r.materializer.state.Unchanged
	if r.events == nil {
		compare = r.materializer.state.Known
	}
	unchanged, err := compare(ctx, r.account, r.resource.Name, r.pending)
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

// dropNeverHeld drops tombstones of objects that the log never held. They were
// created and deleted between two syncs, so there is no row to mark.
func (r *reader) dropNeverHeld(ctx context.Context) error {
	gone := func(o load.Raw) bool { return o.Deleted && o.Origin == extract.OriginRetrieve }
	if !slices.ContainsFunc(r.pending, gone) {
		return nil
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

// awaitApplied waits until the segment appended last is in the state. The next
// pages are compared with the newest versions in the state, and those must be
// the newest in the log: otherwise an object that changed and changed back
// would look unchanged, and the change would be lost. The wait also bounds
// memory to one segment for each reader.
func (r *reader) awaitApplied(ctx context.Context) error {
	if r.applied == nil {
		return nil
	}
	select {
	case <-r.applied:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
