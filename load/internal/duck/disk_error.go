package duck

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/duckdb/duckdb-go/v2"
)

// DiskError is DuckDB's error for a disk that is full, failing or read-only, or for a
// system that cannot open more files. Text is one line, without the statement, which is
// not at fault. DiskError unwraps to the system's error, as the errors of Go's own file
// operations do.
type DiskError struct {
	Err  syscall.Errno
	Text string
}

func (e *DiskError) Error() string { return "duckdb: " + e.Text }

// Unwrap returns the system's error.
func (e *DiskError) Unwrap() error { return e.Err }

// diskPhrases are the phrases in DuckDB's errors about the disk: the C library's or
// DuckDB's own. DuckDB reports data that it cannot spill to a full disk as out of
// memory.
var diskPhrases = []struct {
	phrase string
	err    syscall.Errno
}{
	{"No space left on device", syscall.ENOSPC},
	{"max_temp_directory_size", syscall.ENOSPC},
	{"Disk quota exceeded", syscall.EDQUOT},
	{"Read-only file system", syscall.EROFS},
	{"Input/output error", syscall.EIO},
	{"I/O error", syscall.EIO},
	{"fsync failed", syscall.EIO},
	{"Too many open files in system", syscall.ENFILE},
	{"Too many open files", syscall.EMFILE},
}

// DuckDB wraps the disk's error in a description of what failed. After a failed write
// to a database it refuses every further statement and quotes the first error.
var (
	wrapped   = regexp.MustCompile(`(?s)^.*(?:Original error: |Failed to commit: | Error: )`)
	afterward = []duckdb.ErrorType{duckdb.ErrorTypeIO, duckdb.ErrorTypeFatal, duckdb.ErrorTypeTransaction, duckdb.ErrorTypeOutOfMemory}
)

// statementError returns a *DiskError if the disk is at fault, else the error with the
// statement.
func statementError(err error, statement string) error {
	if disk := AsDiskError(err); disk != nil {
		return disk
	}
	return fmt.Errorf("%w\nin: %s", err, clip(statement))
}

// AsDiskError returns the *DiskError for a DuckDB error, or nil if the disk is not at
// fault.
func AsDiskError(err error) error {
	var duck *duckdb.Error
	if errors.As(err, &duck) && slices.Contains(afterward, duck.Type) {
		for _, p := range diskPhrases {
			if strings.Contains(duck.Msg, p.phrase) {
				text, _, _ := strings.Cut(wrapped.ReplaceAllString(duck.Msg, ""), "\n")
				return &DiskError{p.err, strings.Trim(text, `"!`)}
			}
		}
	}
	return nil
}
