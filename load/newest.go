package load

import (
	"context"
	"fmt"

	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/rawlog"
)

// NewestObjects returns, by id, the newest version that the log holds of some
// objects of a stream, as Stripe sent it. Those it does not hold and those that
// are deleted are left out. It reads the ids of the whole stream.
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
