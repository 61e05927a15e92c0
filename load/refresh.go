package load

import (
	"context"

	"github.com/stripelake/stripelake/load/internal/duck"
)

// refreshAfter is the number of objects or exported rows after which the state is
// attached again. DuckDB keeps a description of each row group that it wrote or read
// as long as a database is attached: some 150 bytes for each row of a wide table
// (measured), so without this a process grows with the lake.
const refreshAfter = 100_000

// refresh attaches the state again if that is due after more rows were worked on.
func (s *State) refresh(ctx context.Context, more int64) (err error) {
	if s.worked += more; s.worked < s.lake.opts.refreshAfter {
		return nil
	}
	s.worked = 0
	s.comparing.Lock() // its connection has no transaction now
	defer s.comparing.Unlock()
	name, path := "work", s.lake.databasePath()
	if s.shadow {
		name, path = "next", s.lake.shadowPath()
	}
	if err = s.db.Run(ctx, "USE memory", "DETACH "+name); err == nil {
		err = s.db.Run(ctx, duck.Attach(path, name, duck.OfState)...)
	}
	if err != nil {
		s.db.Lost = err
		return err
	}
	return s.trim(ctx, s.db.Session)
}
