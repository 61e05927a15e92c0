package atomicfile

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

	"github.com/stripelake/stripelake/load/internal/folder"
	"github.com/stripelake/stripelake/load/internal/trace"
)

// TempSuffix ends the name of every file that is being written. It keeps such a file
// out of the *.parquet globs that people use.
const TempSuffix = ".tmp"

// Hooks are the trace points of one file write.
type Hooks struct{ Written, Renamed, Synced func() }

// Write makes a complete file appear under its final name, or none: it writes a
// temporary file, fsyncs and closes it, renames it, and fsyncs the folder. Every file
// of a lake that DuckDB does not write is written this way (Invariants 1 and 2).
func Write(path string, m Hooks, write func(io.Writer) error) error {
	tmp := path + TempSuffix
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
	trace.Hit(m.Written)
	return Rename(tmp, path, m)
}

// Rename gives a synced temporary file its final name, durably.
func Rename(tmp, path string, m Hooks) error {
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	trace.Hit(m.Renamed)
	if err := Sync(filepath.Dir(path)); err != nil {
		return err
	}
	trace.Hit(m.Synced)
	return nil
}

// Sync flushes a file or folder to the disk.
func Sync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// syncsAtOnce is the number of files or folders flushed concurrently. A disk flushes
// many together in little more time than one.
const syncsAtOnce = 16

// SyncAll flushes files and folders to the disk, in no particular order.
func SyncAll(paths []string) error {
	var group errgroup.Group
	group.SetLimit(syncsAtOnce)
	for _, path := range paths {
		group.Go(func() error { return Sync(path) })
	}
	return group.Wait()
}

// WriteJSON writes v as indented JSON, as Write does.
func WriteJSON(path string, m Hooks, v any) error {
	return Write(path, m, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	})
}

// ReadJSON reads a file that WriteJSON wrote into v. The error for a missing file is
// fs.ErrNotExist.
func ReadJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// Size returns the size of a file in bytes.
func Size(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// SweepTemp removes the temporary files below dir that a crash left. It follows links
// to folders down to links levels below dir.
func SweepTemp(dir string, links int) error {
	return folder.Walk(dir, links, func(path string, isDir bool) error {
		if !isDir && strings.HasSuffix(path, TempSuffix) {
			return os.Remove(path)
		}
		return nil
	})
}

// MakeDir makes dir and its parents. Their names survive a power loss.
func MakeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := MakeDir(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); errors.Is(err, fs.ErrExist) {
		_, err = folder.Exists(dir) // another process made it, or it is a link
		return err
	} else if err != nil {
		return err
	}
	return Sync(parent)
}

// DamagedSuffix ends the name of a file in quarantine. The file is kept for people who
// look for the cause; the program never reads it.
const DamagedSuffix = ".damaged"

// IsJSONDamage reports whether err concerns the content of a JSON file, not reading it.
func IsJSONDamage(err error) bool {
	return errors.As(err, new(*json.SyntaxError)) || errors.As(err, new(*json.UnmarshalTypeError))
}
