package duck

import (
	"errors"
	"slices"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/stripelake/stripelake/load/internal/oserr"
)

// IsTransient reports whether DuckDB's error says nothing about the file itself:
// another program has it open, there is no room, or the disk does not let it be
// written. A disk that does not let it be read is another matter: the log may
// be on sound blocks.
func IsTransient(err error) bool {
	if oserr.IsShortage(err) {
		return true
	}
	if disk := new(DiskError); errors.As(err, &disk) && !strings.Contains(disk.Text, "read from file") {
		return true
	}
	return slices.ContainsFunc([]string{"lock on file", "Out of Memory"},
		func(s string) bool { return strings.Contains(err.Error(), s) })
}

// IsDamage tells what a damaged file makes DuckDB say from a lack of memory, and
// from a mistake in a query of ours.
func IsDamage(err error) bool {
	if d, ok := errors.AsType[*duckdb.Error](err); ok && slices.Contains(
		[]duckdb.ErrorType{duckdb.ErrorTypeParser, duckdb.ErrorTypeBinder, duckdb.ErrorTypeNotImplemented, duckdb.ErrorTypeInterrupt}, d.Type) {
		return false
	}
	return !IsTransient(err)
}
