package query

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/stripelake/stripelake/load/internal/duck"
)

// Error is a mistake in a question. Message is DuckDB's text, with the line of the
// question where it found the mistake.
type Error struct{ Message string }

func (e *Error) Error() string { return e.Message }

const oneSelect = "only one statement that returns rows can be asked: SELECT, FROM, WITH, VALUES, PIVOT, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN of one of those"

const severalStatements = "the question has several statements; ask them one at a time, because each has a result of its own, " +
	"or all at once in the DuckDB shell: duckdb -readonly \"$(stripelake path warehouse)\""

// ourFault lists the DuckDB errors that a different question would not avoid.
var ourFault = []duckdb.ErrorType{
	duckdb.ErrorTypeIO, duckdb.ErrorTypeOutOfMemory, duckdb.ErrorTypeInternal, duckdb.ErrorTypeFatal,
	duckdb.ErrorTypeInterrupt, duckdb.ErrorTypeConnection, duckdb.ErrorTypeTransaction,
}

// ofQuestion turns a DuckDB error about a question into an *Error.
func ofQuestion(err error) error {
	duckErr := new(duckdb.Error)
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &duckErr) && strings.Contains(err.Error(), "empty query"):
		return &Error{"the question is empty"}
	case !errors.As(err, &duckErr) && strings.Contains(err.Error(), "multi-statement"):
		return &Error{severalStatements}
	case !errors.As(err, &duckErr) || slices.Contains(ourFault, duckErr.Type):
		if disk := duck.AsDiskError(err); disk != nil {
			return disk
		}
		return err
	}
	return &Error{strings.TrimSpace(duckErr.Msg)}
}

var lineOf = regexp.MustCompile(`(?s)^(.*)\n\nLINE (\d+):(.*)$`)

// asAsked renumbers the line of a mistake to the question's lines: the question begins
// on the second line of the statement that DuckDB got.
func asAsked(err error) error {
	var wrong *Error
	if !errors.As(err, &wrong) {
		return err
	}
	at := lineOf.FindStringSubmatch(wrong.Message)
	if at == nil {
		return err
	}
	line, _ := strconv.Atoi(at[2])
	if line < 2 {
		return &Error{at[1]}
	}
	return &Error{fmt.Sprintf("%s\n\nLINE %d:%s", at[1], line-1, at[3])}
}
