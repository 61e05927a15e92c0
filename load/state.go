package load

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/filelock"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/rawlog"
)

// StateVersion changes whenever the private tables or the merge change. A state of
// another version is not converted: the log makes a new one.
const StateVersion = 12

// State holds the merged tables and the position up to which the log is in them, open
// in one process. Its methods may be called from any goroutine. They run one at a time,
// because there is one connection and one transaction at a time; only Unchanged and Known
// run beside the others, on a connection of their own. Functions that methods call back,
// such as Apply's batches, must not call them.
type State struct {
	// Fresh is the reason why this state started empty: "no state yet", "made by DuckDB
	// v1.4", …. It is empty if the state existed and fits. A fresh state is at position
	// 0 of every stream; the caller applies the whole log again.
	Fresh string

	// Stale lists the tables that were built with other schemas or mappings than the
	// lake was opened with. The state continues with its own, which Schemas returns,
	// until BeginRebuild and SwapIn.
	Stale []Change

	lake       *Lake
	member     *os.File   // its lock shows, while it is open, that this process works on the state
	alone      bool       // no other process worked on it when this one opened it
	mu         sync.Mutex // held by every exported method; guards the fields below
	lock       *filelock.Lock
	db         duck.Instance
	feed       duck.Feed
	tables     []*TableLayout
	positions  map[rawlog.StreamKey]uint64
	shadow     bool   // working on the shadow state of BeginRebuild
	distrusted bool   // the published generation is damaged: no file of it is linked
	worked     int64  // objects and rows since the database was attached: see refresh
	lineage    string // identity of this state; a fresh one never matches an old generation

	// comparing is held by comparisons instead of mu, which a long Apply holds. Whoever
	// closes or replaces db holds both, mu first.
	comparing sync.Mutex
	second    *sql.Conn // of the comparisons; nil before the first
}

// TableLayout is a declared table with the layout and the period that the state uses.
type TableLayout struct {
	Table
	*duck.Layout
	Period Period
}

// OpenState takes the state's lock. It waits as Options say; then it returns a
// *BusyError. It removes temporary files that a crash left. It puts a damaged state
// into quarantine and removes a state of another version or DuckDB; in both cases an
// empty one replaces it and Fresh has the reason. A state with other schemas stays: see
// Stale.
func (l *Lake) OpenState(ctx context.Context) (_ *State, err error) {
	lock, err := l.acquire(ctx, l.opts.StateWait)
	if err != nil {
		return nil, err
	}
	s := &State{lake: l, lock: lock}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open state: %w", err), s.Close())
		}
	}()
	if s.member, s.alone, err = l.register(); err != nil {
		return nil, err
	}
	if s.tables, err = l.declared(); err != nil {
		return nil, err
	}
	if err := l.sweepState(); err != nil {
		return nil, err
	}
	if err := s.openInstance(ctx); err != nil {
		return nil, err
	}
	if err := s.openDatabase(ctx); err != nil {
		return nil, err
	}
	return s, s.loadPositions(ctx)
}

// declared returns the tables that the lake was opened with.
func (l *Lake) declared() ([]*TableLayout, error) { return LayOut(l.opts.Tables) }

// LayOut computes the layouts of declared tables.
func LayOut(declared []Table) ([]*TableLayout, error) {
	var tables []*TableLayout
	for _, t := range declared {
		layout, err := duck.NewLayout(t.Schema)
		if err != nil {
			return nil, err
		}
		tables = append(tables, &TableLayout{t, layout, periodOf(t.Schema)})
	}
	return tables, nil
}

// sweepState removes temporary files that a crash left.
func (l *Lake) sweepState() error {
	return errors.Join(
		os.RemoveAll(l.path(lakedir.StateDir, "tmp")),
		os.RemoveAll(lakedir.Verify(l.dir)),
		atomicfile.SweepTemp(l.path(lakedir.StateDir), 0),
		os.RemoveAll(l.path(lakedir.LinkName+atomicfile.TempSuffix)),
		l.Generations().sweep())
}

// openInstance starts DuckDB with its one connection.
func (s *State) openInstance(ctx context.Context) (err error) {
	opts := s.lake.opts
	s.db, err = duck.Start(ctx, opts.MemoryLimit, opts.Threads, s.lake.path(lakedir.StateDir, "tmp"))
	if err != nil {
		return err
	}
	if err := s.db.Run(ctx, "SET checkpoint_threshold = "+sqltext.Literal(opts.Checkpoint)); err != nil {
		return err
	}
	return s.feed.Register(s.db.Conn)
}

// trim makes DuckDB return freed memory to the system. With one thread it does so only
// when its limit is set. Without this a long backfill and the sorts of a publish keep
// 120 MB more (measured).
func (s *State) trim(ctx context.Context, q duck.Session) error {
	_, err := q.Exec(ctx, "SET memory_limit = "+sqltext.Literal(s.lake.opts.MemoryLimit))
	return err
}

// loadPositions reads the positions. No other process moves them while the lock is
// held.
func (s *State) loadPositions(ctx context.Context) error {
	s.positions = map[rawlog.StreamKey]uint64{}
	var key rawlog.StreamKey
	var segment uint64
	return s.db.Each(ctx, []any{&key.Account, &key.Stream, &segment}, func() error {
		s.positions[key] = segment
		return nil
	}, "SELECT account, stream, segment FROM meta.positions")
}

// Position returns the number of the last applied segment of a stream; 0 if none.
func (s *State) Position(account, stream string) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.positions[rawlog.StreamKey{Account: account, Stream: stream}]
}

// Close closes the database and releases the lock.
func (s *State) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.comparing.Lock()
	defer s.comparing.Unlock()
	err := s.closeDatabase()
	if s.lock != nil {
		err = errors.Join(err, s.lock.Release())
	}
	if s.member != nil {
		err = errors.Join(err, s.member.Close())
	}
	return err
}

// Hashes reports whether a table holds hashes of personal data.
func (s *State) Hashes() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.tables, func(t *TableLayout) bool { return t.Schema.Hashes() })
}

// Reset empties the state, so that the whole log can be applied again to the tables
// that the lake was opened with. It sets Fresh to why. The published generation stays
// until the next Publish.
func (s *State) Reset(ctx context.Context, why string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	tables, err := s.lake.declared()
	if err != nil {
		return err
	}
	s.tables, s.Stale, s.Fresh = tables, nil, why
	err = s.db.Run(ctx, "USE memory", "DETACH DATABASE work")
	if err == nil {
		err = duck.RemoveDatabase(s.lake.databasePath())
	}
	if err == nil {
		err = s.createDatabase(ctx)
	}
	if err != nil {
		return fmt.Errorf("reset state: %w", err)
	}
	return s.loadPositions(ctx)
}
