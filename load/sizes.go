package load

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/stripelake/stripelake/load/internal/atomicfile"
)

// LogSize is how much of a stream is in the raw log.
type LogSize struct {
	Account  string `json:"account"`
	Stream   string `json:"stream"`
	Newest   uint64 `json:"newest"` // segment
	Segments int    `json:"segments"`
	Bytes    int64  `json:"bytes"`  // on disk
	Cursor   string `json:"cursor"` // where extraction goes on
}

// LogSizes measures the raw log in a lake's folder, by account and stream.
func LogSizes(dir string) ([]LogSize, error) {
	accounts, err := rawAccounts(dir)
	if err != nil {
		return nil, fmt.Errorf("measure log: %w", err)
	}
	var sizes []LogSize
	for _, account := range accounts {
		streams, err := rawStreams(dir, account)
		if err != nil {
			return nil, fmt.Errorf("measure log: %w", err)
		}
		for _, stream := range streams {
			segments, err := listSegments(LogOptions{Lake: dir}.path(account, stream))
			if err != nil {
				return nil, fmt.Errorf("measure log: %w", err)
			}
			log := Log{opts: LogOptions{Lake: dir}, account: account, streams: map[string]*streamLog{}}
			cursor, err := log.Cursor(stream) // reading takes no lock: files are replaced by renames
			if err != nil {
				return nil, fmt.Errorf("measure log: %w", err)
			}
			size := LogSize{Account: account, Stream: stream, Segments: len(segments), Cursor: cursor}
			for _, s := range segments {
				size.Bytes += s.bytes
				size.Newest = s.last
			}
			sizes = append(sizes, size)
		}
	}
	return sizes, nil
}

// Sizes are bytes on disk; nil where they are closed to whoever measures. Files
// that generations share are counted once, in the published one.
type Sizes struct {
	Log       *int64 `json:"log,omitempty"`
	State     *int64 `json:"state,omitempty"`     // the private DuckDB file
	Published *int64 `json:"published,omitempty"` // the linked generation
}

// ReadSizes measures a lake as it is now. It takes no lock.
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

// measured is a size, 0 of what is not there, or nil where that is closed.
func measured(bytes int64, err error) (*int64, error) {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, nil
	case errors.Is(err, fs.ErrNotExist): // also a generation that was replaced while we looked
		err = nil
	}
	return &bytes, err
}

func (l *Lake) logBytes() (bytes int64, err error) {
	logs, err := l.LogSizes()
	for _, log := range logs {
		bytes += log.Bytes
	}
	return bytes, err
}

func (l *Lake) publishedBytes() (int64, error) {
	published, err := filepath.EvalSymlinks(l.path(linkName))
	if err != nil {
		return 0, err
	}
	return bytesBelow(published)
}

// bytesBelow measures the files in a folder.
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
