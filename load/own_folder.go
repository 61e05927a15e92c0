package load

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// What folders are called that one process works in, before what is random.
const (
	queryFolders  = "stripelake-query-"
	trialFolders  = "stripelake-trial-"
	verifyFolders = "stripelake-verify-" // of a lake that is read-only
)

// ownFolder is a folder that one process works in, beside others of its kind. Its
// lock is held for as long as the process needs it.
type ownFolder struct {
	path string
	lock *fileLock
}

// makeOwnFolder makes a folder in another one, and removes those of its kind whose
// process was killed: what a query spilled is rows of the warehouse as they are,
// personal ones too. Where no lock can be taken there, the error comes with the
// folder.
func makeOwnFolder(in, kind string) (ownFolder, error) {
	if err := sweepOwnFolders(in, kind); err != nil {
		return ownFolder{}, err
	}
	for {
		path, err := os.MkdirTemp(in, kind)
		if err != nil {
			return ownFolder{}, fmt.Errorf("make a folder in %s: %w", in, plainly(err))
		}
		lock, err := tryLock(filepath.Join(path, "lock"), "a folder of another process")
		if errors.Is(err, fs.ErrNotExist) || errors.As(err, new(*BusyError)) {
			continue // another process swept it in between
		}
		return ownFolder{path, lock}, err
	}
}

// plainly is an error without the path that it names, which is random.
func plainly(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

// sweepOwnFolders removes this user's folders of a kind that no process has locked.
// Anybody may put something of that name there.
func sweepOwnFolders(in, kind string) error {
	entries, err := os.ReadDir(in)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(in, e.Name())
		lockPath := filepath.Join(path, "lock")
		if !strings.HasPrefix(e.Name(), kind) || !isOwnFolder(path) {
			continue
		}
		if _, err := os.Stat(lockPath); err != nil { // just made, and about to be locked
			continue
		}
		lock, err := tryLock(lockPath, "a folder of another process")
		if err != nil {
			continue
		}
		if err := errors.Join(os.RemoveAll(path), lock.release()); err != nil {
			return err
		}
	}
	return nil
}

// isOwnFolder reports a folder of this user's, and no link to one.
func isOwnFolder(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid()
}

// remove removes the folder and what is in it.
func (f ownFolder) remove() error {
	if f.path == "" {
		return nil
	}
	return errors.Join(os.RemoveAll(f.path), f.lock.release())
}
