package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/filelock"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/internal/oserr"
	"github.com/stripelake/stripelake/load/rawlog"
)

// Health is the condition of a lake's files, as far as it shows without a lock and
// without reading the rows. It does not include damage inside a segment's rows.
type Health struct {
	Damage          []error   // of the raw log; a *DamagedError, or an error that names the missing segments
	Segments        int       // number of segments examined
	Linked          bool      // a generation is linked
	PublishedDamage []string  // defects of the linked generation; or its absence, where there is a state
	DamagedFiles    []Finding // damaged files outside the log that cannot be made again
	ForeignState    bool      // the state is another lake's, or from before an erasure
	Aside           []string  // names of files moved away from the place of the link
	Erasing         bool      // an erasure was begun and is not finished
	Open            bool      // all users of this machine may read the folder
	Leftover        []string  // temporary files, as paths relative to the lake
}

// Inspect examines the files of the lake in dir. It waits for no lock: while another
// process works on the lake, temporary files are no leftovers. It reads the state only
// if no process works on it, and holds the state's lock meanwhile.
func Inspect(dir string) (Health, error) {
	lake := load.At(dir)
	var h Health
	accounts, err := lake.LogAccounts()
	if err != nil {
		return h, fmt.Errorf("inspect lake: %w", err)
	}
	for _, account := range accounts {
		streams, err := lake.Streams(account)
		if err != nil {
			return h, fmt.Errorf("inspect lake: %w", err)
		}
		for _, stream := range streams {
			n, damage := rawlog.Inspect(dir, account, stream)
			h.Segments += n
			h.Damage = append(h.Damage, damage...)
			if err := errors.Join(damage...); oserr.IsShortage(err) {
				return h, fmt.Errorf("inspect lake: %w", err)
			}
		}
	}
	_, h.Linked = lake.Generations().Linked()
	if generations, err := lake.Generations().Numbers(); h.Linked || lake.Generations().InPlaceOfLink() != "" || err == nil && len(generations) > 0 {
		found := lake.Generations().Defects(load.ByMarks)
		if err := found.Unknown(); err != nil {
			return h, fmt.Errorf("inspect lake: %w", err)
		}
		h.PublishedDamage = found.Texts()
	}
	if err := inspectState(lake, &h); err != nil {
		return h, fmt.Errorf("inspect lake: %w", err)
	}
	if h.Aside, err = load.ReadSetAside(dir); err != nil {
		return h, fmt.Errorf("inspect lake: %w", err)
	}
	if _, h.DamagedFiles, err = lakeFileFindings(lake); err != nil && !errors.Is(err, fs.ErrPermission) {
		return h, fmt.Errorf("inspect lake: %w", err)
	}
	erasure, err := lake.Erasures().Pending()
	h.Erasing = erasure != nil || err != nil
	info, err := os.Stat(dir)
	if err != nil {
		return h, fmt.Errorf("inspect lake: %w", err)
	}
	h.Open = info.Mode().Perm()&0o007 != 0
	if h.Leftover, err = findLeftovers(lake); err != nil {
		return h, fmt.Errorf("inspect lake: %w", err)
	}
	return h, nil
}

// inspectState compares the linked generation with the state. It ignores a state that
// is in use, unreadable for this user, damaged or of another version: the next sync
// reports it and derives it again.
func inspectState(l *load.Lake, h *Health) (err error) {
	lock, _, err := filelock.TryExisting(filepath.Join(l.Dir(), lakedir.StateDir, "lock"))
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil || lock == nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	if _, err := os.Stat(lakedir.Database(l.Dir())); err != nil {
		return nil // there is no state
	}
	return duck.With(context.Background(), "64MB", 1, "", func(q duck.Session) error {
		if err := compareState(context.Background(), l, q, h); err != nil && !duck.IsDamage(err) && !duck.IsTransient(err) {
			return err
		}
		return nil
	})
}

func compareState(ctx context.Context, l *load.Lake, q duck.Session, h *Health) error {
	version, of := 0, ""
	err := q.Run(ctx, duck.Attach(lakedir.Database(l.Dir()), "work", " (READ_ONLY)")...)
	if err == nil {
		err = q.One(ctx, []any{&version}, "SELECT version FROM state.info")
	}
	if err != nil || version != load.StateVersion {
		return err
	}
	id, err := l.ID()
	if err == nil {
		err = q.One(ctx, []any{&of}, "SELECT lake FROM state.info")
	}
	if h.ForeignState = err == nil && id != "" && id != of; err != nil || h.ForeignState {
		return err
	}
	found, err := l.Generations().StrayDefects(ctx, q)
	h.PublishedDamage = append(found.Texts(), h.PublishedDamage...)
	return err
}

// findLeftovers returns the temporary files, as paths relative to the lake.
func findLeftovers(l *load.Lake) (names []string, err error) {
	err = lakedir.Walk(l.Dir(), func(path string, isDir bool) error {
		name := lakedir.Relative(l.Dir(), path)
		switch {
		case isDir && filepath.Base(path) == lakedir.GenerationsDir: // an unfinished generation is never linked
			return fs.SkipDir
		case strings.HasSuffix(path, atomicfile.TempSuffix) && !isDir:
			names = append(names, name)
		}
		return nil
	})
	return names, err
}
