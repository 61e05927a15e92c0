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

// Options say where a log is and how it is written. Zero values are not
// defaults: the lake has those.
type Options struct {
	Lake string // the lake's folder, absolute

	SegmentBytes   int // raw JSON in a segment
	SegmentObjects int
	CompactAfter   int // small segments of a stream that Tidy merges

	Wait    time.Duration             // how long to wait for the lock
	Waiting func(*filelock.BusyError) // told once of who is waited for; may be nil

	MemoryLimit string // of the DuckDB that finds what was superseded
	Threads     int
	Temp        string // where that may spill

	Trace trace.Trace
}

var (
	accountName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	streamName  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
)

// CheckAccount says why an account's id cannot be the name of its folder, if so.
func CheckAccount(id string) error {
	if !accountName.MatchString(id) {
		return fmt.Errorf("account %q: only letters, digits, _ and -, at most 64", id)
	}
	return nil
}

// path is a place in the log: of an account, a stream or a file of one.
func (o Options) path(elem ...string) string {
	return filepath.Join(append([]string{o.Lake, lakedir.RawDir}, elem...)...)
}

// relative is a path as people write it: inside the lake.
func (o Options) relative(path string) string { return lakedir.Relative(o.Lake, path) }
