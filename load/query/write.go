package query

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/stripelake/stripelake/internal/sqltext"
)

// Format is the output format of an answer.
type Format string

// The formats. In the first three a timestamp is RFC 3339 in UTC, a decimal is exact,
// and a nested value is JSON.
const (
	CSV     Format = "csv"     // with a header; NULL is empty, an empty text is ""
	Quoted  Format = "quoted"  // CSV with every value quoted; NULL is the word NULL
	JSON    Format = "json"    // one object a line; a number that JSON cannot express is null
	Parquet Format = "parquet" // DuckDB's types, but timestamps are UTC timestamps with time zone
)

var copyOptions = map[Format]string{
	CSV:     "FORMAT csv, HEADER",
	Quoted:  "FORMAT csv, HEADER, FORCE_QUOTE *, NULLSTR 'NULL'",
	JSON:    "FORMAT json",
	Parquet: "FORMAT parquet, COMPRESSION zstd",
}

// Write runs the question and writes the answer as it arrives: memory stays within
// DuckDB's limit. The error is an *Error if the question is at fault; a part of the
// answer may be written by then.
func (q *Query) Write(ctx context.Context, w io.Writer, format Format) (err error) {
	rows, ours, err := openPipe(q.pipe())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close(), os.Remove(q.pipe())) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	written := make(chan error, 1)
	from := &pipeReader{rows: rows}
	go func() {
		_, err := io.Copy(w, from)
		if err != nil {
			cancel()
			_, _ = io.Copy(io.Discard, from) // otherwise DuckDB would wait for its reader
		}
		written <- err
	}()
	_, err = q.db.Conn.ExecContext(ctx, fmt.Sprintf("COPY (%s) TO %s (%s, USE_TMP_FILE false)", q.written(format), sqltext.Literal(q.pipe()), copyOptions[format]))
	if err != nil { // DuckDB may keep its end open after an error: wake the reader
		from.over.Store(true)
		_, _ = ours.Write([]byte{0})
	}
	closeErr := ours.Close() // closes the last writer: the reader gets EOF
	if writeErr := <-written; writeErr != nil {
		return writeErr
	}
	return errors.Join(asAsked(ofQuestion(err)), closeErr)
}

// pipeReader reads a pipe until its end, or until over is set.
type pipeReader struct {
	rows *os.File
	over atomic.Bool
}

func (r *pipeReader) Read(p []byte) (int, error) {
	n, err := r.rows.Read(p)
	if r.over.Load() {
		return 0, io.EOF
	}
	return n, err
}

// openPipe creates a named pipe and opens both ends. Our own writer keeps the reader
// from EOF until we close it, whether or not DuckDB opens the pipe.
func openPipe(path string) (r, w *os.File, err error) {
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return nil, nil, &os.PathError{Op: "make pipe", Path: path, Err: err}
	}
	if r, err = os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0); err != nil {
		return nil, nil, err
	}
	// This open does not wait, because a reader exists. From here on reads shall block:
	// on macOS Go's poller does not notice that the last writer of a named pipe closed
	// it.
	w, err = os.OpenFile(path, os.O_WRONLY, 0)
	if err == nil {
		err = syscall.SetNonblock(int(r.Fd()), false)
	}
	if err != nil {
		return nil, nil, errors.Join(err, r.Close())
	}
	return r, w, nil
}

// written returns the query of the rows as the format needs them.
func (q *Query) written(format Format) string {
	write := plain
	if format == Parquet {
		write = zoned
	}
	names, values := make([]string, len(q.types)), make([]string, len(q.types))
	for i, info := range q.types {
		names[i] = fmt.Sprintf("c%d", i)
		value := each(names[i], info, 0, write)
		switch {
		case format == JSON || format == Parquet:
		case slices.Contains(nested, info.InternalType()):
			value = "to_json(" + value + ")::VARCHAR"
		case slices.Contains(numeric, info.InternalType()):
			value = names[i] // only JSON lacks infinity
		}
		values[i] = value + " AS " + sqltext.Ident(q.Columns[i].Name)
	}
	return fmt.Sprintf("SELECT %s %s AS answer(%s)", strings.Join(values, ", "), q.statement, strings.Join(names, ", "))
}

