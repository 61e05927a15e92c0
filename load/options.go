package load

import (
	"cmp"
	"time"

	"github.com/stripelake/stripelake/schemas"
)

// Options says how to use a lake. Only Mode and Tables are required.
type Options struct {
	Mode        string  // "live" or "test"; empty takes the mode of a lake that exists
	Tables      []Table // which table is built from which streams, in publishing order
	Views       []View  // marts, created in each published warehouse in this order
	Fingerprint string  // of everything declared, descriptions included
	Program     string  // version of the program, for those who read what it publishes

	Resources *schemas.Resources // what the log has streams of; nil: the shipped ones

	Schemas map[string]string // files of the schema set, by path; stored with what is built from them
	Anew    bool              // start from an empty state, whatever exists
	NoList  bool              // open the lake although its list of the forgotten is lost: for reading only, or to begin a new list

	MemoryLimit     string           // of DuckDB; "96MB" if empty
	Checkpoint      string           // size at which the state's write-ahead log is merged into the file; "24MB" if empty
	Writers         int              // partition files written concurrently; 1 if zero
	Threads         int              // of DuckDB; 1 if zero: a second one costs a third more memory and gains little
	SegmentBytes    int              // bytes of raw JSON in a segment; 32 MiB if zero
	SegmentObjects  int              // objects in a segment; 20,000 if zero
	CompactAfter    int              // number of small segments from which Tidy merges those of a stream; 64 if zero
	PartRows        int              // most rows in a partition file; 64,000 if zero, fewer in wide tables
	KeepGenerations int              // number of old generations to keep; 2 if zero, none if negative
	KeepRuns        time.Duration    // how long meta.runs and meta.verifications keep a record; zero keeps all
	StateWait       time.Duration    // longest wait for the state's lock; 30 s if zero, no wait if negative
	LogWait         time.Duration    // longest wait for the lock of a log
	Waiting         func(*BusyError) // called once with the holder of the lock; may be nil
	OnStage         func(string)     // called with what begins now, such as "publishing: partitions"; may be nil
	Trace           Trace

	refreshAfter int64  // of tests: objects or rows after which the state is attached again, see refresh
	warehouseBy  string // of tests: byCopy or byPatch, where a publish has both ways; empty is the one that writes less
}

// The ways to make a warehouse.
const (
	byCopy  = "copy"
	byPatch = "patch"
)

// Table is one declared table and the streams whose objects feed it.
type Table struct {
	Schema  *schemas.Schema
	Streams []string
	Main    string // the stream whose main table this is: rows + rejects = objects; or empty
	KeyIsID bool   // the key is the id of the row's object, so no two rows share one

	Fingerprint string // of everything that decides its rows; a change makes the state's table stale
}

func (o Options) withDefaults() Options {
	o.MemoryLimit = cmp.Or(o.MemoryLimit, "96MB")
	o.Threads = cmp.Or(o.Threads, 1)
	o.Checkpoint = cmp.Or(o.Checkpoint, "24MB")
	o.Writers = cmp.Or(o.Writers, 1)
	o.SegmentBytes = cmp.Or(o.SegmentBytes, 32<<20)
	o.SegmentObjects = cmp.Or(o.SegmentObjects, 20_000)
	o.refreshAfter = cmp.Or(o.refreshAfter, refreshAfter)
	o.CompactAfter = cmp.Or(o.CompactAfter, 64)
	o.PartRows = cmp.Or(o.PartRows, 64_000)
	o.KeepGenerations = max(0, cmp.Or(o.KeepGenerations, 2))
	o.StateWait = max(0, cmp.Or(o.StateWait, 30*time.Second))
	return o
}
