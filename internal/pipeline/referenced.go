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

// referencedObjects is what a stream's reader knows of the objects that rows of other streams
// name, and that no list has shown where it should have: they became listable
// after their span was read, and no event tells of them.
type referencedObjects struct {
	asked    map[string]bool             // by this run
	notFound map[string]extract.NotFound // what Stripe answered a 404 for; nil before it is loaded
}

// mostReferenced bounds what a run asks for by its id, and what a cursor holds of it.
const mostReferenced = 10_000

// loadNotFound reads from the cursor what was not found by its id.
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

// readReferenced reads by its id what others name and the log lacks. It judges only
// what was created where this stream is complete: elsewhere a list is still to
// show it. The created is that of the row which names it; what it names is not
// older, and where it is younger the request was merely early.
//
// Nothing is noted before the answer is in the log: killed in between, the next
// run finds the same (Invariants 1 and 5).
func (r *reader) readReferenced(ctx context.Context) error {
	if !r.resource.Silent { // events tell of the others
		return nil
	}
	if err := r.events.awaitStreams(ctx, bringingStreams(r.resource.Name)...); err != nil {
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

// toAsk are those of the lacking objects that are to be asked for now: what was
// not found before only on another day, and not for ever; what belongs to people
// who were forgotten never.
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
		r.materializer.progress.notice(fmt.Sprintf("%s: %d more that other rows name are not asked for, since Stripe found so many not: is this the account that the lake holds? stripelake doctor looks at the key",
			r.resource.Name, beyond))
	}
	if len(lacking) < mostReferenced { // else some may be behind those
		r.referenced.notFound = still
	}
	return items
}

// dropNotFound takes out of the pending objects the 404s of what was asked for
// because others name it, by this run or an earlier one: the log never held it, so
// nothing was deleted.
func (r *reader) dropNotFound() {
	r.pending = slices.DeleteFunc(r.pending, func(o load.Raw) bool {
		before, known := r.referenced.notFound[o.ID]
		switch {
		case !r.missing.isMissing(o):
			delete(r.referenced.notFound, o.ID) // it is there
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

// withNotFound is the cursor with what was not found.
func (r *reader) withNotFound(cursor extract.Cursor) (extract.Cursor, error) {
	if cursor == "" || r.referenced.notFound == nil {
		return cursor, nil
	}
	lacking := slices.SortedFunc(maps.Values(r.referenced.notFound), func(a, b extract.NotFound) int { return strings.Compare(a.ID, b.ID) })
	return cursor.WithNotFound(lacking)
}

// noticeNotFound says what Stripe has not, though others name it.
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
	r.materializer.progress.notice(fmt.Sprintf("%s: %d that other rows name are not found at Stripe, such as %s; they are asked for once a day for a week; stripelake status and verify name them",
		r.resource.Name, len(ids), ids[0]))
}
