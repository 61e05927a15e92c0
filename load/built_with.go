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

	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/folder"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/internal/oserr"
)

// ErrUnknownSet is the error for a lake that no longer has the schemas and privacy
// policy that it was built with.
var ErrUnknownSet = errors.New("nothing in the lake tells with which schemas and privacy its tables were made")

// BuiltWith returns the files of the schema set that a lake without declared schemas
// was built with: from its state, else from the newest generation that has them. It
// returns nil without an error for a lake of a program that knew no policies. The error
// is [ErrUnknownSet] if neither has the set. BuiltWith holds the state's lock
// meanwhile, or returns a [*BusyError].
func (l *Lake) BuiltWith(ctx context.Context) (files map[string]string, err error) {
	lock, _, err := l.LockToLook(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	files, early, err := l.setInState(ctx)
	if err != nil || len(files) > 0 {
		return files, err
	}
	if files, err = l.setInGenerations(); err != nil || files != nil || early && !l.hasPIIKey() {
		return files, err
	}
	return nil, ErrUnknownSet
}

// setInState reads the set in the state. It returns nil if there is no state or it
// cannot be read. early reports a state of the one version that kept no set and has
// labelled columns: no column was dropped from it.
func (l *Lake) setInState(ctx context.Context) (files map[string]string, early bool, err error) {
	if _, err := os.Stat(l.databasePath()); err != nil {
		return nil, false, nil
	}
	instance, err := duck.Start(ctx, l.opts.MemoryLimit, l.opts.Threads, "") // there is little to read, and nothing to spill
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, instance.Close()) }()
	if err := instance.Run(ctx, duck.Attach(l.databasePath(), "work", " (READ_ONLY)")...); err != nil {
		if ctx.Err() != nil || duck.IsTransient(err) {
			return nil, false, err
		}
		return nil, false, nil // damaged: OpenState puts it into quarantine
	}
	files, err = FilesIn(ctx, instance.Session, "state.schemas")
	if duck.IsNoTable(err) {
		var labelled int
		err = instance.One(ctx, []any{&labelled}, "SELECT count(*) FROM meta.columns WHERE label = 'pii'")
		return nil, err == nil && labelled > 0, nil
	}
	if err != nil && ctx.Err() == nil && !duck.IsTransient(err) {
		return nil, false, nil
	}
	return files, false, err
}

// setInGenerations returns the set of the newest generation that has one, or nil.
func (l *Lake) setInGenerations() (map[string]string, error) {
	numbers, err := l.Generations().Numbers()
	if err != nil {
		return nil, err
	}
	for _, number := range slices.Backward(numbers) {
		var files map[string]string
		err := atomicfile.ReadJSON(l.Generations().path(number, schemasName), &files)
		if err == nil && len(files) > 0 || oserr.IsShortage(err) {
			return files, oserr.OnlyShortage(err)
		}
	}
	return nil, nil
}

func (l *Lake) hasPIIKey() bool {
	_, err := os.Stat(l.path(lakedir.PIIKeyName))
	return err == nil
}

// IsEmpty reports whether nothing was ever read into the lake: it has no segment and no
// generation.
func (l *Lake) IsEmpty() (bool, error) {
	segments, err := folder.Glob(l.path(lakedir.RawDir), "*", "*", "*.parquet")
	numbers, numbersErr := l.Generations().Numbers()
	return len(segments)+len(numbers) == 0, errors.Join(err, numbersErr)
}

// RemoveExposed removes remains of a weaker policy after a stricter one is published.
// These are the generations before the linked one whose set shows fields that the
// present set hides, copies of such generations that were set aside, and with them all
// else that was set aside, whose content is unknown. The caller's shows compares two
// sets; it is called only where they differ, with a nil older for a generation without
// a set. RemoveExposed returns the number of generations removed, and the names of the
// removed files that were set aside.
func (s *State) RemoveExposed(shows func(older, present map[string]string) bool) (generations int, aside []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	linked, ok := s.lake.Generations().Linked()
	numbers, err := s.lake.Generations().Numbers()
	if err != nil || !ok {
		return 0, nil, err
	}
	numbers = slices.DeleteFunc(numbers, func(n uint64) bool { return n == linked })
	if aside, err = ReadSetAside(s.lake.dir); err != nil {
		return 0, nil, err
	}
	generations, aside, err = s.lake.removeExposed(linked, numbers, aside, shows)
	if err != nil {
		err = fmt.Errorf("remove what shows more than the present schemas do: %w", err)
	}
	return generations, aside, err
}

func (l *Lake) removeExposed(linked uint64, numbers []uint64, aside []string, shows func(older, present map[string]string) bool) (int, []string, error) {
	text, err := os.ReadFile(l.Generations().path(linked, schemasName))
	if err != nil {
		return 0, nil, fmt.Errorf("read the schemas of generation %d: %w", linked, err)
	}
	var present map[string]string
	if err := json.Unmarshal(text, &present); err != nil {
		return 0, nil, fmt.Errorf("read the schemas of generation %d: %w", linked, err)
	}
	exposed := func(dir string) (shown, told bool) {
		var older map[string]string
		old, err := os.ReadFile(filepath.Join(dir, schemasName))
		if err == nil && bytes.Equal(old, text) {
			return false, true
		}
		if err != nil || json.Unmarshal(old, &older) != nil {
			older = nil
		}
		return shows(older, present), older != nil
	}
	numbers = slices.DeleteFunc(numbers, func(n uint64) bool {
		shown, _ := exposed(l.Generations().path(n))
		return !shown
	})
	weaker := len(numbers) > 0
	var unknown, gone []string
	for _, name := range aside {
		switch shown, told := exposed(l.path(name)); {
		case !told:
			unknown = append(unknown, name)
		case shown:
			gone, weaker = append(gone, name), true
		}
	}
	if !weaker {
		return 0, nil, nil
	}
	// Remove the generations last: after a crash the next run needs them to decide
	// again.
	gone = append(unknown, gone...)
	err = errors.Join(l.Generations().removeAside(gone), l.removeOldStates())
	for _, n := range numbers {
		err = errors.Join(err, os.RemoveAll(l.Generations().path(n)))
	}
	return len(numbers), gone, err
}
