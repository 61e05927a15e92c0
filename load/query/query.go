package query

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/internal/workdir"
)

// queryMemory is DuckDB's memory limit for a user's query. Above it DuckDB spills.
const queryMemory = "1GB"

// Question is one SQL statement, and the texts that getvariable returns in it, by name.
type Question struct {
	SQL       string
	Variables map[string]string
}

// Query is a question that fits the warehouse of one generation: the one that was
// linked when the question was asked. It takes no lock, disturbs no sync and can only
// read: DuckDB opens the warehouse read-only and reaches neither the network nor any
// other file. The statement is one that returns rows (Invariant 7).
type Query struct {
	Columns []Column
	Plan    bool     // an EXPLAIN: its answer is a text, which WritePlan writes
	Unset   []string // variables that the question reads and that have no value: NULL

	statement string
	types     []duckdb.TypeInfo
	folder    workdir.Dir // for the data that DuckDB spills, and the pipe
	db        duck.Instance
}

// Column is a column of the answer. Number is true for numeric types.
type Column struct {
	Name   string
	Number bool
	Amount bool // a DECIMAL with the scale of published money
}

// Ask opens the warehouse of the lake in dir and checks the question without running
// it. The error is an *Error if the question is at fault. The caller closes the Query.
func Ask(ctx context.Context, dir string, question Question) (*Query, error) {
	return ask(dir, func(q *Query, generation string) error {
		if err := q.open(ctx, runtime.GOMAXPROCS(0), duck.Attach(filepath.Join(generation, lakedir.WarehouseName), "warehouse", " (READ_ONLY)"), question.Variables); err != nil {
			return fmt.Errorf("open warehouse of %s: %w", dir, err)
		}
		if err := q.checkVariables(ctx, question); err != nil {
			return err
		}
		return q.check(question.SQL)
	})
}

// Open opens the warehouse of the lake in dir without a question. The caller closes the
// Query.
func Open(ctx context.Context, dir string) (*Query, error) {
	return ask(dir, func(q *Query, generation string) error {
		warehouse := filepath.Join(generation, lakedir.WarehouseName)
		return q.open(ctx, duck.ThreadsFor(runtime.GOMAXPROCS(0), warehouse), duck.Attach(warehouse, "warehouse", " (READ_ONLY)"), nil)
	})
}

// ask makes a query of the linked generation, which f opens.
func ask(dir string, f func(q *Query, generation string) error) (_ *Query, err error) {
	if _, err := load.ReadMode(dir); err != nil {
		return nil, err
	}
	generation, err := load.PublishedDir(dir)
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", dir, err)
	}
	q := new(Query)
	if q.folder, err = workdir.Make(os.TempDir(), workdir.QueryPrefix); err != nil {
		return nil, errors.Join(err, q.folder.Remove())
	}
	if err := f(q, generation); err != nil {
		return nil, errors.Join(err, q.Close())
	}
	return q, nil
}

// Close closes DuckDB and removes the query's folder.
func (q *Query) Close() error {
	return errors.Join(q.db.Close(), q.folder.Remove())
}

// open runs the statements that attach the warehouse and shuts out everything else. The
// raw log is shut out, too: DuckDB cannot allow a folder for reading only, and table
// functions such as enable_profiling write files.
func (q *Query) open(ctx context.Context, threads int, attached []string, variables map[string]string) (err error) {
	q.db, err = duck.Start(ctx, queryMemory, threads, filepath.Join(q.folder.Path, "spill"))
	if err != nil {
		return err
	}
	statements := append(attached, "SET preserve_insertion_order = true")
	for name, value := range variables {
		statements = append(statements, fmt.Sprintf("SET VARIABLE %s = %s", sqltext.Ident(name), sqltext.Literal(value)))
	}
	return q.db.Run(ctx, append(statements,
		fmt.Sprintf("SET allowed_paths = [%s]", sqltext.Literal(q.pipe())),
		"SET enable_external_access = false",
		"SET lock_configuration = true")...)
}

func (q *Query) pipe() string { return filepath.Join(q.folder.Path, "rows") }

var explainHead = regexp.MustCompile(`(?is)^(?:\s|--[^\n]*\n|/\*.*?\*/)*EXPLAIN\s+(?:ANALYZE\s+)?(?:\((?:FORMAT|ANALYZE)\b[^)]*\)\s*)?`)

