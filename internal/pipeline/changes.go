package pipeline

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// hintsLag is how long after an event Stripe may still answer with the object
// as it was before the event. Stripe: reads may lag behind writes by seconds.
const hintsLag = time.Minute

// hintsAtOnce is how many hints are compared with the state at once.
const hintsAtOnce = 5000

// begin prepares the cursor for the list. A backfill that begins now needs no
// change from before it, so its position in the events is set first.
func (r *reader) begin(ctx context.Context) error {
	cursor, err := r.at()
	if err != nil {
		return err
	}
	fresh, err := cursor.Fresh()
	if err != nil {
		return &localError{err}
	}
	if fresh {
		ok, err := r.events.wait(ctx)
		if err != nil || !ok {
			return err
		}
		cursor, err = cursor.At(r.events.position)
		if err != nil {
			return &localError{err}
		}
		r.cursor = cursor
		return nil
	}
	if r.filter = filterOf(r.resource); r.filter != "" {
		r.listedValues = map[string]bool{}
	}
	relisting, err := cursor.Relisting()
	if err != nil || !relisting {
		return err
	}
	noted, err := r.rereads().Relisting(ctx)
	if err != nil {
		return &localError{err}
	}
	if r.relisting = noted; noted {
		return nil
	}
	position, err := cursor.Position() // the recorded ids were lost with the state: list everything again
	if err != nil {
		return err
	}
	return r.relist(ctx, position)
}

// changes reads again the objects that have changed since they were read last.
// Where the events could not be read, only objects that change without an event
// are read.
func (r *reader) changes(ctx context.Context, bounds extract.Range) error {
	ok, err := r.events.wait(ctx)
	if err != nil {
		return err
	}
	if !ok {
		return r.readDue(ctx)
	}
	cursor, err := r.at()
	if err != nil {
		return err
	}
	at, err := cursor.Position()
	if err != nil {
		return err
	}
	missed := at.AsOf == 0 || time.Unix(at.AsOf, 0).Before(r.events.from) ||
		at.Segment > r.events.position.Segment // the log of the events was removed
	if !missed && !r.resource.Silent {
		err := r.follow(ctx, at)
		if missed = errors.Is(err, errUnreadable); err != nil && !missed {
			return err
		}
	}
	if missed && !r.resource.Silent {
		if err := r.relist(ctx, r.events.position); err != nil {
			return err
		}
		if err := r.list(ctx, bounds); err != nil {
			return err
		}
	}
	if r.relisting {
		if err := r.lookUpVanished(ctx); err != nil {
			return err
		}
	}
	return r.readDue(ctx)
}

// appliedCursor waits until all that was read is in the state, and returns the
// stream's cursor and coverage.
func (r *reader) appliedCursor(ctx context.Context) (cursor extract.Cursor, coverage extract.Coverage, err error) {
	if err := r.awaitApplied(ctx); err != nil {
		return "", coverage, err
	}
	if cursor, err = r.at(); err == nil {
		coverage, err = cursor.Coverage()
	}
	return cursor, coverage, err
}

// errUnreadable reports an event that cannot be read. The object that it is
// about is unknown, so everything has to be listed again.
var errUnreadable = errors.New("an event that cannot be read")

// follow reads again the objects that events after a position are about. Where
// it returns errUnreadable, no position has moved over that event (Invariant
// 1).
func (r *reader) follow(ctx context.Context, at extract.Position) error {
	var hints []load.Hint
	var lists []string // filters
	unreadable := false
	for batch, err := range r.lake.Read(ctx, r.account, extract.Events().Name, at.Segment) {
		if err != nil {
			return &localError{err}
		}
		if batch.Segment > r.events.position.Segment {
			break
		}
		for _, raw := range batch.Objects {
			changes, err := extract.Changes(raw.Object, r.resource)
			if err != nil {
				r.materializer.progress.addUnreadableEvent(r.account, raw.ID, err)
				unreadable = true
			}
			for _, c := range changes {
				if c.Of == "" {
					hints = append(hints, load.Hint{ID: c.ID, Created: c.Created, At: c.At})
				} else {
					lists = append(lists, c.Of)
				}
			}
		}
		if batch.End && !unreadable && len(hints)+len(lists) >= hintsAtOnce {
			at.Segment = batch.Segment
			if err := r.followTo(ctx, at, hints, lists); err != nil {
				return err
			}
			hints, lists = nil, nil
		}
	}
	if unreadable {
		return errUnreadable
	}
	return r.followTo(ctx, r.events.position, hints, lists)
}

