package load

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/stripelake/stripelake/load/internal/duck"
)

// LostIn is what the state holds of the objects that were in a loss. Its methods take
// turns with those of the state.
type LostIn struct {
	state *State
	loss  *Loss
}

// LostIn returns what the state holds of the objects that were in a loss.
func (s *State) LostIn(x *Loss) LostIn { return LostIn{s, x} }

// Mark prepares the state for what the loss takes: the log no longer holds the
// newest version of the objects. Each counts as changed, so that it is appended
// when it is read again; what has no id to read it by, and what is an event, is no
// longer known.
func (l LostIn) Mark(ctx context.Context, event bool) error {
	l.state.mu.Lock()
	defer l.state.mu.Unlock()
	if l.loss.LastSeq < l.loss.FirstSeq {
		return nil
	}
	if err := duck.RemoveDatabase(l.state.lake.shadowPath()); err != nil { // derived from what is lost, too
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
				return fmt.Errorf("forfeit %s/%s: %w", l.loss.Account, l.loss.Stream, err)
			}
		}
		return nil
	})
}

// NotRereadYet returns the objects of the loss that were not read again yet.
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

// Objects returns the objects whose newest version was in the loss, as far as the
// state knows.
func (l LostIn) Objects(ctx context.Context) ([]LostObject, error) {
	return l.find(ctx, "seq BETWEEN ? AND ?", l.loss.Account, l.loss.Stream, int64(l.loss.FirstSeq), int64(l.loss.LastSeq))
}

// DeletedSince returns the objects of the loss's stream that are marked as deleted by
// a version after it: the version that their rows were made of may have been in it.
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

// MarkGoneAtStripe notes in the loss which of its objects Stripe did not give back,
// with their rows as they were known last. It reports whether there is any.
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
		o.Gone = gone[o.ID] && !strings.HasPrefix(o.ID, "noid:") // nobody can ask for it
		found = found || o.Gone
		if err == nil && o.Gone && o.Rows == nil {
			err = l.lastRows(ctx, o)
		}
	}
	return found, err
}

// offer lets a query join the objects of the loss, h, with what the state keeps of
// them, o. Its first arguments are the account and the stream.
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

// lastRows notes of an object the rows that the state has of it.
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
