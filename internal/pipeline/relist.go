package pipeline

import (
	"context"
	"fmt"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// relist plans to list everything again.
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

// noteRelisted remembers the ids that come while a stream is listed again. It goes
// before the cursor: an id too many is looked up in vain at worst.
func (r *reader) noteRelisted(ctx context.Context) error {
	ids := make([]string, len(r.pending))
	for i, o := range r.pending {
		ids[i] = o.ID
	}
	return r.rereads().Relisted(ctx, ids)
}

// lookUpVanished asks for each object that was not listed again.
func (r *reader) lookUpVanished(ctx context.Context) error {
	cursor, coverage, err := r.appliedCursor(ctx)
	if err != nil {
		return err
	}
	if !coverage.Whole() {
		return nil // bounded by --to: a later run reads the rest
	}
	vanished, err := r.rereads().Vanished(ctx, coverage.From, coverage.Through)
	if err != nil {
		return &localError{err}
	}
	then, err := cursor.Relisted()
	if err != nil {
		return err
	}
	r.relisting = false // what is looked up is not noted: until it is in the log, it must be looked up again
	if err := r.reread(ctx, vanished, nil, then); err != nil {
		return err
	}
	// The notes go after the cursor that needs them no more: without them all
	// would be listed once again.
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
