package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// missingObjects holds the objects that Stripe answered with a 404 and that
// their list does not confirm as deleted.
//
// Where a list would show the object and does not, the 404 is believed. Of an
// object that no list ever held, such as a price made inline, a list says
// nothing: it waits in the cursor for a second 404 in another run
// (docs/adr/0021). An object that could not be read again waits there for an
// answer, too.
type missingObjects struct {
	waited  map[string]waitingObject // waiting when this run began: a 404 is then the second
	waiting map[string]waitingObject // waiting now
	added   int                      // added to waiting by this run
	pending map[string]bool          // ids whose tombstones are among the pending objects
}

// waitingObject is an object to request in the next run.
type waitingObject struct {
	created time.Time // UTC; zero if unknown
	unread  bool      // its answer was unusable, and not a 404
}

// farApart is the distance of objects that are read by their id: how many lie
// between them was not counted.
const farApart = 1 << 30

const (
	// mostMissing bounds what a run adds to a cursor.
	mostMissing = 10_000
	// longestID is longer than ids are: Stripe says 255 characters. A longer id
	// was made up, and does not wait for a second answer.
	longestID = 1000
)

// loadMissing reads the waiting objects from the cursor.
func (r *reader) loadMissing() error {
	cursor, err := r.at()
	if err != nil {
		return err
	}
	items, err := cursor.Missing()
	if err != nil {
		return &localError{err}
	}
	r.missing = missingObjects{waited: map[string]waitingObject{}, waiting: map[string]waitingObject{}, pending: map[string]bool{}}
	for _, i := range items {
		if id := i.ID; id != forgottenID && !r.isForgotten(id) {
			r.missing.waited[id] = waitingObject{i.Created, i.Unread}
		}
	}
	maps.Copy(r.missing.waiting, r.missing.waited)
	return nil
}

// noteUnread records objects that could not be read again, so that the position
// may move past the hints to them (Invariant 1). An object that waits for a
// second 404 keeps it. An object requested because others name it is not
// recorded: their rows still name it.
func (r *reader) noteUnread(unread []extract.Item) {
	for _, item := range unread {
		_, already := r.missing.waiting[item.ID]
		if !already && !r.referenced.asked[item.ID] && len(item.ID) <= longestID {
			r.missing.waiting[item.ID] = waitingObject{item.Created, true}
			r.missing.added++
		}
	}
}

// isMissing reports whether a pending object was made from a 404.
func (m *missingObjects) isMissing(o load.Raw) bool {
	return m.pending[o.ID] && o.Deleted && o.Origin == extract.OriginRetrieve
}

// countOthers counts the objects that were not made from a 404.
func (m *missingObjects) countOthers(objects []load.Raw) (n int) {
	for _, o := range objects {
		if !m.isMissing(o) {
			n++
		}
	}
	return n
}

// dropUnconfirmed removes pending tombstones that rest on a single 404. The
// objects wait in the cursor that becomes durable with the rest.
func (r *reader) dropUnconfirmed(ctx context.Context) error {
	m := &r.missing
	var asked []string
	for _, o := range r.pending {
		if m.isMissing(o) {
			asked = append(asked, o.ID)
		} else {
			delete(m.waiting, o.ID) // Stripe has it, in a list or by its id
		}
	}
	if len(asked) == 0 {
		return nil
	}
	var listed map[string]bool
	if r.resource.Hidden {
		var err error
		if listed, err = r.rereads().Listed(ctx, asked); err != nil {
			return err
		}
	}
	r.pending = slices.DeleteFunc(r.pending, func(o load.Raw) bool {
		if !m.isMissing(o) {
			return false
		}
		confirmed := !o.Created.IsZero() && (!r.resource.Hidden || listed[o.ID])
		before, known := m.waited[o.ID]
		second := known && !before.unread
		unconfirmed := !confirmed && !second && len(o.ID) <= longestID
		if unconfirmed {
			m.waiting[o.ID] = waitingObject{created: o.Created}
			m.added++
		} else {
			delete(m.waiting, o.ID)
		}
		return unconfirmed
	})
	return nil
}

// stillMissing returns the objects that waited when the run began and were not
// resolved since, without those that are read again anyway.
func (r *reader) stillMissing(less []load.Reread) (left []load.Reread) {
	known := idSet{}
	for _, o := range less {
		known.add(o.ID)
	}
	for id, w := range r.missing.waiting {
		if _, before := r.missing.waited[id]; before && !known.has(id) {
			left = append(left, load.Reread{ID: id, Created: w.created, Apart: farApart, Unread: w.unread})
		}
	}
	slices.SortFunc(left, func(a, b load.Reread) int { return strings.Compare(a.ID, b.ID) })
	return left
}

// withMissing returns the cursor with the waiting objects.
func (r *reader) withMissing(cursor extract.Cursor) (extract.Cursor, error) {
	if cursor == "" || r.missing.waiting == nil {
		return cursor, nil
	}
	items := make([]extract.Item, 0, len(r.missing.waiting))
	for id, w := range r.missing.waiting {
		items = append(items, extract.Item{ID: id, Created: w.created, Unread: w.unread})
	}
	slices.SortFunc(items, func(a, b extract.Item) int { return strings.Compare(a.ID, b.ID) })
	return cursor.WithMissing(items)
}

// check fails where more objects are missing than a cursor should hold.
func (m *missingObjects) check() error {
	if m.added <= mostMissing {
		return nil
	}
	return fmt.Errorf("%d objects could not be read again, or are not found and in no list: is this the account that the lake holds? Look at the key with stripelake doctor, and run again", m.added)
}
