package load

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/rawlog"
)

// Hint says that an object may have changed.
type Hint struct {
	ID      string
	Created time.Time // UTC; zero if the hint does not tell
	At      time.Time // UTC: a version that was read well after it shows the change
}

// Reread is an object that is to be read again.
type Reread struct {
	ID      string
	Created time.Time // UTC; zero if unknown
	Apart   int       // objects of the stream between the next newer one to be read and this one
	Unread  bool      // it could not be read before
}

// slack is how far after the present a time may be, by clocks that differ.
const slack = 5 * time.Minute

// NewestCreated returns when the newest object of a stream was created that was
// made by now; zero if there is none.
func (s *State) NewestCreated(ctx context.Context, account, stream string, now time.Time) (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var newest sql.NullTime
	err := s.db.One(ctx, []any{&newest}, "SELECT max(created) FROM state.objects WHERE account = ? AND stream = ? AND created <= ?", account, stream, now)
	if err != nil {
		return time.Time{}, fmt.Errorf("find the newest of %s/%s: %w", account, stream, err)
	}
	return newest.Time.UTC(), nil
}

// NewestRead returns when the newest answer came that an account's objects are of;
// zero if there is none.
func (s *State) NewestRead(ctx context.Context, account string) (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var newest sql.NullTime
	if err := s.db.One(ctx, []any{&newest}, "SELECT max(observed_at) FROM state.objects WHERE account = ?", account); err != nil {
		return time.Time{}, fmt.Errorf("find the newest answer of %s: %w", account, err)
	}
	return newest.Time.UTC(), nil
}

// Outdated returns the objects that hints tell of and that were not read since:
// a version read less than the lag after a hint may have been behind it. What
// the log does not hold counts if it was created in [from, through), or, where
// the hint does not tell, if from is zero: else it is not the lake's, or is
// still to be listed. A version that was read after now was not: an answer had a
// wrong date.
func (s *State) Outdated(ctx context.Context, account, stream string, hints []Hint, lag time.Duration, from, through, now time.Time) ([]Reread, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(hints) == 0 {
		return nil, nil
	}
	src, err := duck.RowSource(len(hints), func(i int) []any {
		return []any{hints[i].ID, duck.NullTime(hints[i].Created), hints[i].At.Add(lag)}
	}, duck.KindText, duck.KindTime, duck.KindTime)
	if err != nil {
		return nil, err
	}
	id, done := s.feed.Offer(src)
	defer done()
	list, err := s.rereads(ctx, account, stream, fmt.Sprintf(`
		SELECT h.c0 AS id, any_value(coalesce(o.created, h.c1)) AS created
		FROM %s(%d) h LEFT JOIN (FROM state.objects WHERE account = ? AND stream = ?) o ON o.id = h.c0
		WHERE CASE WHEN o.id IS NOT NULL THEN o.observed_at IS NULL OR o.observed_at < h.c2 OR o.observed_at > ?
			WHEN h.c1 IS NULL THEN ?
			ELSE h.c1 >= ? AND h.c1 < ? END
		GROUP BY h.c0`, duck.FeedName, id), account, stream, now.Add(slack), from.IsZero(), from, through)
	if err != nil {
		return nil, fmt.Errorf("find what %d hints to %s/%s tell: %w", len(hints), account, stream, err)
	}
	return list, nil
}

// patience is how long to wait before an object is read again that should have
// changed and has not.
const patience = 12 * time.Hour

// mostCutShort is how many objects with a list that is cut short are read again
// by each run; the others are due like any.
const mostCutShort = 100

// Due returns the objects that should have changed without a word by now, but
// for those that had not when they were read since, not long ago; and some of
// which a nested list is cut short, read before the last minute.
func (s *State) Due(ctx context.Context, account, stream string, now time.Time) ([]Reread, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list, err := s.rereads(ctx, account, stream,
		`SELECT id, created FROM state.objects WHERE account = ? AND stream = ? AND due <= ?
		AND (observed_at < due OR observed_at < ? OR observed_at > ?)
		UNION SELECT o.id, o.created FROM state.objects o
		SEMI JOIN (SELECT DISTINCT id FROM meta.incomplete_lists WHERE account = ? AND stream = ? ORDER BY id LIMIT ?) l USING (id)
		WHERE o.account = ? AND o.stream = ? AND o.observed_at < ?`, account, stream, now, now.Add(-patience), now.Add(slack),
		account, stream, mostCutShort, account, stream, now.Add(-time.Minute))
	if err != nil {
		return nil, fmt.Errorf("find what of %s/%s is due: %w", account, stream, err)
	}
	return list, nil
}

// Postpone puts off what is due by now: it was read again.
func (s *State) Postpone(ctx context.Context, account, stream string, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.db.Exec(ctx, "UPDATE state.objects SET due = ? WHERE account = ? AND stream = ? AND due <= ?", now.Add(patience), account, stream, now)
	return err
}

// Unlisted returns the objects of a stream that others mention and the log does
// not hold.
func (s *State) Unlisted(ctx context.Context, account, stream string) ([]Reread, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list, err := s.rereads(ctx, account, stream, `SELECT n.id, NULL::TIMESTAMP AS created FROM state.named n
		WHERE n.account = ? AND n.stream = ?
		AND NOT EXISTS (FROM state.objects o WHERE o.account = n.account AND o.stream = n.stream AND o.id = n.id)`, account, stream)
	if err != nil {
		return nil, fmt.Errorf("find what of %s/%s is mentioned only: %w", account, stream, err)
	}
	return list, nil
}

