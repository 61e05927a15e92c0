package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// maxNamed is how many differences of a reader are named before the rest is
// only counted.
const maxNamed = 10

// programs are the rows of the table in docs/analysts.md, with what runs the code
// that is there and what to ask.
var programs = []program{
	{"pandas", "python", question.tsv},
	{"polars", "python", question.tsv},
	{"pyarrow", "python", question.tsv},
	{"DataFusion", "python", question.files},
	{"DuckDB", "python", question.files},
	{"DuckDB", "duckdb-1.4", question.files},
	{"DuckDB, warehouse", "python", question.warehouse},
	{"DuckDB, warehouse", "duckdb-1.4", question.warehouse},
	{"JDBC, warehouse", "java", question.warehouse},
}

// program is one that reads a lake.
type program struct {
	name string
	runs string // java, or the virtual environment in which read.py runs
	asks func(question) string
}

// compareReaders asks each reader, and the warehouse through stripelake, and
// writes the differences and a line a reader to out.
func compareReaders(ctx context.Context, stripelake, dir, lake string, out io.Writer) error {
	documented, err := documentedCode(filepath.Join("..", "..", "docs", "analysts.md"))
	if err != nil {
		return err
	}
	questions, err := questionsOf(ctx, stripelake, lake)
	if err != nil {
		return err
	}
	want, err := warehouseAnswers(ctx, stripelake, lake, questions)
	if err != nil {
		return err
	}
	if err := want.vacuous(questions); err != nil {
		return err
	}
	wrong := 0
	for _, r := range programs {
		code, ok := documented[r.name]
		if !ok {
			return fmt.Errorf("docs/analysts.md does not say how %s reads", r.name)
		}
		version, got, err := r.read(ctx, dir, lake, code, questions)
		if err != nil {
			return fmt.Errorf("%s (%s): %w", r.name, r.runs, err)
		}
		differences := got.differences(want)
		for i, d := range differences {
			if i == maxNamed {
				fmt.Fprintf(out, "%s %s: and %d more\n", r.name, version, len(differences)-i)
				break
			}
			fmt.Fprintf(out, "%s %s: %s\n", r.name, version, d)
		}
		if len(differences) > 0 {
			wrong++
			continue
		}
		fmt.Fprintf(out, "%s %s: %d answers, as the warehouse\n", r.name, version, len(got))
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %d readers disagree with the warehouse; the lake is left in %s", wrong, len(programs), lake)
	}
	return nil
}

// row is a row of the table in docs/analysts.md.
var row = regexp.MustCompile("(?m)^\\| ([\\w, ]+) \\| `(.+)` \\|$")

// documentedCode is what docs/analysts.md tells people to write, by the name of
// their reader.
func documentedCode(page string) (map[string]string, error) {
	text, err := os.ReadFile(page)
	if err != nil {
		return nil, err
	}
	_, section, _ := strings.Cut(string(text), "\n## Other readers\n")
	section, _, _ = strings.Cut(section, "\n## ")
	code := map[string]string{}
	for _, found := range row.FindAllStringSubmatch(section, -1) {
		code[found[1]] = found[2]
	}
	return code, nil
}

// read runs code in the folder that people read, as the documentation has them
// do. Its first line is the reader's version, the others are answers.
func (r program) read(ctx context.Context, dir, lake, code string, questions []question) (version string, found answers, err error) {
	here, err := os.Getwd()
	if err != nil {
		return "", nil, err
	}
	folder, err := filepath.EvalSymlinks(filepath.Join(lake, "current"))
	if err != nil {
		return "", nil, err
	}
	var asked strings.Builder
	for _, q := range questions {
		asked.WriteString(r.asks(q) + "\n")
	}
	program := []string{filepath.Join(dir, r.runs, "bin", "python"), filepath.Join(here, "read.py"), r.name, code}
	if r.runs == "java" {
		program = []string{"java", "-cp", filepath.Join(dir, "duckdb_jdbc.jar"), filepath.Join(here, "Reader.java"), code}
	}
	out, err := output(ctx, folder, asked.String(), program...)
	if err != nil {
		return "", nil, err
	}
	version, text, _ := strings.Cut(string(out), "\n")
	found, err = parseAnswers(text)
	return version, found, err
}

// warehouseAnswers are those that all readers must have.
func warehouseAnswers(ctx context.Context, stripelake, lake string, questions []question) (answers, error) {
	var asked []string
	for _, q := range questions {
		asked = append(asked, q.warehouse())
	}
	rows, err := ask(ctx, stripelake, lake, strings.Join(asked, "\nUNION ALL "))
	if err != nil {
		return nil, err
	}
	var text strings.Builder
	for _, row := range rows {
		text.WriteString(strings.Join(row, "\t") + "\n")
	}
	return parseAnswers(text.String())
}

// ask asks stripelake in SQL and returns the rows, of which there must be some.
func ask(ctx context.Context, stripelake, lake, sql string) ([][]string, error) {
	out, err := output(ctx, ".", sql, stripelake, "query", "--lake", lake, "--format", "csv", "-")
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil || len(rows) < 2 {
		return nil, errors.Join(err, fmt.Errorf("stripelake query: no answer to %.200q", sql))
	}
	return rows[1:], nil
}

// output runs a program in dir and returns what it prints; what it says on
// standard error goes to ours.
func output(ctx context.Context, dir, input string, program ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, program[0], program[1:]...)
	command.Dir, command.Stdin, command.Stderr = dir, strings.NewReader(input), os.Stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", program[0], err)
	}
	return out, nil
}