var (
	numeric = []duckdb.Type{
		duckdb.TYPE_TINYINT, duckdb.TYPE_SMALLINT, duckdb.TYPE_INTEGER, duckdb.TYPE_BIGINT, duckdb.TYPE_HUGEINT, duckdb.TYPE_DECIMAL,
		duckdb.TYPE_UTINYINT, duckdb.TYPE_USMALLINT, duckdb.TYPE_UINTEGER, duckdb.TYPE_UBIGINT, duckdb.TYPE_UHUGEINT, duckdb.TYPE_FLOAT, duckdb.TYPE_DOUBLE,
	}
	nested = []duckdb.Type{duckdb.TYPE_LIST, duckdb.TYPE_ARRAY, duckdb.TYPE_STRUCT, duckdb.TYPE_MAP, duckdb.TYPE_UNION}
)

// plain returns an expression that turns a timestamp into a text of RFC 3339, and a
// floating-point number that is not finite into NULL. It returns any other value as it
// is.
func plain(value string, kind duckdb.Type) string {
	switch kind {
	case duckdb.TYPE_TIMESTAMP, duckdb.TYPE_TIMESTAMP_S, duckdb.TYPE_TIMESTAMP_MS, duckdb.TYPE_TIMESTAMP_NS:
		return "replace((" + value + ")::VARCHAR, ' ', 'T') || 'Z'"
	case duckdb.TYPE_TIMESTAMP_TZ:
		return "replace((" + value + " AT TIME ZONE 'UTC')::VARCHAR, ' ', 'T') || 'Z'"
	case duckdb.TYPE_FLOAT, duckdb.TYPE_DOUBLE:
		return "CASE WHEN isfinite(" + value + ") THEN " + value + " END"
	}
	return value
}

// zoned returns an expression that turns a timestamp into a timestamp with time zone in
// UTC. DuckDB has no such type for nanoseconds: those stay as they are.
func zoned(value string, kind duckdb.Type) string {
	switch kind {
	case duckdb.TYPE_TIMESTAMP, duckdb.TYPE_TIMESTAMP_S, duckdb.TYPE_TIMESTAMP_MS:
		return "(" + value + ")::TIMESTAMP AT TIME ZONE 'UTC'"
	}
	return value
}

// each returns an expression that applies write to every scalar inside a value, at any
// depth. It returns the value itself where that changes nothing.
func each(value string, info duckdb.TypeInfo, depth int, write func(value string, kind duckdb.Type) string) string {
	element := fmt.Sprintf("e%d", depth)
	switch details := info.Details().(type) {
	case *duckdb.ListDetails:
		return plainList(value, element, each(element, details.Child, depth+1, write))
	case *duckdb.ArrayDetails:
		return plainList(value, element, each(element, details.Child, depth+1, write))
	case *duckdb.MapDetails:
		in := element + ".value"
		if out := each(in, details.Value, depth+1, write); out != in {
			return fmt.Sprintf("map_from_entries(list_transform(map_entries(%s), lambda %s: {key: %s.key, value: %s}))", value, element, element, out)
		}
	case *duckdb.StructDetails:
		members, changed := make([]string, len(details.Entries)), false
		for i, entry := range details.Entries {
			in := fmt.Sprintf("struct_extract(%s, %s)", value, sqltext.Literal(entry.Name()))
			out := each(in, entry.Info(), depth+1, write)
			members[i], changed = sqltext.Ident(entry.Name())+" := "+out, changed || out != in
		}
		if changed {
			return fmt.Sprintf("CASE WHEN %s IS NOT NULL THEN struct_pack(%s) END", value, strings.Join(members, ", "))
		}
	}
	return write(value, info.InternalType())
}

func plainList(list, element, out string) string {
	if out == element {
		return list
	}
	return fmt.Sprintf("list_transform(%s, lambda %s: %s)", list, element, out)
}
