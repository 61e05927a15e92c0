package workdir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/stripelake/stripelake/load/internal/filelock"
)

// What folders are called that one process works in, before what is random.
const (
	QueryPrefix  = "stripelake-query-"
	TrialPrefix  = "stripelake-trial-"
	VerifyPrefix = "stripelake-verify-" // of a lake that is read-only
)

// Dir is a folder that one process works in, beside others of its kind. Its
// lock is held for as long as the process needs it.
type Dir struct {
	Path string
	Lock *filelock.Lock
}

// Make makes a folder in another one, and removes those of its kind whose
// process was killed: what a query spilled is rows of the warehouse as they are,
// personal ones too. Where no lock can be taken there, the error comes with the
// folder.
func Make(in, kind string) (Dir, error) {
	if err := sweep(in, kind); err != nil {
		return Dir{}, err
	}
	for {
		path, err := os.MkdirTemp(in, kind)
		if err != nil {
			return Dir{}, fmt.Errorf("make a folder in %s: %w", in, plainly(err))
		}
		lock, err := filelock.Try(filepath.Join(path, "lock"), "a folder of another process")
		if errors.Is(err, fs.ErrNotExist) || errors.As(err, new(*filelock.BusyError)) {
			continue // another process swept it in between
		}
		return Dir{path, lock}, err
	}
}

// plainly is an error without the path that it names, which is random.
func plainly(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

// sweep removes this user's folders of a kind that no process has locked.
// Anybody may put something of that name there.
func sweep(in, kind string) error {
	entries, err := os.ReadDir(in)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(in, e.Name())
		lockPath := filepath.Join(path, "lock")
		if !strings.HasPrefix(e.Name(), kind) || !isOwn(path) {
			continue
		}
		if _, err := os.Stat(lockPath); err != nil { // just made, and about to be locked
			continue
		}
		lock, err := filelock.Try(lockPath, "a folder of another process")
		if err != nil {
			continue
		}
		if err := errors.Join(os.RemoveAll(path), lock.Release()); err != nil {
			return err
		}
	}
	return nil
}

// isOwn reports a folder of this user's, and no link to one.
func isOwn(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid()
}

// Remove removes the folder and what is in it.
func (f Dir) Remove() error {
	if f.Path == "" {
		return nil
	}
	return errors.Join(os.RemoveAll(f.Path), f.Lock.Release())
}
