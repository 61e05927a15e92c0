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
		lock, err := filelock.Try(filepath.Join(path, "lock"), "a folder of another process")
		if errors.Is(err, fs.ErrNotExist) || errors.As(err, new(*filelock.BusyError)) {
			continue // another process swept it meanwhile
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
		lockPath := filepath.Join(path, "lock")
		if !strings.HasPrefix(e.Name(), kind) || !isOwn(path) {
			continue
		}
		if _, err := os.Stat(lockPath); err != nil { // just created, and about to be locked
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
	return errors.Join(os.RemoveAll(f.Path), f.Lock.Release())
}
