package load

import (
	"context"
)

// Rejected is a row of meta.rejects.
type Rejected struct {
	Account, Stream, ID string
	Seq, Segment        uint64 // of the version that was refused
	Table, Field, Rule  string
}

// Rejects returns what could not become a row, by place in the log.
func (s *State) Rejects(ctx context.Context) ([]Rejected, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Rejected
	var r Rejected
	err := s.each(ctx, []any{&r.Account, &r.Stream, &r.ID, &r.Seq, &r.Segment, &r.Table, &r.Field, &r.Rule}, func() error {
		all = append(all, r)
		return nil
	}, `SELECT account, stream, id, seq, segment, "table", coalesce(field, ''), rule FROM meta.rejects ORDER BY account, stream, segment, seq, "table"`)
	return all, err
}
