package duck

import (
	"errors"
	"syscall"
	"testing"

	"github.com/duckdb/duckdb-go/v2"
)

// DuckDB's errors about a disk, copied from real ones, become the system's error and
// one line without the statement.
func TestDiskErrors(t *testing.T) {
	for _, tc := range []struct {
		kind   duckdb.ErrorType
		said   string
		err    syscall.Errno
		want   string
		passes bool // the error says nothing about the file itself
	}{
		{
			duckdb.ErrorTypeIO, `IO Error: Could not write file "/l/part-00.parquet.tmp": No space left on device`,
			syscall.ENOSPC, `duckdb: Could not write file "/l/part-00.parquet.tmp": No space left on device`, true,
		},
		{
			duckdb.ErrorTypeIO, `IO Error: Checkpoint failed for database "work". The database has been invalidated. Original error: Could not write file "/l/work.duckdb": Input/output error`,
			syscall.EIO, `duckdb: Could not write file "/l/work.duckdb": Input/output error`, true,
		},
		{
			duckdb.ErrorTypeTransaction, `TransactionContext Error: Failed to commit: Cannot open file "/l/work.duckdb.wal": Read-only file system`,
			syscall.EROFS, `duckdb: Cannot open file "/l/work.duckdb.wal": Read-only file system`, true,
		},
		{
			duckdb.ErrorTypeFatal, "FATAL Error: Failed: database has been invalidated because of a previous fatal error. The database must be restarted prior to being used again.\nOriginal error: \"fsync failed!\"",
			syscall.EIO, "duckdb: fsync failed", true,
		},
		{
			duckdb.ErrorTypeOutOfMemory, "Out of Memory Error: failed to offload data block of size 32.0 KiB (1.2 GiB/1.2 GiB used).\nThis limit was set by the 'max_temp_directory_size' setting.",
			syscall.ENOSPC, "duckdb: failed to offload data block of size 32.0 KiB (1.2 GiB/1.2 GiB used).", true,
		},
		{
			duckdb.ErrorTypeIO, `IO Error: Could not read from file "/l/work.duckdb": Input/output error`,
			syscall.EIO, `duckdb: Could not read from file "/l/work.duckdb": Input/output error`, false,
		},
		{
			duckdb.ErrorTypeConversion, `Conversion Error: Could not convert string 'No space left on device' to INT32`,
			0, "Conversion Error: Could not convert string 'No space left on device' to INT32\nin: SELECT 1", false,
		},
	} {
		err := statementError(&duckdb.Error{Type: tc.kind, Msg: tc.said}, "SELECT 1")
		if err.Error() != tc.want {
			t.Errorf("%s\n got %s\nwant %s", tc.said, err, tc.want)
		}
		if got := errors.Is(err, tc.err); got != (tc.err != 0) {
			t.Errorf("%s: is %v: %t", tc.said, tc.err, got)
		}
		if IsTransient(err) != tc.passes {
			t.Errorf("%s: passing: %t, want %t", tc.said, !tc.passes, tc.passes)
		}
	}
}
