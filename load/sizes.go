package load

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/fsprobe"
	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// Sizes has sizes in bytes on disk; nil where this user may not measure them. A file
// that generations share is counted once, in the published one.
type Sizes struct {
	Log       *int64 `json:"log,omitempty"`
	State     *int64 `json:"state,omitempty"`     // the private DuckDB file
	Published *int64 `json:"published,omitempty"` // the linked generation
}

// ReadSizes measures the lake in dir as it is now. It takes no lock.
func ReadSizes(dir string) (sizes Sizes, err error) {
	l := Lake{dir: dir}
	if sizes.Log, err = measured(l.logBytes()); err != nil {
		return sizes, err
	}
	if sizes.State, err = measured(atomicfile.Size(l.databasePath())); err != nil {
		return sizes, err
	}
	sizes.Published, err = measured(l.publishedBytes())
	return sizes, err
}

// measured returns a size: 0 for a missing file, nil for one that this user may not
// read.
func measured(bytes int64, err error) (*int64, error) {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, nil
	case errors.Is(err, fs.ErrNotExist): // includes a generation that was replaced meanwhile
		err = nil
	}
	return &bytes, err
}

func (l *Lake) logBytes() (bytes int64, err error) {
	logs, err := LogSizes(l.dir)
	for _, log := range logs {
		bytes += log.Bytes
	}
	return bytes, err
}

func (l *Lake) publishedBytes() (int64, error) {
	published, err := filepath.EvalSymlinks(l.path(lakedir.LinkName))
	if err != nil {
		return 0, err
	}
	return bytesBelow(published)
}

// bytesBelow returns the total size of the files in a folder.
func bytesBelow(dir string) (bytes int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			bytes += info.Size()
		}
		return err
	})
	return bytes, err
}

// Room is the condition of the file system under a folder that may not exist yet.
type Room struct {
	Free     int64 // bytes that this user may still write; -1 if unknown
	Writable bool
}

// ReadRoom measures the file system of dir, or of the nearest existing folder above it.
func ReadRoom(dir string) (Room, error) {
	dir, err := fsprobe.Existing(dir)
	if err != nil {
		return Room{}, fmt.Errorf("measure the disk: %w", err)
	}
	return Room{Free: fsprobe.FreeBytes(dir), Writable: fsprobe.MayWrite(dir)}, nil
}
