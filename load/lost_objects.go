package load

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/stripelake/stripelake/load/internal/duck"
)

// MarkLost prepares the state for what a loss takes: the log no longer holds the
// newest version of the objects. Each counts as changed, so that it is appended
// when it is read again; what has no id to read it by, and what is an event, is no
// longer known.
func (s *State) MarkLost(ctx context.Context, x Loss, event bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x.LastSeq < x.FirstSeq {
		return nil
	}
	if err := duck.RemoveDatabase(s.lake.shadowPath()); err != nil { // derived from what is lost, too
		return err
	}
	const lost = " WHERE account = ? AND stream = ? AND seq BETWEEN ? AND ?"
	args := []any{x.Account, x.Stream, int64(x.FirstSeq), int64(x.LastSeq)}
	return s.db.InTx(ctx, func() error {
		for _, statement := range []string{
			"DELETE FROM meta.rejects" + lost + " AND id LIKE 'noid:%'",
			"DELETE FROM state.objects" + lost + fmt.Sprintf(" AND (%t OR id LIKE 'noid:%%')", event),
			"UPDATE state.objects SET hash = 0" + lost,
		} {
			if _, err := s.db.Exec(ctx, statement, args...); err != nil {
				return fmt.Errorf("forfeit %s/%s: %w", x.Account, x.Stream, err)
			}
		}
		return nil
	})
}

// NotRereadYet returns the objects of a loss that were not read again yet.
func (s *State) NotRereadYet(ctx context.Context, x Loss) ([]Reread, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Reread
	err := s.offerLost(x, func(from string) (err error) {
		list, err = s.rereads(ctx, x.Account, x.Stream, `SELECT h.c0 AS id, h.c1 AS created FROM `+from+`
			WHERE h.c0 NOT LIKE 'noid:%' AND coalesce(o.seq <= ?, true)`, x.Account, x.Stream, int64(x.LastSeq))
		return err
	})
	return list, err
}

// ObjectsIn returns the objects whose newest version was in a loss, as far as the state
// knows.
func (s *State) ObjectsIn(ctx context.Context, x Loss) ([]LostObject, error) {
	return s.lostObjects(ctx, "seq BETWEEN ? AND ?", x.Account, x.Stream, int64(x.FirstSeq), int64(x.LastSeq))
}

// DeletedSince returns the objects of a loss's stream that are marked as deleted by
// a version after it: the version that their rows were made of may have been in it.
func (s *State) DeletedSince(ctx context.Context, x Loss) ([]LostObject, error) {
	return s.lostObjects(ctx, "deleted AND seq > ?", x.Account, x.Stream, int64(x.LastSeq))
}

func (s *State) lostObjects(ctx context.Context, which string, args ...any) (found []LostObject, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var o LostObject
	var created *time.Time
	found = []LostObject{}
	return found, s.db.Each(ctx, []any{&o.ID, &created}, func() error {
		o.Created = time.Time{}
		if created != nil {
			o.Created = created.UTC()
		}
		found = append(found, o)
		return nil
	}, "SELECT id, created FROM state.objects WHERE account = ? AND stream = ? AND "+which+" ORDER BY seq", args...)
}

// MarkGoneAtStripe notes in a loss which of its objects Stripe did not give back, with their rows
// as they were known last. It reports whether there is any.
func (s *State) MarkGoneAtStripe(ctx context.Context, x *Loss) (found bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gone := map[string]bool{}
	err = s.offerLost(*x, func(from string) error {
		var id string
		return s.db.Each(ctx, []any{&id}, func() error {
			gone[id] = true
			return nil
		}, "SELECT h.c0 FROM "+from+" WHERE coalesce(o.deleted OR o.hash = 0, true)", x.Account, x.Stream)
	})
	for i := range x.Objects {
		o := &x.Objects[i]
		o.Gone = gone[o.ID] && !strings.HasPrefix(o.ID, "noid:") // nobody can ask for it
		found = found || o.Gone
		if err == nil && o.Gone && o.Rows == nil {
			err = s.lastRows(ctx, x.Account, o)
		}
	}
	return found, err
}

// offerLost lets a query join the objects of a loss, h, with what the state keeps
// of them, o. Its first arguments are the account and the stream.
func (s *State) offerLost(x Loss, query func(from string) error) error {
	if len(x.Objects) == 0 {
		return nil
	}
	src, err := duck.RowSource(len(x.Objects), func(i int) []any { return []any{x.Objects[i].ID, duck.NullTime(x.Objects[i].Created)} }, duck.KindText, duck.KindTime)
	if err != nil {
		return err
	}
	id, done := s.feed.Offer(src)
	defer done()
	return query(fmt.Sprintf("%s(%d) h LEFT JOIN (FROM state.objects WHERE account = ? AND stream = ?) o ON o.id = h.c0", duck.FeedName, id))
}

func (s *State) lastRows(ctx context.Context, account string, o *LostObject) error {
	for _, t := range s.tables {
		var row string
		err := s.db.Each(ctx, []any{&row}, func() error {
			if o.Rows == nil {
				o.Rows = map[string][]json.RawMessage{}
			}
			o.Rows[t.Schema.Table] = append(o.Rows[t.Schema.Table], json.RawMessage(row))
			return nil
		}, fmt.Sprintf("SELECT CAST(to_json(t) AS VARCHAR) FROM %s t WHERE account = ? AND _source_id = ? ORDER BY ALL", t.everyRow()), account, o.ID)
		if err != nil {
			return err
		}
	}
	return nil
}

// Highest returns the highest sequence number of a stream that the state holds.
func (s *State) Highest(ctx context.Context, account, stream string) (seq uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.db.One(ctx, []any{&seq}, "SELECT coalesce(max(seq), 0) FROM state.objects WHERE account = ? AND stream = ?", account, stream)
	return seq, err
}
