package load

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// shadowPath returns the path of the shadow state, which a rebuild makes while the
// present state stays.
func (l *Lake) shadowPath() string { return l.path(lakedir.StateDir, "next.duckdb") }

// shadow is the shadow state under construction, with the tables that it will have.
type shadow struct {
	*State
	given []*TableLayout
}

// BeginRebuild switches to a shadow state with the tables that the lake was opened
// with. It copies streams that feed no changed table. The others are at position 0, and
// the caller must apply them again. The published generation and the present state stay
// as they are until SwapIn.
//
// BeginRebuild resumes an interrupted rebuild if that was for the same schemas, and
// then returns true. The positions show which streams must still be applied. force
// names tables to rebuild even if nothing about them changed.
func (s *State) BeginRebuild(ctx context.Context, force ...string) (resumed bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	given, err := s.lake.declared()
	next := &shadow{s, given}
	if err == nil {
		resumed, err = next.resume(ctx)
	}
	if err == nil && !resumed {
		err = next.begin(ctx, force)
	}
	if err == nil {
		err = s.db.Run(ctx, "USE next")
	}
	if err != nil {
		return false, fmt.Errorf("begin the rebuild: %w", err)
	}
	s.tables, s.shadow = given, true
	return resumed, s.loadPositions(ctx)
}

// resume attaches the state of an interrupted rebuild, if that was for the same schemas
// and began from this state.
func (s *shadow) resume(ctx context.Context) (bool, error) {
	if _, err := os.Stat(s.lake.shadowPath()); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return false, err
	}
	var version int
	var madeBy, fingerprint, lineage, running string
	err := s.db.Run(ctx, "ATTACH "+sqltext.Literal(s.lake.shadowPath())+" AS next"+duck.OfState)
	if err == nil {
		err = s.db.One(ctx, []any{&version, &madeBy, &fingerprint, &lineage, &running}, "SELECT version, duckdb, fingerprint, lineage, version() FROM next.state.info")
	}
	if err == nil && version == StateVersion && madeBy == running && fingerprint == s.lake.fingerprint() && lineage == s.lineage {
		return true, nil
	}
	if err != nil && (ctx.Err() != nil || duck.IsTransient(err)) {
		return false, err
	}
	_ = s.db.Run(ctx, "DETACH DATABASE IF EXISTS next") // a damaged one may not even detach
	return false, duck.RemoveDatabase(s.lake.shadowPath())
}

// begin makes the shadow state. The file gets its name when everything that is not
// derived again is in it.
func (s *shadow) begin(ctx context.Context, force []string) error {
	fresh := s.lake.shadowPath() + atomicfile.TempSuffix
	if err := duck.RemoveDatabase(fresh); err != nil {
		return err
	}
	stored, err := storedTables(ctx, s.db.Session)
	if err != nil {
		return err
	}
	present, lineage := s.tables, s.lineage
	changed := changes(s.given, stored)
	for _, table := range force {
		changed = append(changed, Change{table, "forced"})
	}
	affected := affectedStreams(changed, append(slices.Clone(present), s.given...))
	if err := s.db.Run(ctx, "ATTACH "+sqltext.Literal(fresh)+" AS next"+duck.OfState, "USE next"); err != nil {
		return err
	}
	s.tables = s.given
	err = s.createTables(ctx)
	s.tables, s.lineage = present, lineage
	if err == nil {
		err = s.db.InTx(ctx, func() error { return s.carryOver(ctx, affected) })
	}
	if err == nil {
		err = s.db.Run(ctx, "CHECKPOINT next", "USE work", "DETACH next")
	}
	if err == nil {
		err = errors.Join(os.Chmod(fresh, 0o600), atomicfile.Sync(fresh))
	}
	if err == nil {
		err = atomicfile.Rename(fresh, s.lake.shadowPath(), atomicfile.Hooks{Synced: s.lake.opts.Trace.NextBegun})
	}
	if err == nil {
		err = s.db.Run(ctx, "ATTACH "+sqltext.Literal(s.lake.shadowPath())+" AS next"+duck.OfState)
	}
	return err
}

