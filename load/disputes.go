package load

import (
	"context"
	"fmt"

	"github.com/stripelake/stripelake/load/internal/duck"
)

// DisputedCharges returns the charge of each of the disputes among ids, as far
// as the log ever told it.
func (s *State) DisputedCharges(ctx context.Context, account string, ids []string) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return DisputedChargesIn(ctx, s.db.Session, &s.feed, "meta.dispute_charges", account, ids)
}

// DisputedChargesIn is [State.DisputedCharges] of a table of disputes in an attached
// database.
func DisputedChargesIn(ctx context.Context, q duck.Session, feed *duck.Feed, from, account string, ids []string) (map[string]string, error) {
	charges := map[string]string{}
	if len(ids) == 0 {
		return charges, nil
	}
	table, done, err := feed.OfferIDs(ids)
	if err != nil {
		return nil, err
	}
	defer done()
	var dispute, charge string
	err = q.Each(ctx, []any{&dispute, &charge}, func() error {
		charges[dispute] = charge
		return nil
	}, fmt.Sprintf("SELECT dispute_id, charge_id FROM %s WHERE account = ? AND dispute_id IN (SELECT c0 FROM %s)", from, table), account)
	if err != nil {
		return nil, fmt.Errorf("find the charges of disputes: %w", err)
	}
	return charges, nil
}
