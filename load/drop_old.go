package load

import (
	"context"
	"fmt"
	"time"
)

// DropOld takes out of a stream of the log all that was read before a time, and
// forgets it: for a stream that feeds no table.
func (s *State) DropOld(ctx context.Context, log *Log, stream string, before time.Time) (dropped int, err error) {
	if err := s.forgetOld(ctx, log.Account(), stream, before); err != nil {
		return 0, fmt.Errorf("drop old %s: %w", stream, err)
	}
	return log.DropBefore(ctx, stream, before)
}

// forgetOld takes objects out of what the state knows of a stream.
func (s *State) forgetOld(ctx context.Context, account, stream string, before time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.db.Exec(ctx, "DELETE FROM state.objects WHERE account = ? AND stream = ? AND observed_at < ?", account, stream, before)
	return err
}
