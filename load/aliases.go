package load

import (
	"database/sql"

	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/filelock"
	"github.com/stripelake/stripelake/load/internal/fsprobe"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/internal/oserr"
	"github.com/stripelake/stripelake/load/internal/trace"
	"github.com/stripelake/stripelake/load/rawlog"
)

// What callers see of the packages below, which only load and its rooms import.
type (
	// BusyError says that another process holds a lock of the lake. Trying again
	// later is all there is to do; the lock goes with its process.
	BusyError = filelock.BusyError

	// DiskError is what DuckDB says when the disk did not do as it was told. It
	// unwraps to the system's error.
	DiskError = duck.DiskError

	// LackingError says what the file system under a lake cannot do, and is a thing
	// that a lake rests on.
	LackingError = fsprobe.LackingError

	// View is a mart: a SELECT over the tables and the views before it.
	View = duck.View

	// Comment is on a column of a view.
	Comment = duck.Comment

	// Trace is called at each moment at which a crash leaves something different
	// behind; every func may be nil.
	Trace = trace.Trace
)

// The raw log, of which package rawlog says all.
type (
	// Log is the raw log of one account, open for appending by one process.
	Log = rawlog.Log

	// Raw is one version of one Stripe object, as it was received.
	Raw = rawlog.Raw

	// Position is a place in the log: everything of a stream up to and with a segment.
	Position = rawlog.Position

	// SegmentBatch is a run of objects of one segment, in seq order.
	SegmentBatch = rawlog.SegmentBatch

	// Rewriting says what to take out of a stream.
	Rewriting = rawlog.Rewriting

	// LogSize is how much of a stream is in the raw log.
	LogSize = rawlog.Size

	// Loss is a run of segments that are missing or cannot be read, and what is known
	// of what was in them.
	Loss = rawlog.Loss

	// LostObject is an object whose newest version is lost.
	LostObject = rawlog.LostObject

	// DamagedError names a file of the raw log that does not hold what it should.
	DamagedError = rawlog.DamagedError
)

// FixLog is what to do about a raw log that lacks something.
const FixLog = rawlog.FixLog

// ErrNewerFormat says that a newer program made the lake or a segment of it.
var ErrNewerFormat = rawlog.ErrNewerFormat

// LogSizes measures the raw log in a lake's folder, by account and stream.
func LogSizes(dir string) ([]LogSize, error) { return rawlog.Sizes(dir) }

// OpenWarehouse opens a published warehouse, or any DuckDB file, for reading
// only. Its tables are the connection's default, so no catalog needs to be named.
func OpenWarehouse(path string) (*sql.DB, error) { return duck.OpenWarehouse(path) }

// Shortage says what to do about an error of a process, or a machine, that may not
// open more files; it is empty for any other. Such an error says nothing about the
// file that was to be opened.
func Shortage(err error) (fix string) { return oserr.Shortage(err) }

// CheckFileSystem tries out what a lake needs of the file system under dir, which
// need not exist yet, in a folder that it makes and removes. The error is a
// *LackingError where it has not all of that, and another one where nothing can be
// written there.
func CheckFileSystem(dir string) error { return fsprobe.Check(dir, lakedir.StateDir) }
