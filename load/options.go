package load

import (
	"cmp"
	"time"

	"github.com/stripelake/stripelake/schemas"
)

// Options says how a lake is used. Only Mode and Tables need to be set.
type Options struct {
	Mode        string  // "live" or "test"; empty takes the mode of a lake that exists
	Tables      []Table // what is built from which stream, in the order to publish
	Views       []View  // marts, made in each published warehouse in this order
	Fingerprint string  // of all that is declared, descriptions too

	Schemas map[string]string // the files of the schema set, by path; kept with what is built from them
	Anew    bool              // start from an empty state, whatever there is
	NoList  bool              // open the lake though its list of the forgotten is lost: to look only, or to begin a new one

	MemoryLimit     string           // of DuckDB; "96MB" if empty
	Checkpoint      string           // how large the state's write-ahead log gets before it is merged into the file; "16MB" if empty
	Writers         int              // partition files written at the same time; 1 if zero
	Threads         int              // of DuckDB; 1 if zero: a second one costs a third more memory and gains little
	SegmentBytes    int              // raw JSON in a segment; 32 MiB if zero
	SegmentObjects  int              // 20,000 if zero
	CompactAfter    int              // small segments of a stream that Tidy merges; 64 if zero
	PartRows        int              // rows in a partition file, at most; 64,000 if zero, fewer in wide tables
	KeepGenerations int              // old generations kept beside the current one; 2 if zero, none if negative
	StateWait       time.Duration    // how long to wait for the state's lock; 30 s if zero, not at all if negative
	LogWait         time.Duration    // how long to wait for the lock of a log
	Waiting         func(*BusyError) // told once of who is waited for; may be nil
	Trace           Trace
}

// Table is one declared table and the streams whose objects feed it.
type Table struct {
	Schema  *schemas.Schema
	Streams []string
	Main    string // the stream of which this is the main table: rows + rejects = objects; or empty
	KeyIsID bool   // its key is the id of the object that a row is made of: no two rows are given one

	Fingerprint string // of what decides its rows; another one makes the state's table stale
}

func (o Options) withDefaults() Options {
	o.MemoryLimit = cmp.Or(o.MemoryLimit, "96MB")
	o.Threads = cmp.Or(o.Threads, 1)
	o.Checkpoint = cmp.Or(o.Checkpoint, "16MB")
	o.Writers = cmp.Or(o.Writers, 1)
	o.SegmentBytes = cmp.Or(o.SegmentBytes, 32<<20)
	o.SegmentObjects = cmp.Or(o.SegmentObjects, 20_000)
	o.CompactAfter = cmp.Or(o.CompactAfter, 64)
	o.PartRows = cmp.Or(o.PartRows, 64_000)
	o.KeepGenerations = max(0, cmp.Or(o.KeepGenerations, 2))
	o.StateWait = max(0, cmp.Or(o.StateWait, 30*time.Second))
	return o
}