// check lets DuckDB parse and bind the question, without running it.
func (q *Query) check(text string) error {
	kind, err := q.kind(text)
	if err != nil {
		return err
	}
	if kind == duckdb.STATEMENT_TYPE_EXPLAIN {
		// EXPLAIN ANALYZE runs the statement that it explains.
		explained := text[len(explainHead.FindString(text)):]
		if kind, err = q.kind(explained); err != nil || kind != duckdb.STATEMENT_TYPE_SELECT || explained == text {
			return &Error{oneSelect}
		}
		q.Plan, q.statement = true, text
		return nil
	}
	if text, err = q.oneSelect(text); err != nil {
		return err
	}
	q.statement = "FROM (\n" + text + "\n)"
	err = q.prepared(q.statement, q.describe)
	if errors.As(err, new(*Error)) && strings.Contains(err.Error(), "Parser Error") {
		return &Error{oneSelect} // a PRAGMA that stands for a SELECT
	}
	return err
}

// oneSelect returns a text that is one SELECT, without the semicolon at its end: inside
// another SELECT that would be an error. Any other semicolon is part of a string or a
// comment.
func (q *Query) oneSelect(text string) (string, error) {
	kind, err := q.kind(text)
	if err != nil {
		return "", err
	}
	if kind != duckdb.STATEMENT_TYPE_SELECT {
		return "", &Error{oneSelect}
	}
	for end := strings.LastIndexByte(text, ';'); end >= 0; end = strings.LastIndexByte(text, ';') {
		if kind, _ = q.kind(text[:end]); kind != duckdb.STATEMENT_TYPE_SELECT {
			break
		}
		text = text[:end]
	}
	return text, nil
}

// kind returns the statement type of a text, which must be one statement.
func (q *Query) kind(text string) (kind duckdb.StmtType, err error) {
	err = q.prepared(text, func(s *duckdb.Stmt) (err error) {
		kind, err = s.StatementType()
		return err
	})
	return kind, err
}

// prepared calls f with the text as a prepared statement. It never runs it. DuckDB's
// driver refuses to prepare several statements.
func (q *Query) prepared(text string, f func(*duckdb.Stmt) error) error {
	return q.db.Conn.Raw(func(raw any) (err error) {
		conn, ok := raw.(*duckdb.Conn)
		if !ok {
			return fmt.Errorf("a connection of type %T", raw)
		}
		prepared, err := conn.Prepare(text)
		if err != nil {
			return ofQuestion(err)
		}
		defer func() { err = errors.Join(err, prepared.Close()) }()
		s, ok := prepared.(*duckdb.Stmt)
		if !ok {
			return fmt.Errorf("a statement of type %T", prepared)
		}
		return f(s)
	})
}

func (q *Query) describe(s *duckdb.Stmt) error {
	if s.NumInput() > 0 {
		return &Error{"a ? or $ in a question has no value: name it with --var name=value and write getvariable('name')"}
	}
	n, err := s.ColumnCount()
	if err != nil {
		return err
	}
	for i := range n {
		name, err := s.ColumnName(i)
		if err != nil {
			return err
		}
		info, err := s.ColumnTypeInfo(i)
		if err != nil { // the driver has no type for some values, such as row(1, 2): they are written as DuckDB's text
			info, err = duckdb.NewTypeInfo(duckdb.TYPE_VARCHAR)
		}
		if err != nil {
			return err
		}
		decimal, _ := info.Details().(*duckdb.DecimalDetails)
		q.Columns = append(q.Columns, Column{
			Name: name, Number: slices.Contains(numeric, info.InternalType()), Amount: decimal != nil && decimal.Scale == duck.MoneyScale,
		})
		q.types = append(q.types, info)
	}
	return nil
}

// WritePlan writes the output of an EXPLAIN to w.
func (q *Query) WritePlan(ctx context.Context, w io.Writer) error {
	var kind, plan string
	return ofQuestion(q.db.Each(ctx, []any{&kind, &plan}, func() error {
		_, err := fmt.Fprintln(w, strings.TrimRight(plan, "\n"))
		return err
	}, q.statement))
}
