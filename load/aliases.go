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

// Types of the packages below, for callers outside load and its rooms.
type (
	// BusyError is the error for a lock of the lake that another process holds. The
	// caller can only try again later; the kernel drops the lock when its process ends.
	BusyError = filelock.BusyError

	// DiskError is DuckDB's error for a disk that is full, failing or read-only. It
	// unwraps to the system's error.
	DiskError = duck.DiskError

	// LackingError is the error for a file system that cannot do what a lake needs.
	LackingError = fsprobe.LackingError

	// View is a mart: a SELECT over the tables and earlier views.
	View = duck.View

	// Comment is the comment of a view's column.
	Comment = duck.Comment

	// Trace has a func for each moment at which a crash leaves something different
	// behind. Every func may be nil.
	Trace = trace.Trace
)

// Types of the raw log. Package rawlog documents them.
type (
	// Log is the raw log of one account, open for appending by one process.
	Log = rawlog.Log

	// Raw is one version of one Stripe object, as it was received.
	Raw = rawlog.Raw

	// Position is a position in a stream's log. It covers all segments up to and
	// including its own.
	Position = rawlog.Position

	// SegmentBatch is a range of objects of one segment, in seq order.
	SegmentBatch = rawlog.SegmentBatch

	// Rewriting selects what a rewrite removes from a stream.
	Rewriting = rawlog.Rewriting

	// LogSize is the size of a stream in the raw log.
	LogSize = rawlog.Size

	// Loss is a range of segments that are missing or cannot be read, with what is
	// known of their content.
	Loss = rawlog.Loss

	// LostObject is an object whose newest version is lost.
	LostObject = rawlog.LostObject

	// DamagedError names a damaged file of the raw log.
	DamagedError = rawlog.DamagedError
)

// FixLog is the advice for a raw log that lacks segments.
const FixLog = rawlog.FixLog

// ErrNewerFormat is the error for a lake or a segment that a newer program wrote.
var ErrNewerFormat = rawlog.ErrNewerFormat

// LogSizes measures the raw log of the lake in dir, by account and stream.
func LogSizes(dir string) ([]LogSize, error) { return rawlog.Sizes(dir) }

// OpenWarehouse opens a published warehouse, or any DuckDB file, for reading only. Its
// tables are the connection's default, so no catalog needs to be named.
func OpenWarehouse(path string) (*sql.DB, error) { return duck.OpenWarehouse(path) }

// Shortage returns the advice for an error of a process or a machine that cannot open
// more files, and "" for any other error. Such an error says nothing about the file to
// be opened.
func Shortage(err error) (fix string) { return oserr.Shortage(err) }

// CheckFileSystem tests what a lake needs of the file system under dir, which need not
// exist yet, in a folder that it creates and removes. The error is a *LackingError if
// the file system lacks something, and another error if nothing can be written there.
func CheckFileSystem(dir string) error { return fsprobe.Check(dir, lakedir.StateDir) }
