package load

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// queryFolders is what the folders are called that queries work in.
const queryFolders = "stripelake-query-"

// queryFolder is where one query spills, in the system's temporary folder. Its lock
// is held for as long as the query lives.
type queryFolder struct {
	path string
	lock *fileLock
}

// makeQueryFolder makes a folder, and removes those of queries that were killed:
// what they spilled is rows of the warehouse as they are, personal ones too.
func makeQueryFolder() (queryFolder, error) {
	if err := sweepQueryFolders(); err != nil {
		return queryFolder{}, err
	}
	for {
		path, err := os.MkdirTemp("", queryFolders)
		if err != nil {
			return queryFolder{}, err
		}
		lock, err := tryLock(filepath.Join(path, "lock"), "the folder of a query")
		if errors.Is(err, fs.ErrNotExist) || errors.As(err, new(*BusyError)) {
			continue // another query swept it in between
		}
		if err != nil {
			return queryFolder{}, errors.Join(err, os.RemoveAll(path))
		}
		return queryFolder{path, lock}, nil
	}
}

// sweepQueryFolders removes this user's folders that no process has locked. Anybody
// may put something of that name there.
func sweepQueryFolders() error {
	folders, err := filepath.Glob(filepath.Join(os.TempDir(), queryFolders+"*"))
	if err != nil {
		return err
	}
	for _, path := range folders {
		lockPath := filepath.Join(path, "lock")
		if !isOwnFolder(path) {
			continue
		}
		if _, err := os.Stat(lockPath); err != nil { // just made, and about to be locked
			continue
		}
		lock, err := tryLock(lockPath, "the folder of a query")
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
func (f queryFolder) remove() error {
	if f.path == "" {
		return nil
	}
	return errors.Join(os.RemoveAll(f.path), f.lock.release())
}