// followTo reads the objects that hints are about, and moves the position past
// them.
func (r *reader) followTo(ctx context.Context, at extract.Position, hints []load.Hint, lists []string) error {
	cursor, coverage, err := r.appliedCursor(ctx)
	if err != nil {
		return err
	}
	outdated, err := r.rereads().Outdated(ctx, hints, hintsLag, coverage.From, coverage.Through, r.client.ServerTime())
	if err != nil {
		return &localError{err}
	}
	then, err := cursor.At(at)
	if err != nil {
		return err
	}
	return r.reread(ctx, outdated, r.unlisted(lists), then)
}

// filterOf returns the filter of the lists that an event may demand, or "".
// Refunds are listed by the charge that an event is about.
func filterOf(resource extract.Resource) string {
	for _, touch := range resource.Touches {
		if touch.Filter != "" {
			return touch.Filter
		}
	}
	return ""
}

// unlisted returns the filters of which this run has listed no object. An event
// of a charge is explained by a refund of it that was listed.
func (r *reader) unlisted(filters []string) []string {
	var left []string
	seen := map[string]bool{}
	for _, filter := range filters {
		if _, value, _ := strings.Cut(filter, "="); !r.listedValues[value] && !seen[filter] {
			left = append(left, filter)
			seen[filter] = true
		}
	}
	return left
}

// readDue reads again the objects that no event and no list brings: pending
// balance transactions that are due, prices that only a subscription mentions,
// and objects that wait for another answer since an earlier run.
func (r *reader) readDue(ctx context.Context) error {
	if err := r.events.awaitStreams(ctx, r.kinds.Mentioning(r.resource.Name)...); err != nil {
		return err
	}
	if err := r.awaitApplied(ctx); err != nil {
		return err
	}
	state, stream, now := r.materializer.state, r.resource.Name, r.client.ServerTime()
	due, err := state.Rereads(r.account, stream).Due(ctx, now)
	if err != nil {
		return &localError{err}
	}
	unlisted, err := state.Rereads(r.account, stream).Unlisted(ctx)
	if err != nil {
		return &localError{err}
	}
	again := append(due, unlisted...)
	again = append(again, r.stillMissing(again)...)
	cursor, err := r.at()
	if err != nil {
		return err
	}
	then := cursor
	if r.events.err == nil {
		then, err = cursor.At(r.events.position)
	}
	if err != nil || then == "" || then == cursor && len(again) == 0 {
		return err
	}
	if err := r.reread(ctx, again, nil, then); err != nil || len(due) == 0 {
		return err
	}
	if err := r.awaitApplied(ctx); err != nil {
		return err
	}
	if err := state.Rereads(r.account, stream).Postpone(ctx, now); err != nil {
		return &localError{err}
	}
	return nil
}

// reread reads objects again, by id or by a filter, and keeps them together
// with the cursor that follows.
func (r *reader) reread(ctx context.Context, objects []load.Reread, filters []string, then extract.Cursor) error {
	if err := r.missing.check(); err != nil {
		return err
	}
	after, err := r.at()
	if err != nil {
		return err
	}
	items := make([]extract.Item, 0, len(objects)+len(filters))
	for _, o := range objects {
		items = append(items, extract.Item{ID: o.ID, Created: o.Created, Apart: o.Apart, Unread: o.Unread})
	}
	for _, filter := range filters {
		items = append(items, extract.Item{Of: filter})
	}
	return r.keepPages(ctx, r.client.Reread(ctx, r.resource, after, items, then))
}
