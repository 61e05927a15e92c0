package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load/query"
)

type queryOptions struct {
	lake      string
	file      optional[string]
	format    string
	out       string // a file; empty is standard output
	variables variables
	noPager   bool
	wide      bool
}

func (o *queryOptions) flags() []cli.Flag {
	o.variables = variables{}
	return []cli.Flag{
		lakeFlag(&o.lake),
		&cli.StringFlag{Name: "file", Destination: &o.file.value, Action: o.file.note, Usage: "read the SQL from `FILE`"},
		&cli.StringFlag{Name: "format", Destination: &o.format, Value: "table", Usage: "output `FORM`: table, csv (values as they are, even if a spreadsheet would run one as a formula), json (one object per line) or parquet"},
		&cli.StringFlag{Name: "out", Destination: &o.out, Usage: "write the result to `FILE`, which is replaced only when the result is complete; .csv, .json and .parquet choose the form"},
		&cli.GenericFlag{Name: "var", Value: o.variables, Usage: "`NAME=VALUE`: the text VALUE for getvariable('NAME') (repeatable); revenue_daily uses time_zone=Europe/Berlin"},
		&cli.BoolFlag{Name: "wide", Destination: &o.wide, Usage: "on a terminal: show every column whole, however wide the table is"},
		&cli.BoolFlag{Name: "no-pager", Destination: &o.noPager, Usage: "on a terminal: print a long table without a pager"},
	}
}

func queryCommand(env *environment) *cli.Command {
	var o queryOptions
	return takes(arguments{usage: "[SQL]", most: 1}, &cli.Command{
		Name:  "query",
		Usage: "run a read-only SQL query on the warehouse",
		Description: "Runs one SELECT (or FROM, WITH, DESCRIBE, SHOW, SUMMARIZE, EXPLAIN) on the generation that is published when it starts,\n" +
			"also while a sync runs. Without SQL, or if it is -, the statement is read from standard input. The query can read nothing else, and\n" +
			"writes nothing but its result. On a terminal a table that is long is shown by $PAGER (or less), and one that is wide is cut to fit.\n" +
			"Example: stripelake query 'SELECT method, count(*) FROM payments GROUP BY ALL'\n" +
			"Example: stripelake query --format csv --out answer.csv < question.sql",
		Flags:  o.flags(),
		Action: func(c *cli.Context) error { return queryError(env.query(c.Context, &o, c.Args().Slice())) },
	})
}

// queryError turns a mistake in the SQL into wrong usage, and says that an
// interrupted answer is not complete: unlike a sync, it does not continue next
// time.
func queryError(err error) error {
	var wrong *query.Error
	switch {
	case errors.As(err, &wrong):
		return &pipeline.UsageError{Message: wrong.Message}
	case errors.Is(err, context.Canceled):
		return errInterrupted("the answer is not whole")
	case errors.Is(err, syscall.EPIPE):
		return errSilent // the reader of the answer needs no more
	}
	return err
}

// formatsByEnding are the formats that the name of --out alone asks for.
var formatsByEnding = map[string]query.Format{".csv": query.CSV, ".parquet": query.Parquet, ".json": query.JSON, ".jsonl": query.JSON, ".ndjson": query.JSON}

