package load

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Shortage says what to do about an error of a process, or a machine, that may not
// open more files; it is empty for any other. Such an error says nothing about the
// file that was to be opened: nothing is found damaged, set aside, mended or read
// again for it.
func Shortage(err error) (fix string) {
	switch {
	case errors.Is(err, syscall.EMFILE):
		return "this process may not have more files open: raise its limit (ulimit -n 1024; LimitNOFILE= of a service) and run again: nothing is lost"
	case errors.Is(err, syscall.ENFILE):
		return "this machine may not have more files open: see which process has them (sysctl fs.file-nr fs.file-max) and run again: nothing is lost"
	}
	return ""
}

// isShort reports such an error.
func isShort(err error) bool { return Shortage(err) != "" }

// damaged says that a file of the raw log is not as it was written, unless that
// cannot be known.
func damaged(path string, err error) error {
	if isShort(err) {
		return err
	}
	return &DamagedError{path, err}
}

// glob is filepath.Glob below a folder, with a pattern for each level, that tells
// of folders that it cannot look into.
func glob(dir string, patterns ...string) (paths []string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	for _, e := range entries {
		matched, badErr := filepath.Match(patterns[0], e.Name())
		err = errors.Join(err, badErr)
		path := filepath.Join(dir, e.Name())
		switch {
		case !matched:
		case len(patterns) == 1:
			paths = append(paths, path)
		default:
			below, belowErr := glob(path, patterns[1:]...)
			paths, err = append(paths, below...), errors.Join(err, belowErr)
		}
	}
	return paths, err
}
