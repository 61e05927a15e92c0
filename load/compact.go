package load

import (
	"context"
)

// The state is rewritten when more than this share of its blocks is free and
// there are enough blocks (of 256 KiB) for that to matter. Changes spread over
// all row groups leave half of the blocks free after a checkpoint, which the
// next one fills: at a third, each publish would rewrite the state.
const (
	compactShare  = 0.6
	compactBlocks = 64
)

// compact rewrites a state that merging has left full of holes, since every
// warehouse is a copy of it.
func (s *State) compact(ctx context.Context) error {
	var total, free int64
	err := s.one(ctx, []any{&total, &free},
		"SELECT total_blocks, free_blocks FROM pragma_database_size() WHERE database_name = 'work'")
	if err != nil || total < compactBlocks || float64(free) < compactShare*float64(total) {
		return err
	}
	return s.rewrite(ctx)
}

func (s *State) rewrite(ctx context.Context) error {
	fresh := s.lake.databasePath() + tmpSuffix
	if err := removeDatabase(fresh); err != nil {
		return err
	}
	if err := s.run(ctx, "ATTACH "+literal(fresh)+" AS fresh", "COPY FROM DATABASE work TO fresh"); err != nil {
		return err
	}
	return s.settle(ctx, fresh, "fresh")
}
