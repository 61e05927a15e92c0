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

// Prefixes of the folders' names; the rest is random.
const (
	QueryPrefix  = "stripelake-query-"
	TrialPrefix  = "stripelake-trial-"
	VerifyPrefix = "stripelake-verify-" // for a read-only lake
)

const lockName = "lock"

// Dir is a folder that one process works in. The process holds its lock for as long as
// it needs the folder.
type Dir struct {
	Path string
	Lock *filelock.Lock
}

// Make creates a folder in another one. It first removes folders with the same prefix
// whose process was killed: data that a query spilled are unredacted rows of the
// warehouse, personal data included. If no lock can be taken there, it returns the
// folder together with the error.
func Make(in, kind string) (Dir, error) {
	if err := sweep(in, kind); err != nil {
		return Dir{}, err
	}
	for {
		path, err := os.MkdirTemp(in, kind)
		if err != nil {
			return Dir{}, fmt.Errorf("make a folder in %s: %w", in, plainly(err))
		}
		lock, err := filelock.Try(filepath.Join(path, lockName), "a folder of another process")
		if _, gone := os.Stat(path); errors.Is(gone, fs.ErrNotExist) || errors.As(err, new(*filelock.BusyError)) {
			if err := lock.Release(); err != nil {
				return Dir{}, err
			}
			continue // another process swept it before it was locked
		}
		return Dir{path, lock}, err
	}
}

// plainly returns an error without its path, which is random.
func plainly(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

// sweep removes this user's folders of a kind that no process has locked. It leaves
// other users' folders alone: anybody may create one of that name there.
func sweep(in, kind string) error {
	entries, err := os.ReadDir(in)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(in, e.Name())
		if !strings.HasPrefix(e.Name(), kind) || !isOwn(path) {
			continue
		}
		lock, _, _ := filelock.TryExisting(filepath.Join(path, lockName))
		if lock == nil { // in use, or just created and about to be locked
			continue
		}
		if err := errors.Join(removeKilled(path), lock.Release()); err != nil {
			return err
		}
	}
	return nil
}

// removeKilled removes a folder whose lock this process has taken. It renames the folder
// first: the process that made it may only be about to lock it, and must not create the
// lock's file anew in a folder that is being removed.
func removeKilled(path string) error {
	swept := path + "-swept"
	if err := os.Rename(path, swept); errors.Is(err, fs.ErrNotExist) {
		return nil // another process has removed it meanwhile
	} else if err != nil {
		return err
	}
	return remove(swept)
}

// remove removes the lock's file last: a folder without one is never swept.
func remove(folder string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if e.Name() != lockName {
			err = errors.Join(err, os.RemoveAll(filepath.Join(folder, e.Name())))
		}
	}
	if err != nil {
		return err
	}
	return os.RemoveAll(folder)
}

// isOwn reports whether path is a folder of this user, and no link.
func isOwn(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid()
}

// Remove removes the folder with its content, and releases the lock.
func (f Dir) Remove() error {
	if f.Path == "" {
		return nil
	}
	return errors.Join(remove(f.Path), f.Lock.Release())
}
