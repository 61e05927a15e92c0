package load

import (
	"context"
	"fmt"
	"slices"

	"github.com/stripelake/stripelake/load/internal/duck"
)

// Unchanged reports for each object whether its bytes equal its newest version in the
// state. The state must have applied the whole log of the stream; otherwise an object
// that changed back to an older version is missed.
func (s *State) Unchanged(ctx context.Context, account, stream string, objects []Raw) ([]bool, error) {
	alike := "o.id = n.c1 AND o.hash = n.c2"
	// Equal bytes have an equal created, and lie close together: DuckDB skips the other
	// row groups. A tombstone's created is not among its bytes.
	if len(objects) > 0 && !slices.ContainsFunc(objects, func(o Raw) bool { return o.Deleted || o.Created.IsZero() }) {
		first := slices.MinFunc(objects, func(a, b Raw) int { return a.Created.Compare(b.Created) }).Created
		last := slices.MaxFunc(objects, func(a, b Raw) int { return a.Created.Compare(b.Created) }).Created
		alike += fmt.Sprintf(" AND o.created BETWEEN %s AND %s", timestamp(&first), timestamp(&last))
	}
	return s.compare(ctx, account, stream, objects, alike)
}

// Known reports for each object whether the state has seen any version of it.
func (s *State) Known(ctx context.Context, account, stream string, objects []Raw) ([]bool, error) {
	return s.compare(ctx, account, stream, objects, "o.id = n.c1")
}

func (s *State) compare(ctx context.Context, account, stream string, objects []Raw, alike string) ([]bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := make([]bool, len(objects))
	if len(objects) == 0 {
		return found, nil
	}
	src, err := duck.RowSource(len(objects), func(i int) []any {
		return []any{int64(i), objects[i].ID, objects[i].Hash()}
	}, duck.KindBigint, duck.KindText, duck.KindHash)
	if err != nil {
		return nil, err
	}
	id, done := s.feed.Offer(src)
	defer done()
	var i int64
	err = s.db.Each(ctx, []any{&i}, func() error {
		found[i] = true
		return nil
	}, fmt.Sprintf(`SELECT n.c0 FROM %s(%d) n JOIN state.objects o ON %s
		WHERE o.account = ? AND o.stream = ?`, duck.FeedName, id, alike), account, stream)
	if err != nil {
		return nil, fmt.Errorf("compare %d objects of %s/%s: %w", len(objects), account, stream, err)
	}
	return found, nil
}
