package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"
)

// tmpSuffix ends the name of every file that is being written. It keeps such
// a file outside the *.parquet globs that people use.
const tmpSuffix = ".tmp"

// moments are the trace points of one file write.
type moments struct{ written, renamed, synced func() }

// writeFile makes a file appear whole under its final name, or not at all:
// temporary name, write, fsync, close, rename, fsync of the folder.
// It is how every file of a lake is written that DuckDB does not write itself.
func writeFile(path string, m moments, write func(io.Writer) error) error {
	tmp := path + tmpSuffix
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	hit(m.written)
	return renameFile(tmp, path, m)
}

// renameFile gives a synced temporary file its final name, durably.
func renameFile(tmp, path string, m moments) error {
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	hit(m.renamed)
	if err := syncPath(filepath.Dir(path)); err != nil {
		return err
	}
	hit(m.synced)
	return nil
}

// syncPath flushes a file or folder to the disk.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// syncsAtOnce are how many files or folders are flushed side by side: a disk takes
// many together in little more time than one.
const syncsAtOnce = 16

// syncAll is syncPath of many, in no order.
func syncAll(paths []string) error {
	var group errgroup.Group
	group.SetLimit(syncsAtOnce)
	for _, path := range paths {
		group.Go(func() error { return syncPath(path) })
	}
	return group.Wait()
}

// writeJSON writes v, indented for people, by writeFile.
func writeJSON(path string, m moments, v any) error {
	return writeFile(path, m, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	})
}

// readJSON reads what writeJSON wrote. A missing file is fs.ErrNotExist.
func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// fileBytes is the size of a file.
func fileBytes(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// sweepTemp removes what a crash left half written below dir, in linked folders
// so many levels deep.
func sweepTemp(dir string, links int) error {
	return walk(dir, links, func(path string, isDir bool) error {
		if !isDir && strings.HasSuffix(path, tmpSuffix) {
			return os.Remove(path)
		}
		return nil
	})
}

// makeDir makes dir and its parents and sees to it that their names survive a
// power loss.
func makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeDir(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); errors.Is(err, fs.ErrExist) {
		_, err = isFolder(dir) // made by another process, or a link
		return err
	} else if err != nil {
		return err
	}
	return syncPath(parent)
}
