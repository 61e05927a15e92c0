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

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/folder"
	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// backupName is the name of the file that marks a folder as a backup.
const backupName = "backup.json"

// Backup is the content of backup.json, with the counts of the last copy.
type Backup struct {
	Started  time.Time `json:"started"`           // UTC
	Finished time.Time `json:"finished,omitzero"` // UTC; absent while the backup is incomplete: its lake then does not open
	Files    int       `json:"files"`
	Bytes    int64     `json:"bytes"`

	Copied  int `json:"copied"`  // files that the backup lacked or had in an older state
	Removed int `json:"removed"` // files that the lake no longer has
}

// Backup copies all in the lake that cannot be made again to a folder: everything but
// .state and current. It updates a backup that already exists. It does not copy a file
// again that has the same size and time.
//
// A backup may run during a sync, which continues to append. It blocks whatever may
// rewrite a log or the tables: it holds the state's lock, or returns a [*BusyError]. It
// copies the stream last after all others. That way no cursor in the copy refers to
// objects of other streams that the copy lacks.
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
	kept map[string]bool // the lake's files, as slash-separated relative paths
}

// check refuses a folder with other content, and a lake with an unfinished erasure or
// repair.
func (b *backup) check(context.Context) error {
	if overlapping(b.to, b.lake.dir) {
		return hint.New("one folder is inside of the other", "name another one")
	}
	entries, err := os.ReadDir(b.to)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	has := func(name string) bool {
		return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == name })
	}
	if len(entries) > 0 && (!has(backupName) || has(lakedir.StateDir)) {
		return hint.New("it is not empty and no backup", "name a new folder, nothing is written over")
	}
	erasure, err := b.lake.Erasures().Pending()
	if erasure != nil {
		err = ErrErasurePending
	}
	accounts, accountsErr := b.lake.LogAccounts()
	for _, account := range accounts {
		pending, pendingErr := b.lake.PendingRepairs(account)
		if len(pending) > 0 {
			pendingErr = hint.New("a repair of the raw log was begun and is not finished", "run stripelake verify --stripe --repair")
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

// logs copies the streams of each account, one after the other.
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
			b.lake.Stage("copying " + stream)
			if err := b.stream(ctx, path.Join(lakedir.RawDir, account, stream)); err != nil {
				return err
			}
		}
	}
	return nil
}

// stream copies a stream's folder. It copies the cursor first: readers ignore a
// cursor.json that is older than the segments, but one that is newer is damage. A sync
// that begins meanwhile may remove superseded segments that a crash left. If a file is
// gone, stream reads the folder again.
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

// folder copies the files directly in a folder. It skips temporary files.
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

// smallFolders and smallFileNames are neither part of the log nor derived from it.
var (
	smallFolders   = []string{lakedir.DeclaredDir, "receipts"}
	smallFileNames = []string{"forgotten.json", lakedir.PIIKeyName, "lake.json"}
)

// smallFiles copies the files outside the raw log, lake.json last: it says which of the
// others are in force.
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

// file copies one file, unless the backup has one with its size and time.
func (b *backup) file(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	from, to := b.lake.path(filepath.FromSlash(name)), filepath.Join(b.to, filepath.FromSlash(name))
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // opened for reading only
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

// prune removes files that the lake no longer has: segments that were merged, and
// segments with data of people who were forgotten since.
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

// unfinishedBackup returns an error if a folder holds an incomplete backup.
func unfinishedBackup(dir string) error {
	var b Backup
	err := atomicfile.ReadJSON(filepath.Join(dir, backupName), &b)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && !b.Finished.IsZero():
		return nil
	case err == nil || atomicfile.IsJSONDamage(err):
		return hint.New("it is a backup that was not finished", "run stripelake backup again")
	}
	return err
}
