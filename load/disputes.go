package load

import (
	"context"
	"fmt"
)

// DisputedCharges returns the charge of each of the disputes among ids, as far
// as the log ever told it.
func (s *State) DisputedCharges(ctx context.Context, account string, ids []string) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	charges := map[string]string{}
	if len(ids) == 0 {
		return charges, nil
	}
	src, err := rowSource(len(ids), func(i int) []any { return []any{ids[i]} }, kindText)
	if err != nil {
		return nil, err
	}
	feed, done := s.feed.offer(src)
	defer done()
	var dispute, charge string
	err = s.each(ctx, []any{&dispute, &charge}, func() error {
		charges[dispute] = charge
		return nil
	}, fmt.Sprintf("SELECT dispute_id, charge_id FROM meta.dispute_charges WHERE account = ? AND dispute_id IN (SELECT c0 FROM %s(%d))", feedName, feed), account)
	if err != nil {
		return nil, fmt.Errorf("find the charges of disputes: %w", err)
	}
	return charges, nil
}
