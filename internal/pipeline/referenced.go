package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// referencedObjects holds the objects that rows of other streams name and that
// no list has shown where it should have. They became listable after their span
// was read, and no event is about them.
type referencedObjects struct {
	asked    map[string]bool             // ids that this run has requested
	notFound map[string]extract.NotFound // ids that Stripe answered with a 404; nil before they are loaded
}

// mostReferenced bounds the ids that a run requests, and those that a cursor
// holds.
const mostReferenced = 10_000

// loadNotFound reads from the cursor the ids that were not found.
func (r *reader) loadNotFound() error {
	cursor, err := r.at()
	if err != nil {
		return err
	}
	lacking, err := notFound(cursor)
	if err != nil {
		return &localError{err}
	}
	r.referenced = referencedObjects{asked: map[string]bool{}, notFound: map[string]extract.NotFound{}}
	for _, n := range lacking {
		if !r.isForgotten(n.ID) {
			r.referenced.notFound[n.ID] = n
		}
	}
	return nil
}

// readReferenced requests the objects that rows of other streams name and the
// log lacks. It judges only rows created where this stream is complete:
// elsewhere a list is still to show the object. An object is not older than the
// row that names it; where it is younger, the request was merely early.
//
// Nothing is recorded before the answer is in the log: if the run is killed in
// between, the next one finds the same ids (Invariants 1 and 5).
func (r *reader) readReferenced(ctx context.Context) error {
	if !r.resource.Silent { // events report the others
		return nil
	}
	if err := r.events.awaitStreams(ctx, bringingStreams(r.kinds, r.resource.Name)...); err != nil {
		return err
	}
	cursor, coverage, err := r.appliedCursor(ctx)
	if err != nil {
		return err
	}
	var within []load.Gap
	for _, span := range coverage.Settled() {
		within = append(within, load.Gap(span))
	}
	lacking, err := r.rereads().Lacking(ctx, within, mostReferenced)
	if err != nil {
		return &localError{err}
	}
	before := maps.Clone(r.referenced.notFound)
	items := r.toAsk(lacking)
	if len(items) == 0 && maps.Equal(before, r.referenced.notFound) {
		return nil
	}
	if err := r.reread(ctx, items, nil, cursor); err != nil {
		return err
	}
	r.noticeNotFound()
	return nil
}

// toAsk returns those of the lacking objects that are to be requested now. An
// object that was not found is requested once on each later day, and not for
// ever. Objects of people who were forgotten are never requested.
func (r *reader) toAsk(lacking []string) (items []load.Reread) {
	still := map[string]extract.NotFound{}
	beyond := 0
	for _, id := range lacking {
		n, known := r.referenced.notFound[id]
		if known {
			still[id] = n
		}
		fits := len(id) <= longestID && len(r.referenced.notFound)+len(items) < mostReferenced
		if (known && n.Due(r.client.ServerTime()) || !known && fits) && !r.isForgotten(id) {
			r.referenced.asked[id] = true
			items = append(items, load.Reread{ID: id, Apart: farApart})
		} else if !known && !fits {
			beyond++
		}
	}
	if beyond > 0 {
		r.materializer.progress.warn(fmt.Sprintf("%s: %d more that other rows name are not asked for, since Stripe found so many not: is this the account that the lake holds? stripelake doctor looks at the key",
			r.resource.Name, beyond))
	}
	if len(lacking) < mostReferenced { // otherwise there may be more
		r.referenced.notFound = still
	}
	return items
}

// dropNotFound removes pending tombstones of objects that were requested
// because others name them, in this run or an earlier one. The log never held
// these objects, so nothing was deleted.
func (r *reader) dropNotFound() {
	r.pending = slices.DeleteFunc(r.pending, func(o load.Raw) bool {
		before, known := r.referenced.notFound[o.ID]
		switch {
		case !r.missing.isMissing(o):
			delete(r.referenced.notFound, o.ID) // Stripe has it
			return false
		case !known && !r.referenced.asked[o.ID]:
			return false
		}
		delete(r.missing.pending, o.ID)
		delete(r.missing.waiting, o.ID)
		r.referenced.notFound[o.ID] = extract.NotFound{ID: o.ID, Asked: o.ObservedAt, Times: before.Times + 1}
		return true
	})
}

// withNotFound returns the cursor with the ids that were not found.
func (r *reader) withNotFound(cursor extract.Cursor) (extract.Cursor, error) {
	if cursor == "" || r.referenced.notFound == nil {
		return cursor, nil
	}
	lacking := slices.SortedFunc(maps.Values(r.referenced.notFound), func(a, b extract.NotFound) int { return strings.Compare(a.ID, b.ID) })
	return cursor.WithNotFound(lacking)
}

// noticeNotFound reports the objects that other rows name and Stripe does not
// have.
func (r *reader) noticeNotFound() {
	var ids []string
	for id := range r.referenced.asked {
		if _, not := r.referenced.notFound[id]; not {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return
	}
	slices.Sort(ids)
	r.materializer.progress.warn(fmt.Sprintf("%s: %d that other rows name are not found at Stripe, such as %s; they are asked for once a day for a week; stripelake status and verify name them",
		r.resource.Name, len(ids), ids[0]))
}
