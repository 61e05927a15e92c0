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

// DiskError is what DuckDB says when the disk did not do as it was told: full,
// failing or read-only; or the system, which has no more open files to give. Its
// text is one line, without the statement that it met, which is not at fault. It
// unwraps to the system's error, as the errors of Go's own file operations do.
type DiskError struct {
	Err  syscall.Errno
	Text string
}

func (e *DiskError) Error() string { return "duckdb: " + e.Text }

// Unwrap returns the system's error.
func (e *DiskError) Unwrap() error { return e.Err }

// diskPhrases are how DuckDB tells of the disk: with the C library's words, or
// its own. What it may not spill to a full disk it calls out of memory.
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

// DuckDB wraps what the disk said in what it did about it. After a failed write
// to a database it refuses every further statement, with the first error quoted.
var (
	wrapped   = regexp.MustCompile(`(?s)^.*(?:Original error: |Failed to commit: | Error: )`)
	afterward = []duckdb.ErrorType{duckdb.ErrorTypeIO, duckdb.ErrorTypeFatal, duckdb.ErrorTypeTransaction, duckdb.ErrorTypeOutOfMemory}
)

// statementError says what became of a statement: a *DiskError if the disk is at
// fault, else the error with the statement.
func statementError(err error, statement string) error {
	if disk := AsDiskError(err); disk != nil {
		return disk
	}
	return fmt.Errorf("%w\nin: %s", err, clip(statement))
}

// AsDiskError is the *DiskError that an error of DuckDB is, or nil.
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
