package load

import (
	"context"
	"fmt"
	"time"
)

// DropOld removes all versions of a stream from the log that were read before a time,
// and the state's records of them. It is for a stream that feeds no table. It returns
// the number of versions dropped.
func (s *State) DropOld(ctx context.Context, log *Log, stream string, before time.Time) (dropped int, err error) {
	if err := s.forgetOld(ctx, log.Account(), stream, before); err != nil {
		return 0, fmt.Errorf("drop old %s: %w", stream, err)
	}
	return log.DropBefore(ctx, stream, before)
}

// forgetOld removes objects that were read before a time from the state's records of a
// stream.
func (s *State) forgetOld(ctx context.Context, account, stream string, before time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.db.Exec(ctx, "DELETE FROM state.objects WHERE account = ? AND stream = ? AND observed_at < ?", account, stream, before)
	return err
}
