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

// ErrUnknownSet says that nothing is left in a lake that tells with which
// schemas and privacy it was made.
var ErrUnknownSet = errors.New("nothing in the lake tells with which schemas and privacy its tables were made")

// BuiltWith finds out with which files of a schema set a lake was made that
// declares none: from its state, else from the newest generation that has them.
// It is nil, without an error, for a lake that no policy can have been in force
// in: from a program that knew none. [ErrUnknownSet] means that neither tells. It
// takes the state's lock meanwhile, or returns a [*BusyError].
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

// setInState reads the set that the state keeps; nil where there is no state, or
// none that can be read. early is a state of the one version that kept no set
// and has columns that are labelled: nothing was dropped from it.
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
		return nil, false, nil // damaged: it is set aside when it is opened for work
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

// setInGenerations is the set of the newest generation that has one, or nil.
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

// IsEmpty reports that nothing was ever read into the lake: there is no segment
// and no generation.
func (l *Lake) IsEmpty() (bool, error) {
	segments, err := folder.Glob(l.path(lakedir.RawDir), "*", "*", "*.parquet")
	numbers, numbersErr := l.Generations().Numbers()
	return len(segments)+len(numbers) == 0, errors.Join(err, numbersErr)
}

// RemoveExposed removes what is left of a weaker policy, once a stricter one is
// published: the generations before the linked one of whose set the caller says
// that it shows what the present set hides, copies of such generations that were
// set aside, and with them what else was set aside, of which nobody knows. It
// returns how many generations went and the names of what was set aside. The
// caller is asked only where the two sets differ; older is nil for a generation
// that does not tell its set.
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
	// The generations last: where this is killed, they tell the next run.
	gone = append(unknown, gone...)
	err = errors.Join(l.Generations().removeAside(gone), l.removeOldStates())
	for _, n := range numbers {
		err = errors.Join(err, os.RemoveAll(l.Generations().path(n)))
	}
	return len(numbers), gone, err
}
