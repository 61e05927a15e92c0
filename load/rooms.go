package load

import (
	"database/sql"

	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/filelock"
	"github.com/stripelake/stripelake/load/internal/fsprobe"
	"github.com/stripelake/stripelake/load/internal/oserr"
	"github.com/stripelake/stripelake/load/internal/trace"
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

	// Trace is called at each moment at which a crash leaves something different
	// behind; every func may be nil.
	Trace = trace.Trace
)

// OpenWarehouse opens a published warehouse, or any DuckDB file, for reading
// only. Its tables are the connection's default, so no catalog needs to be named.
func OpenWarehouse(path string) (*sql.DB, error) { return duck.OpenWarehouse(path) }

// Shortage says what to do about an error of a process, or a machine, that may not
// open more files; it is empty for any other. Such an error says nothing about the
// file that was to be opened.
func Shortage(err error) (fix string) { return oserr.Shortage(err) }