func (env *environment) query(ctx context.Context, o *queryOptions, args []string) error {
	format := query.Format(o.format)
	if o.format == "table" && o.out != "" {
		if is, known := formatsByEnding[strings.ToLower(filepath.Ext(o.out))]; known {
			format = is
		}
	}
	switch {
	case format == query.Parquet && o.out == "":
		return &pipeline.UsageError{Message: "--format parquet needs --out FILE"}
	case format != "table" && format != query.CSV && format != query.JSON && format != query.Parquet:
		return &pipeline.UsageError{Message: fmt.Sprintf("--format %q is none of table, csv, json, parquet", format)}
	}
	question, err := o.question(args)
	if err != nil {
		return err
	}
	// A DuckDB call that makes a huge text cannot be interrupted, so the
	// process exits. The next query removes its spilled files.
	defer watchMemory(mostQueryMemory, func(bytes int64) {
		fmt.Fprintf(env.stderr, "stripelake: stopped: the query took %s of memory, and %s is the most: ask for fewer or shorter values at a time\n", bytesText(bytes), bytesText(mostQueryMemory))
		os.Exit(1)
	})()
	answer, err := query.Ask(ctx, o.lake, question)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Close() }()
	for _, name := range answer.Unset {
		fmt.Fprintf(env.stderr, "note: the variable %s has no value, so that getvariable is NULL: give one with --var %[1]s=…\n", name)
	}
	if answer.Plan && format != "table" {
		return &pipeline.UsageError{Message: "what EXPLAIN says is a text: leave --format out"}
	}
	write := func(w io.Writer) error {
		switch {
		case answer.Plan:
			return env.writePlan(ctx, o, answer, w)
		case format == "table":
			return writeTable(ctx, answer, w, env.queryScreen(o))
		}
		return answer.Write(ctx, w, format)
	}
	if o.out == "" {
		return write(env.stdoutOf(o.format))
	}
	return writeOut(o.out, o.lake, write)
}

// variables are the values of --var, by name. A value may contain commas.
type variables map[string]string

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Set takes one NAME=VALUE.
func (v variables) Set(given string) error {
	name, value, ok := strings.Cut(given, "=")
	if !ok || !variableName.MatchString(name) {
		return errors.New("it is not NAME=VALUE")
	}
	v[name] = value
	return nil
}

// String returns "", so that the help shows no default.
func (v variables) String() string { return "" }

// errNoQuestion is the error where no SQL is given, or where it is given twice.
var errNoQuestion = &pipeline.UsageError{
	Message: "what is the question? Give the SQL as an argument, with --file FILE, or on standard input: one of them",
}

// question reads the SQL from the argument, the file or standard input.
func (o *queryOptions) question(args []string) (query.Question, error) {
	question := query.Question{Variables: o.variables}
	var text []byte
	var err error
	switch none := len(args) == 0; {
	case o.file.given && none:
		text, err = os.ReadFile(o.file.value)
	case o.file.given:
		return question, errNoQuestion
	case !none && args[0] != "-":
		text = []byte(args[0])
	case none && isTerminal(os.Stdin):
		return question, errNoQuestion
	default:
		text, err = io.ReadAll(os.Stdin)
		if none && err == nil && len(text) == 0 {
			return question, errNoQuestion
		}
	}
	if err != nil {
		return question, &pipeline.UsageError{Message: fmt.Sprintf("read the question: %v", err)}
	}
	question.SQL = string(text)
	return question, nil
}

// writeOut writes a file that only its owner can read, completely or not at
// all.
func writeOut(path, lake string, write func(io.Writer) error) error {
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return &pipeline.UsageError{Message: fmt.Sprintf("--out %s: %v", path, err)}
	}
	if isWithin(dir, lake) {
		return &pipeline.UsageError{Message: fmt.Sprintf("--out %s is inside the lake, where nothing but a sync may write", path)}
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return &pipeline.UsageError{Message: fmt.Sprintf("--out %s is no file", path)}
	}
	file, err := os.CreateTemp(dir, ".stripelake-*") // 0600
	if err != nil {
		return err
	}
	err = errors.Join(write(file), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), filepath.Join(dir, filepath.Base(path)))
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// isWithin reports whether a folder is a lake or inside of it.
func isWithin(dir, lake string) bool {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return false
	}
	if lake, err = filepath.EvalSymlinks(lake); err != nil {
		return false
	}
	if lake, err = filepath.Abs(lake); err != nil {
		return false
	}
	below, err := filepath.Rel(lake, dir)
	return err == nil && filepath.IsLocal(below)
}
