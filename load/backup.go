package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/folder"
	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// backupName is the file that makes a folder a backup.
const backupName = "backup.json"

// Backup is what backup.json says, and what the copying did.
type Backup struct {
	Started  time.Time `json:"started"`           // UTC
	Finished time.Time `json:"finished,omitzero"` // UTC; absent while it is not whole: the lake in it is refused
	Files    int       `json:"files"`
	Bytes    int64     `json:"bytes"`

	Copied  int `json:"copied"`  // files that were not in the backup before, or not as they are now
	Removed int `json:"removed"` // files that the lake no longer has
}

// Backup makes the folder to a copy of all in the lake that cannot be made
// again: everything but .state and current. A backup that is there already is
// brought up to date. Files whose size and time are the same are not copied
// again.
//
// It may run beside a sync, which goes on appending meanwhile. What may rewrite a
// log or the tables waits: it holds the state's lock, or returns a [*BusyError].
// The stream named last is copied when all others are: no cursor in the copy
// then knows of more of them than the copy holds.
func (l *Lake) Backup(ctx context.Context, to string, last string) (_ Backup, err error) {
	b := backup{lake: l, to: to, last: last, kept: map[string]bool{backupName: true}}
	lock, err := l.acquire(ctx, l.opts.StateWait)
	if err != nil {
		return b.Backup, err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	b.Started = time.Now().UTC().Truncate(time.Second)
	for _, step := range []func(context.Context) error{b.check, b.begin, b.logs, b.smallFiles, b.prune, b.finish} {
		if err := step(ctx); err != nil {
			return b.Backup, fmt.Errorf("back up to %s: %w", to, err)
		}
	}
	return b.Backup, nil
}

type backup struct {
	Backup
	lake *Lake
	to   string
	last string
	kept map[string]bool // what the lake has, by slash-separated path
}

// check refuses a folder that is something else, and a lake that is being
// changed in place.
func (b *backup) check(context.Context) error {
	if overlapping(b.to, b.lake.dir) {
		return errors.New("one folder is inside of the other: name another one")
	}
	entries, err := os.ReadDir(b.to)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	has := func(name string) bool {
		return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == name })
	}
	if len(entries) > 0 && (!has(backupName) || has(lakedir.StateDir)) {
		return errors.New("it is not empty and no backup: name a new folder, nothing is written over")
	}
	erasure, err := b.lake.Erasures().Pending()
	if erasure != nil {
		err = errors.New("an erasure was begun and is not finished: run stripelake sync, which finishes it first")
	}
	accounts, accountsErr := b.lake.LogAccounts()
	for _, account := range accounts {
		pending, pendingErr := b.lake.PendingRepairs(account)
		if len(pending) > 0 {
			pendingErr = errors.New("a repair of the raw log was begun and is not finished: run stripelake verify --stripe --repair")
		}
		err = errors.Join(err, pendingErr)
	}
	return errors.Join(err, accountsErr)
}

func overlapping(a, b string) bool {
	absolute := func(dir string) string {
		if whole, err := filepath.EvalSymlinks(dir); err == nil {
			dir = whole
		}
		dir, _ = filepath.Abs(dir)
		return dir + string(filepath.Separator)
	}
	a, b = absolute(a), absolute(b)
	return strings.HasPrefix(a, b) || strings.HasPrefix(b, a)
}

// begin marks the copy as unfinished.
func (b *backup) begin(context.Context) error {
	if err := atomicfile.MakeDir(b.to); err != nil {
		return err
	}
	return atomicfile.WriteJSON(filepath.Join(b.to, backupName), atomicfile.Hooks{}, b.Backup)
}

// logs copies each account's streams, one after the other.
func (b *backup) logs(ctx context.Context) error {
	accounts, err := b.lake.LogAccounts()
	if err != nil {
		return err
	}
	for _, account := range accounts {
		streams, err := b.lake.Streams(account)
		if err != nil {
			return err
		}
		slices.SortStableFunc(streams, func(x, y string) int {
			switch {
			case x == b.last && y != b.last:
				return 1
			case y == b.last && x != b.last:
				return -1
			}
			return 0
		})
		for _, stream := range streams {
			if err := b.stream(ctx, path.Join(lakedir.RawDir, account, stream)); err != nil {
				return err
			}
		}
	}
	return nil
}

