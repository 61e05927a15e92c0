package load

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/stripelake/stripelake/load/internal/duck"
)

// Unchanged reports for each object whether its bytes equal its newest version in the
// state. Of an object whose newest version in the log is not applied, the caller must not
// ask: one that changed back to an older version would be missed.
//
// Unchanged and Known do not wait for an Apply: they read what was committed last.
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
	s.comparing.Lock()
	defer s.comparing.Unlock()
	found := make([]bool, len(objects))
	if len(objects) == 0 {
		return found, nil
	}
	committed, err := s.committed(ctx)
	if err != nil {
		return nil, err
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
	err = committed.Each(ctx, []any{&i}, func() error {
		found[i] = true
		return nil
	}, fmt.Sprintf(`SELECT n.c0 FROM %s(%d) n JOIN work.state.objects o ON %s
		WHERE o.account = ? AND o.stream = ?`, duck.FeedName, id, alike), account, stream)
	if err != nil {
		return nil, fmt.Errorf("compare %d objects of %s/%s: %w", len(objects), account, stream, err)
	}
	return found, nil
}

// committed returns the second connection, which sees what was committed last. The
// caller holds comparing.
func (s *State) committed(ctx context.Context) (duck.Session, error) {
	switch {
	case s.db.Lost != nil:
		return duck.Session{}, s.db.Lost
	case s.db.DB == nil:
		return duck.Session{}, errors.New("the state is closed")
	}
	var err error
	if s.second == nil {
		s.second, err = s.db.DB.Conn(ctx)
	}
	return duck.Session{Conn: s.second}, err
}

// closeDatabase closes both connections and DuckDB. The caller holds mu and comparing.
func (s *State) closeDatabase() error {
	var err error
	if s.second != nil {
		err = s.second.Close()
		s.second = nil
	}
	return errors.Join(err, s.db.Close())
}
