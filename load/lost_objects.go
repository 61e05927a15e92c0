package load

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/stripelake/stripelake/load/internal/duck"
)

// LostIn is the state's record of the objects that were in a loss. Its methods use the
// state's connection in turn with the state's own methods.
type LostIn struct {
	state *State
	loss  *Loss
}

// LostIn returns the state's record of the objects that were in a loss.
func (s *State) LostIn(x *Loss) LostIn { return LostIn{s, x} }

// Mark prepares the state for a loss: the log no longer holds the objects' newest
// versions. It makes each object count as changed, so that it is appended when it is
// read again. It deletes the records of events and of objects without an id, which
// cannot be read again.
func (l LostIn) Mark(ctx context.Context, event bool) error {
	l.state.mu.Lock()
	defer l.state.mu.Unlock()
	if l.loss.LastSeq < l.loss.FirstSeq {
		return nil
	}
	if err := duck.RemoveDatabase(l.state.lake.shadowPath()); err != nil { // the shadow state was derived from the lost segments, too
		return err
	}
	const lost = " WHERE account = ? AND stream = ? AND seq BETWEEN ? AND ?"
	args := []any{l.loss.Account, l.loss.Stream, int64(l.loss.FirstSeq), int64(l.loss.LastSeq)}
	return l.state.db.InTx(ctx, func() error {
		for _, statement := range []string{
			"DELETE FROM meta.rejects" + lost + " AND id LIKE 'noid:%'",
			"DELETE FROM state.objects" + lost + fmt.Sprintf(" AND (%t OR id LIKE 'noid:%%')", event),
			"UPDATE state.objects SET hash = 0" + lost,
		} {
			if _, err := l.state.db.Exec(ctx, statement, args...); err != nil {
				return fmt.Errorf("record what is lost of %s/%s: %w", l.loss.Account, l.loss.Stream, err)
			}
		}
		return nil
	})
}

// NotRereadYet returns the objects of the loss that must still be read again.
func (l LostIn) NotRereadYet(ctx context.Context) ([]Reread, error) {
	l.state.mu.Lock()
	defer l.state.mu.Unlock()
	var list []Reread
	err := l.offer(func(from string) (err error) {
		list, err = l.state.Rereads(l.loss.Account, l.loss.Stream).list(ctx, `SELECT h.c0 AS id, h.c1 AS created FROM `+from+`
			WHERE h.c0 NOT LIKE 'noid:%' AND coalesce(o.seq <= ?, true)`, l.loss.Account, l.loss.Stream, int64(l.loss.LastSeq))
		return err
	})
	return list, err
}

// Objects returns the objects whose newest version was in the loss, as far as the state
// knows.
func (l LostIn) Objects(ctx context.Context) ([]LostObject, error) {
	return l.find(ctx, "seq BETWEEN ? AND ?", l.loss.Account, l.loss.Stream, int64(l.loss.FirstSeq), int64(l.loss.LastSeq))
}

// DeletedSince returns the objects of the loss's stream that a version after the loss
// marks as deleted: the version that their rows come from may have been in the loss.
func (l LostIn) DeletedSince(ctx context.Context) ([]LostObject, error) {
	return l.find(ctx, "deleted AND seq > ?", l.loss.Account, l.loss.Stream, int64(l.loss.LastSeq))
}

func (l LostIn) find(ctx context.Context, which string, args ...any) (found []LostObject, err error) {
	l.state.mu.Lock()
	defer l.state.mu.Unlock()
	var o LostObject
	var created *time.Time
	found = []LostObject{}
	return found, l.state.db.Each(ctx, []any{&o.ID, &created}, func() error {
		o.Created = time.Time{}
		if created != nil {
			o.Created = created.UTC()
		}
		found = append(found, o)
		return nil
	}, "SELECT id, created FROM state.objects WHERE account = ? AND stream = ? AND "+which+" ORDER BY seq", args...)
}

// MarkGoneAtStripe marks the objects of the loss that Stripe no longer has, and adds
// their last known rows. It reports whether there are any.
func (l LostIn) MarkGoneAtStripe(ctx context.Context) (found bool, err error) {
	l.state.mu.Lock()
	defer l.state.mu.Unlock()
	gone := map[string]bool{}
	err = l.offer(func(from string) error {
		var id string
		return l.state.db.Each(ctx, []any{&id}, func() error {
			gone[id] = true
			return nil
		}, "SELECT h.c0 FROM "+from+" WHERE coalesce(o.deleted OR o.hash = 0, true)", l.loss.Account, l.loss.Stream)
	})
	for i := range l.loss.Objects {
		o := &l.loss.Objects[i]
		o.Gone = gone[o.ID] && !strings.HasPrefix(o.ID, "noid:") // nobody can ask for one without an id
		found = found || o.Gone
		if err == nil && o.Gone && o.Rows == nil {
			err = l.lastRows(ctx, o)
		}
	}
	return found, err
}

// offer lets a query join the objects of the loss, h, with the state's records of them,
// o. The query's first arguments are the account and the stream.
func (l LostIn) offer(query func(from string) error) error {
	if len(l.loss.Objects) == 0 {
		return nil
	}
	src, err := duck.RowSource(len(l.loss.Objects), func(i int) []any { return []any{l.loss.Objects[i].ID, duck.NullTime(l.loss.Objects[i].Created)} }, duck.KindText, duck.KindTime)
	if err != nil {
		return err
	}
	id, done := l.state.feed.Offer(src)
	defer done()
	return query(fmt.Sprintf("%s(%d) h LEFT JOIN (FROM state.objects WHERE account = ? AND stream = ?) o ON o.id = h.c0", duck.FeedName, id))
}

// lastRows adds an object's rows in the state to o.
func (l LostIn) lastRows(ctx context.Context, o *LostObject) error {
	for _, t := range l.state.tables {
		var row string
		err := l.state.db.Each(ctx, []any{&row}, func() error {
			if o.Rows == nil {
				o.Rows = map[string][]json.RawMessage{}
			}
			o.Rows[t.Schema.Table] = append(o.Rows[t.Schema.Table], json.RawMessage(row))
			return nil
		}, fmt.Sprintf("SELECT CAST(to_json(t) AS VARCHAR) FROM %s t WHERE account = ? AND _source_id = ? ORDER BY ALL", t.everyRow()), l.loss.Account, o.ID)
		if err != nil {
			return err
		}
	}
	return nil
}
