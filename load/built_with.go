package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/duckdb/duckdb-go/v2"
)

// ErrUnknownSet says that nothing is left in a lake that tells with which
// schemas and privacy it was made.
var ErrUnknownSet = errors.New("nothing in the lake tells with which schemas and privacy its tables were made")

// BuiltWith finds out with which files of a schema set a lake was made that
// declares none: from its state, else from the newest generation that has them.
// It is nil, without an error, for a lake that no policy can have been in force
// in: from a program that knew none. [ErrUnknownSet] means that neither tells. It
// takes the state's lock meanwhile, or returns a [*BusyError].
func (l *Lake) BuiltWith(ctx context.Context) (files map[string]string, err error) {
	lock, err := l.takeTurn(ctx, l.opts.StateWait)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	files, early, err := l.setInState(ctx)
	if err != nil || len(files) > 0 {
		return files, err
	}
	if files = l.setInGenerations(); files != nil || early && !l.hasPIIKey() {
		return files, nil
	}
	return nil, ErrUnknownSet
}

// setInState reads the set that the state keeps; nil where there is no state, or
// none that can be read. early is a state of the one version that kept no set
// and has columns that are labelled: nothing was dropped from it.
func (l *Lake) setInState(ctx context.Context) (files map[string]string, early bool, err error) {
	if _, err := os.Stat(l.databasePath()); err != nil {
		return nil, false, nil
	}
	spill := l.path(stateDir, "tmp")
	instance, err := startInstance(ctx, l.opts.MemoryLimit, l.opts.Threads, spill)
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, instance.close(), os.RemoveAll(spill)) }()
	if err := instance.run(ctx, attach(l.databasePath(), "work", " (READ_ONLY)")...); err != nil {
		if ctx.Err() != nil || passing(err) {
			return nil, false, err
		}
		return nil, false, nil // damaged: it is set aside when it is opened for work
	}
	files, err = instance.filesIn(ctx, "state.schemas")
	if duck := new(duckdb.Error); errors.As(err, &duck) && duck.Type == duckdb.ErrorTypeCatalog {
		var labelled int
		err = instance.one(ctx, []any{&labelled}, "SELECT count(*) FROM meta.columns WHERE label = 'pii'")
		return nil, err == nil && labelled > 0, nil
	}
	if err != nil && ctx.Err() == nil && !passing(err) {
		return nil, false, nil
	}
	return files, false, err
}

// setInGenerations is the set of the newest generation that has one, or nil.
func (l *Lake) setInGenerations() map[string]string {
	numbers, _ := l.generations()
	for _, number := range slices.Backward(numbers) {
		var files map[string]string
		if readJSON(l.generationPath(number, schemasName), &files) == nil && len(files) > 0 {
			return files
		}
	}
	return nil
}

func (l *Lake) hasPIIKey() bool {
	_, err := os.Stat(l.path(piiKeyName))
	return err == nil
}

// IsEmpty reports that nothing was ever read into the lake: there is no segment
// and no generation.
func (l *Lake) IsEmpty() bool {
	segments, _ := filepath.Glob(l.path(rawDir, "*", "*", "*.parquet")) // Open refuses a path that is a pattern itself
	numbers, _ := l.generations()
	return len(segments)+len(numbers) == 0
}

// RemoveExposed removes what is left of a weaker policy, once a stricter one is
// published: the generations before the linked one of whose set the caller says
// that it shows what the present set hides, and a state that was set aside. It
// returns how many generations went. The caller is asked only where the two sets
// differ; older is nil for a generation that does not tell its set.
func (s *State) RemoveExposed(shows func(older, present map[string]string) bool) (removed int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	linked, ok := s.lake.linked()
	numbers, err := s.lake.generations()
	if err != nil || !ok {
		return 0, err
	}
	text, err := os.ReadFile(s.lake.generationPath(linked, schemasName))
	if err != nil {
		return 0, fmt.Errorf("read the schemas of generation %d: %w", linked, err)
	}
	for _, number := range numbers {
		old, readErr := os.ReadFile(s.lake.generationPath(number, schemasName))
		if number == linked || readErr == nil && bytes.Equal(old, text) {
			continue
		}
		var older, present map[string]string
		if err := json.Unmarshal(text, &present); err != nil {
			return removed, fmt.Errorf("read the schemas of generation %d: %w", linked, err)
		}
		if readErr != nil || json.Unmarshal(old, &older) != nil {
			older = nil
		}
		if shows(older, present) {
			removed++
			err = errors.Join(err, os.RemoveAll(s.lake.generationPath(number)))
		}
	}
	if removed > 0 {
		err = errors.Join(err, removeDatabase(s.lake.databasePath()+damagedSuffix))
	}
	if err != nil {
		return removed, fmt.Errorf("remove what shows more than the present schemas do: %w", err)
	}
	return removed, nil
}
