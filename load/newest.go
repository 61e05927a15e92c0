package load

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/rawlog"
)

// NewestObjects returns, by id, the newest version in the log of some objects of a
// stream, as Stripe sent it. It leaves out objects that the log does not hold and
// deleted ones. It reads the ids of the whole stream.
func (s *State) NewestObjects(ctx context.Context, account, stream string, ids []string) (map[string][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	segments, err := rawlog.ListSegments(s.lake.path(lakedir.RawDir, account, stream))
	if err != nil || len(segments) == 0 || len(ids) == 0 {
		return nil, err
	}
	table, done, err := s.feed.OfferIDs(ids)
	if err != nil {
		return nil, err
	}
	defer done()
	objects := map[string][]byte{}
	var id, object string
	err = s.db.Each(ctx, []any{&id, &object}, func() error {
		objects[id] = []byte(object)
		return nil
	}, fmt.Sprintf("SELECT id, arg_max(object, seq) FROM read_parquet([%s]) WHERE NOT deleted AND id IN (SELECT c0 FROM %s) GROUP BY id",
		rawlog.PathLiterals(segments), table))
	if err != nil {
		return nil, fmt.Errorf("read %d objects of %s/%s: %w", len(ids), account, stream, err)
	}
	return objects, nil
}

// NewestCreated returns the created of the newest object of a stream that was created
// by now (UTC); zero if there is none.
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

// NewestRead returns the time of the newest answer with an object of an account (UTC);
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

// Highest returns the highest sequence number of a stream that the state holds.
func (s *State) Highest(ctx context.Context, account, stream string) (seq uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.db.One(ctx, []any{&seq}, "SELECT coalesce(max(seq), 0) FROM state.objects WHERE account = ? AND stream = ?", account, stream)
	return seq, err
}
