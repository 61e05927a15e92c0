package load

import (
	"context"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/duck"
)

// The state is rewritten if more than this share of its blocks is free and the file is
// large enough for that to matter. Changes spread over all row groups leave half of the
// blocks free after a checkpoint, and the next one fills them: with a third, each
// publish would rewrite the state.
const (
	compactShare = 0.6
	compactBytes = 16 << 20
)

// compact rewrites a state with too many free blocks, because warehouses are copies of
// it.
func (s *State) compact(ctx context.Context) error {
	sparse, err := isSparse(ctx, s.db.Session, "work")
	if err == nil && sparse {
		err = s.rewrite(ctx)
	}
	return err
}

// isSparse reports whether an attached database has too many free blocks.
func isSparse(ctx context.Context, q duck.Session, database string) (bool, error) {
	var total, free, block int64
	err := q.One(ctx, []any{&total, &free, &block},
		"SELECT total_blocks, free_blocks, block_size FROM pragma_database_size() WHERE database_name = ?", database)
	return total*block >= compactBytes && float64(free) >= compactShare*float64(total), err
}

func (s *State) rewrite(ctx context.Context) error {
	fresh := s.lake.databasePath() + atomicfile.TempSuffix
	if err := duck.RemoveDatabase(fresh); err != nil {
		return err
	}
	// The rows of histories may get another order: see addReplaced.
	if err := s.db.Run(ctx, "DELETE FROM state.bases", "ATTACH "+sqltext.Literal(fresh)+" AS fresh"+duck.OfState, "COPY FROM DATABASE work TO fresh"); err != nil {
		return err
	}
	return s.swapDatabase(ctx, fresh, "fresh")
}
