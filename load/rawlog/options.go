package rawlog

import (
	"fmt"
	"path/filepath"
	"regexp"
	"time"

	"github.com/stripelake/stripelake/load/internal/filelock"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/internal/trace"
)

// Options say where a log is and how to write it. A zero value has no default here: the
// lake sets the defaults.
type Options struct {
	Lake string // absolute path of the lake's folder

	SegmentBytes   int // most raw JSON in a segment, in bytes
	SegmentObjects int
	CompactAfter   int // number of small segments from which Tidy merges those of a stream

	Wait    time.Duration             // longest wait for the lock
	Waiting func(*filelock.BusyError) // called once with the holder of the lock; may be nil

	MemoryLimit string // of the DuckDB that finds superseded versions, such as "200MB"
	Threads     int
	Temp        string // folder for the data that this DuckDB spills

	Trace trace.Trace
}

var (
	accountName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	streamName  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
)

// CheckAccount returns an error if an account's id cannot be the name of a folder.
func CheckAccount(id string) error {
	if !accountName.MatchString(id) {
		return fmt.Errorf("account %q: only letters, digits, _ and -, at most 64", id)
	}
	return nil
}

// path returns the path of an account's folder, a stream's folder or a file in one.
func (o Options) path(elem ...string) string {
	return filepath.Join(append([]string{o.Lake, lakedir.RawDir}, elem...)...)
}

// relative returns a path relative to the lake, for people.
func (o Options) relative(path string) string { return lakedir.Relative(o.Lake, path) }