// stream copies a stream's folder: the cursor first, for one that is older than
// the segments beside it is passed over, and one that is newer is damage. A sync
// that begins meanwhile sweeps segments that a crash left covered by a wider one;
// where a file is gone, the folder is read again.
func (b *backup) stream(ctx context.Context, dir string) error {
	for try := 0; ; try++ {
		err := b.file(ctx, path.Join(dir, "cursor.json"))
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		if err == nil {
			err = b.folder(ctx, dir)
		}
		if !errors.Is(err, fs.ErrNotExist) || try == 10 {
			return err
		}
	}
}

// folder copies the files right in a folder; half-written ones are nobody's.
func (b *backup) folder(ctx context.Context, dir string) error {
	entries, err := os.ReadDir(b.lake.path(filepath.FromSlash(dir)))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if folder.IsLink(e) {
			return folder.LinkedFile(b.lake.path(filepath.FromSlash(dir), e.Name()))
		}
		if e.Type().IsRegular() && !strings.HasSuffix(e.Name(), atomicfile.TempSuffix) && e.Name() != "cursor.json" {
			if err := b.file(ctx, path.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// smallFolders and smallFileNames are what is neither log nor made from it.
var (
	smallFolders   = []string{lakedir.DeclaredDir, "receipts"}
	smallFileNames = []string{"forgotten.json", lakedir.PIIKeyName, "lake.json"}
)

// smallFiles copies the files next to the raw log, lake.json last: it says what of the
// rest is in force.
func (b *backup) smallFiles(ctx context.Context) error {
	for _, dir := range smallFolders {
		if err := b.folder(ctx, dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, name := range smallFileNames {
		if err := b.file(ctx, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// file copies one file, if the backup has none of its size and time.
func (b *backup) file(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	from, to := b.lake.path(filepath.FromSlash(name)), filepath.Join(b.to, filepath.FromSlash(name))
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read from
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if !b.kept[name] {
		b.kept[name] = true
		b.Files++
		b.Bytes += info.Size()
	}
	if there, err := os.Stat(to); err == nil && there.Size() == info.Size() && there.ModTime().Equal(info.ModTime()) {
		return nil
	}
	b.Copied++
	if err := atomicfile.MakeDir(filepath.Dir(to)); err != nil {
		return err
	}
	tmp := to + atomicfile.TempSuffix
	err = atomicfile.Write(tmp, atomicfile.Hooks{}, func(w io.Writer) error {
		if out, ok := w.(*os.File); ok && atomicfile.Clone(out, in) {
			return nil
		}
		_, err := io.Copy(w, in)
		return err
	})
	if err == nil {
		err = os.Chtimes(tmp, time.Time{}, info.ModTime())
	}
	if err == nil {
		err = atomicfile.Rename(tmp, to, atomicfile.Hooks{})
	}
	return err
}

// prune removes what the lake no longer has: segments that were merged, and what
// was in them of people who were forgotten since.
func (b *backup) prune(context.Context) error {
	return lakedir.Walk(b.to, func(file string, isDir bool) error {
		name, err := filepath.Rel(b.to, file)
		if err != nil || isDir || b.kept[filepath.ToSlash(name)] {
			return err
		}
		b.Removed++
		return os.Remove(file)
	})
}

func (b *backup) finish(context.Context) error {
	b.Finished = time.Now().UTC().Truncate(time.Second)
	return atomicfile.WriteJSON(filepath.Join(b.to, backupName), atomicfile.Hooks{}, b.Backup)
}

// unfinishedBackup says that a folder holds a backup that is not whole.
func unfinishedBackup(dir string) error {
	var b Backup
	err := atomicfile.ReadJSON(filepath.Join(dir, backupName), &b)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && !b.Finished.IsZero():
		return nil
	case err == nil || atomicfile.IsJSONDamage(err):
		return errors.New("it is a backup that was not finished: run stripelake backup again")
	}
	return err
}