// Listed reports which of some objects a list has shown: of those the log has a
// full version that came in one. It reads the ids of the whole stream.
func (s *State) Listed(ctx context.Context, account, stream string, ids []string) (map[string]bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	segments, err := rawlog.ListSegments(s.lake.path(lakedir.RawDir, account, stream))
	if err != nil || len(segments) == 0 {
		return nil, err
	}
	table, done, err := s.feed.OfferIDs(ids)
	if err != nil {
		return nil, err
	}
	defer done()
	listed := map[string]bool{}
	var id string
	err = s.db.Each(ctx, []any{&id}, func() error {
		listed[id] = true
		return nil
	}, fmt.Sprintf("SELECT DISTINCT id FROM read_parquet([%s]) WHERE origin = 'list' AND NOT deleted AND id IN (SELECT c0 FROM %s)",
		rawlog.PathLiterals(segments), table))
	if err != nil {
		return nil, fmt.Errorf("find out which of %d missing objects of %s/%s a list has shown: %w", len(ids), account, stream, err)
	}
	return listed, nil
}

// ForgetMention forgets that objects are mentioned: they are gone, and asking for them
// again is in vain.
func (s *State) ForgetMention(ctx context.Context, account, stream string, ids []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if _, err := s.db.Exec(ctx, "DELETE FROM state.named WHERE account = ? AND stream = ? AND id = ?", account, stream, id); err != nil {
			return err
		}
	}
	return nil
}

// BeginRelist starts to note which objects of a stream are listed again.
func (s *State) BeginRelist(ctx context.Context, account, stream string) error {
	if err := s.EndRelist(ctx, account, stream); err != nil {
		return err
	}
	return s.Relisted(ctx, account, stream, []string{""}) // no object has this id: it says that notes are taken
}

// Relisting reports that [State.BeginRelist] was called in this state, so that
// what it noted can be trusted.
func (s *State) Relisting(ctx context.Context, account, stream string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var n int
	err := s.db.One(ctx, []any{&n}, "SELECT count(*) FROM state.relisted WHERE account = ? AND stream = ? AND id = ''", account, stream)
	return n > 0, err
}

// Relisted notes ids that were listed again.
func (s *State) Relisted(ctx context.Context, account, stream string, ids []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(ids) == 0 {
		return nil
	}
	table, done, err := s.feed.OfferIDs(ids)
	if err != nil {
		return err
	}
	defer done()
	if _, err := s.db.Exec(ctx, "INSERT INTO state.relisted SELECT ?, ?, c0 FROM "+table, account, stream); err != nil {
		return fmt.Errorf("note %d ids of %s/%s: %w", len(ids), account, stream, err)
	}
	return nil
}

// Vanished returns the objects created in [from, through) that were not listed
// again and are not known to be deleted. Those without a created count where
// from is zero.
func (s *State) Vanished(ctx context.Context, account, stream string, from, through time.Time) ([]Reread, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list, err := s.rereads(ctx, account, stream, `SELECT o.id, o.created FROM state.objects o
		WHERE o.account = ? AND o.stream = ? AND NOT o.deleted AND coalesce(o.created >= ? AND o.created < ?, ?) AND o.id NOT LIKE 'noid:%'
		AND NOT EXISTS (FROM state.relisted r WHERE r.account = o.account AND r.stream = o.stream AND r.id = o.id)`, account, stream, from, through, from.IsZero())
	if err != nil {
		return nil, fmt.Errorf("find what of %s/%s vanished: %w", account, stream, err)
	}
	return list, nil
}

// EndRelist forgets the notes of a relist.
func (s *State) EndRelist(ctx context.Context, account, stream string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.db.Exec(ctx, "DELETE FROM state.relisted WHERE account = ? AND stream = ?", account, stream)
	return err
}

// rereads runs a query of ids and their created, and counts how many objects
// lie between one and the next: what listing them would cost.
func (s *State) rereads(ctx context.Context, account, stream, query string, args ...any) ([]Reread, error) {
	if _, err := s.db.Exec(ctx, "CREATE OR REPLACE TEMP TABLE wanted AS "+query, args...); err != nil {
		return nil, err
	}
	var list []Reread
	var r Reread
	var created *time.Time
	err := s.db.Each(ctx, []any{&r.ID, &created, &r.Apart}, func() error {
		r.Created = time.Time{}
		if created != nil {
			r.Created = created.UTC()
		}
		list = append(list, r)
		return nil
	}, `WITH seconds AS (SELECT DISTINCT created FROM wanted WHERE created IS NOT NULL),
		between AS (
			SELECT w.created, count(*) AS n FROM state.objects o ASOF JOIN seconds w ON o.created >= w.created
			WHERE o.account = ? AND o.stream = ? AND (SELECT count(*) FROM wanted) > 1 GROUP BY ALL)
		SELECT w.id, w.created, greatest(coalesce(b.n, 1) - 1, 0) FROM wanted w LEFT JOIN between b USING (created)
		ORDER BY w.created DESC NULLS LAST, w.id`, account, stream)
	if err != nil {
		return nil, err
	}
	return list, s.db.Run(ctx, "DROP TABLE temp.wanted")
}
