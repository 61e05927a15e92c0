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

// Health is what can be seen of a lake's files from outside, without a lock and
// without reading the rows: damage inside a segment's rows is not among it.
type Health struct {
	Damage          []error   // of the raw log; a *DamagedError, or what says which segments are missing
	Segments        int       // that were looked at
	Linked          bool      // a generation is linked
	PublishedDamage []string  // what is wrong with it; or with its absence, where there is a state
	Beside          []Finding // what is damaged beside the log and cannot be made again
	Stranger        bool      // the state is another lake's, or from before an erasure
	Aside           []string  // what was set aside from the place of the link, by name
	Erasing         bool      // an erasure was begun and is not finished
	Open            bool      // everybody on this machine may look into the folder
	Leftover        []string  // half-written files, by path inside the lake
}

// Inspect looks at the files of the lake in dir. It waits for no lock: while a
// process works on the lake, half-written files are no leftovers. What the state
// remembers it asks only where nobody works on that, and holds its lock meanwhile.
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
	if _, h.Beside, err = besideFindings(lake); err != nil && !errors.Is(err, fs.ErrPermission) {
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

// inspectState compares what is linked with what the state remembers. One that is
// at work, closed to this user, damaged or of another version tells nothing: the
// next sync says so, and derives it again.
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
		return nil // there is none
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
	if h.Stranger = err == nil && id != "" && id != of; err != nil || h.Stranger {
		return err
	}
	found, err := l.Generations().StrayDefects(ctx, q)
	h.PublishedDamage = append(found.Texts(), h.PublishedDamage...)
	return err
}

// findLeftovers finds what is half written.
func findLeftovers(l *load.Lake) (names []string, err error) {
	err = lakedir.Walk(l.Dir(), func(path string, isDir bool) error {
		name := lakedir.Relative(l.Dir(), path)
		switch {
		case isDir && filepath.Base(path) == lakedir.GenerationsDir: // one that is not whole is not linked
			return fs.SkipDir
		case strings.HasSuffix(path, atomicfile.TempSuffix) && !isDir:
			names = append(names, name)
		}
		return nil
	})
	return names, err
}
