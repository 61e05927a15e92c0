package load

import (
	"context"
	"fmt"

	"github.com/stripelake/stripelake/load/internal/duck"
)

// DisputedCharges returns the charges of the disputes among ids, by dispute, as far as
// any object in the log names them.
func (s *State) DisputedCharges(ctx context.Context, account string, ids []string) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return DisputedChargesIn(ctx, s.db.Session, &s.feed, "meta.dispute_charges", account, ids)
}

// DisputedChargesIn reads a table of disputes in an attached database as
// [State.DisputedCharges] does. from is the table's SQL name.
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
