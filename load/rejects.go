package load

import "context"

// Rejected is a row of meta.rejects.
type Rejected struct {
	Account, Stream, ID string
	Seq, Segment        uint64 // of the rejected version; segment 0 if the key belongs to another object's row
	Table, Field, Rule  string
}

// OfKey reports whether another row has its key. The mapping accepts such a row; only
// the merge rejects it.
func (r Rejected) OfKey() bool { return r.Rule == ruleTaken || r.Rule == ruleRepeated }

// Rejects returns the rejected rows, sorted by their place in the log.
func (s *State) Rejects(ctx context.Context) ([]Rejected, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Rejected
	var r Rejected
	err := s.db.Each(ctx, []any{&r.Account, &r.Stream, &r.ID, &r.Seq, &r.Segment, &r.Table, &r.Field, &r.Rule}, func() error {
		all = append(all, r)
		return nil
	}, `SELECT account, stream, id, seq, coalesce(segment, 0), "table", coalesce(field, ''), rule FROM meta.rejects ORDER BY account, stream, segment, seq, "table"`)
	return all, err
}