// affectedStreams returns the streams that feed a changed table, and those that feed a
// table together with them.
func affectedStreams(changed []Change, tables []*TableLayout) map[string]bool {
	affected := map[string]bool{}
	for more := true; more; {
		more = false
		for _, t := range tables {
			hit := slices.ContainsFunc(changed, func(c Change) bool { return c.Table == t.Schema.Table }) ||
				slices.ContainsFunc(t.Streams, func(stream string) bool { return affected[stream] })
			for _, stream := range t.Streams {
				if hit && !affected[stream] {
					affected[stream], more = true, true
				}
			}
		}
	}
	return affected
}

// carryOver copies what is not derived again. The shadow state continues where the
// present one is: it has the same lineage and a later revision (Invariant 4).
func (s *shadow) carryOver(ctx context.Context, affected map[string]bool) error {
	var streams strings.Builder
	streams.WriteString("stream NOT IN (''")
	for stream := range affected {
		streams.WriteString(", " + sqltext.Literal(stream))
	}
	streams.WriteString(")")
	statements := []string{
		"UPDATE next.state.info SET lineage = w.lineage, revision = w.revision + 1, generation = w.generation FROM work.state.info w",
		"INSERT INTO next.state.published FROM work.state.published",
		"INSERT INTO next.meta.runs FROM work.meta.runs",
		"INSERT INTO next.meta.coverage FROM work.meta.coverage",
		"INSERT INTO next.meta.gaps FROM work.meta.gaps",
		"INSERT INTO next.meta.not_found FROM work.meta.not_found",
		"INSERT INTO next.meta.requests FROM work.meta.requests",
		"INSERT INTO next.meta.verifications FROM work.meta.verifications",
		"INSERT INTO next.meta.dispute_charges FROM work.meta.dispute_charges",
		"INSERT INTO next.state.named FROM work.state.named",
		"INSERT INTO next.state.relisted FROM work.state.relisted",
	}
	if !affected[events] {
		statements = append(statements, "INSERT INTO next.state.unfollowed FROM work.state.unfollowed")
	}
	for _, name := range []string{"state.objects", "meta.positions", "meta.rejects", "meta.incomplete_lists", "meta.drift"} {
		statements = append(statements, fmt.Sprintf("INSERT INTO next.%s FROM work.%s WHERE %s", name, name, streams.String()))
	}
	for _, t := range s.given {
		if slices.ContainsFunc(t.Streams, func(stream string) bool { return affected[stream] }) {
			continue
		}
		name := sqltext.Ident(t.Schema.Table)
		if !t.KeyIsID {
			statements = append(statements, fmt.Sprintf("INSERT INTO next.%[1]s FROM work.%[1]s", HeldTable(t.Schema)))
		}
		if t.Schema.History {
			statements = append(statements, fmt.Sprintf("INSERT INTO next.%[1]s FROM work.%[1]s", HistoryTable(t.Schema)))
		}
		statements = append(statements,
			fmt.Sprintf("INSERT INTO next.main.%s FROM work.main.%s", name, name),
			fmt.Sprintf(`INSERT INTO next.state.dirty FROM work.state.dirty WHERE "table" = %s`, sqltext.Literal(t.Schema.Table)),
			fmt.Sprintf("UPDATE next.state.tables AS n SET derivation = w.derivation FROM work.state.tables w WHERE n.name = w.name AND n.name = %s",
				sqltext.Literal(t.Schema.Table)))
	}
	for _, statement := range statements {
		if err := s.db.Run(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", strings.SplitN(statement, " FROM", 2)[0], err)
		}
	}
	return nil
}

// SwapIn makes the shadow state the state. The caller must have applied the whole log
// to it. What people read changes with the next Publish.
func (s *State) SwapIn(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.shadow {
		return errors.New("swap in the rebuilt state: there is none")
	}
	// The shadow state does not hold what was published since it was begun.
	err := s.db.Run(ctx, "DELETE FROM next.state.published WHERE EXISTS (FROM (FROM work.state.published EXCEPT FROM next.state.published))")
	if err == nil {
		err = s.swapDatabase(ctx, s.lake.shadowPath(), "next")
	}
	if err != nil {
		return fmt.Errorf("swap in the rebuilt state: %w", err)
	}
	s.shadow, s.Stale = false, nil
	return s.loadPositions(ctx)
}
