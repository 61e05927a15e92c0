package pipeline

import (
	"context"
	"fmt"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// relist makes the cursor one that lists everything again.
func (r *reader) relist(ctx context.Context, as extract.Position) error {
	cursor, err := r.at()
	if err == nil {
		cursor, err = cursor.Relist(r.resource, as)
	}
	if err != nil {
		return &localError{err}
	}
	if err := r.rereads().BeginRelist(ctx); err != nil {
		return &localError{err}
	}
	r.relisting = true
	r.materializer.progress.emit(Event{Event: EventNotice, Resource: r.resource.Name, Message: fmt.Sprintf(
		"%s: listing everything again, for changes may have been missed: Stripe tells of them for 30 days", r.resource.Name)})
	r.cursor = cursor
	return nil
}

// noteRelisted records the ids that a list shows while it is read again. They
// are recorded before the cursor moves: an id too many costs at most one
// needless request.
func (r *reader) noteRelisted(ctx context.Context) error {
	ids := make([]string, len(r.pending))
	for i, o := range r.pending {
		ids[i] = o.ID
	}
	return r.rereads().Relisted(ctx, ids)
}

// lookUpVanished requests each object that the list did not show again.
func (r *reader) lookUpVanished(ctx context.Context) error {
	cursor, coverage, err := r.appliedCursor(ctx)
	if err != nil {
		return err
	}
	if !coverage.Whole() {
		return nil // --to bounded it: a later run lists the rest
	}
	vanished, err := r.rereads().Vanished(ctx, coverage.From, coverage.Through)
	if err != nil {
		return &localError{err}
	}
	then, err := cursor.Relisted()
	if err != nil {
		return err
	}
	r.relisting = false // these ids are not recorded: until the objects are in the log, they must be requested again
	if err := r.reread(ctx, vanished, nil, then); err != nil {
		return err
	}
	// The recorded ids are removed after the cursor that needs them no longer
	// is durable. Without them everything would be listed once more.
	if err := r.flush(ctx); err != nil {
		return err
	}
	if err := r.rereads().EndRelist(ctx); err != nil {
		return &localError{err}
	}
	return nil
}

// rereads is what of the resource is to be read again.
func (r *reader) rereads() load.Rereads {
	return r.materializer.state.Rereads(r.account, r.resource.Name)
}
