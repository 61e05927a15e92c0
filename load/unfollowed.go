package load

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/stripelake/stripelake/load/internal/duck"
)

// Unfollowed counts an account's events that concern no resource, of one kind of object.
type Unfollowed struct {
	Account string `json:"account"`
	Object  string `json:"object"` // "payout"
	Events  int64  `json:"events"`
}

// mergeUnfollowed adds the events of segments that are applied for the first time
// (Invariant 5).
func (m *merge) mergeUnfollowed(ctx context.Context, segment uint64) error {
	if segment <= m.positions[m.key] {
		return nil
	}
	for _, kind := range slices.Sorted(maps.Keys(m.unfollowed)) {
		n, err := m.db.Exec(ctx, "UPDATE state.unfollowed SET events = events + ? WHERE account = ? AND object = ?", m.unfollowed[kind], m.key.Account, kind)
		if err == nil && n == 0 {
			_, err = m.db.Exec(ctx, "INSERT INTO state.unfollowed VALUES (?, ?, ?)", m.key.Account, kind, m.unfollowed[kind])
		}
		if err != nil {
			return fmt.Errorf("count events of %s: %w", kind, err)
		}
	}
	return nil
}

func unfollowed(ctx context.Context, q duck.Session) (all []Unfollowed, err error) {
	var u Unfollowed
	err = q.Each(ctx, []any{&u.Account, &u.Object, &u.Events}, func() error {
		all = append(all, u)
		return nil
	}, "FROM state.unfollowed ORDER BY account, events DESC, object")
	return all, err
}
