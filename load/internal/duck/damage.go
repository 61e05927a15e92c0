package duck

import (
	"errors"
	"slices"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/stripelake/stripelake/load/internal/oserr"
)

// IsTransient reports whether a DuckDB error says nothing about the file itself:
// another program has it open, memory or disk space is short, or the disk refuses
// writes. A disk that refuses reads is not transient: the log may be on intact blocks.
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

// IsDamage reports whether a DuckDB error means a damaged file, not a lack of memory
// and not a mistake in one of our queries.
func IsDamage(err error) bool {
	if d, ok := errors.AsType[*duckdb.Error](err); ok && slices.Contains(
		[]duckdb.ErrorType{duckdb.ErrorTypeParser, duckdb.ErrorTypeBinder, duckdb.ErrorTypeNotImplemented, duckdb.ErrorTypeInterrupt}, d.Type) {
		return false
	}
	return !IsTransient(err)
}
