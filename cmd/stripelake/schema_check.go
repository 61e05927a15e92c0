package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

func schemaCheckCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:        "check",
		Usage:       "say every mistake in the schemas and mappings, with its place and its fix",
		Description: "Exit status 1 if there are mistakes, 0 if there are only warnings. Example: stripelake schema check --schemas my-schemas",
		Flags:       []cli.Flag{schemasFlag(), jsonFlag("print one JSON object")},
		Action:      func(c *cli.Context) error { return env.schemaCheck(c) },
	}
}

// finding is one mistake or warning, as --json prints it.
type finding struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Col     int    `json:"col"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Warning bool   `json:"warning,omitempty"`
}

func (env *environment) schemaCheck(c *cli.Context) error {
	files, err := schemaFiles(c)
	if err != nil {
		return err
	}
	set, err := schemas.Load(files)
	var mistakes, inMappings, warnings schemas.Problems
	if err != nil && !errors.As(err, &mistakes) {
		return err
	}
	// Mappings that no mistake of loading stands in the way of are checked too.
	plan, err := transform.Compile(set)
	if err != nil && !errors.As(err, &inMappings) {
		return err
	}
	mistakes = append(mistakes, inMappings...)
	if len(mistakes) == 0 {
		warnings = append(set.Warnings(), plan.Warnings()...)
	}
	all := []finding{} // "[]" in JSON, never null
	add := func(problems schemas.Problems, warning bool) {
		for _, p := range problems {
			all = append(all, finding{inDir(c, p.Pos.File), p.Pos.Line, p.Pos.Col, p.Code, p.Message, warning})
		}
	}
	add(mistakes, false)
	add(warnings, true)
	if c.Bool("json") {
		encoder := json.NewEncoder(env.stdout)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(map[string]any{"findings": all})
	} else {
		err = env.printFindings(set, all, len(mistakes))
	}
	if err == nil && len(mistakes) > 0 {
		err = errSilent
	}
	return err
}

func (env *environment) printFindings(set *schemas.Set, all []finding, mistakes int) error {
	for _, f := range all {
		code := f.Code + ":"
		if f.Warning {
			code = "warning: " + code
		}
		fmt.Fprintf(env.stdout, "%s:%d:%d: %s %s\n", f.File, f.Line, f.Col, code, f.Message)
	}
	what := ""
	if mistakes == 0 {
		what = fmt.Sprintf("%s, %s, %s: ", counted(len(set.Schemas), "table"), counted(len(set.Mappings), "mapping"), counted(len(set.Lookups), "lookup"))
	}
	_, err := fmt.Fprintf(env.stdout, "%s%s, %s\n", what, counted(mistakes, "mistake"), counted(len(all)-mistakes, "warning"))
	return err
}

// schemaFiles are the files that --schemas names, or the built-in ones.
func schemaFiles(c *cli.Context) (fs.FS, error) {
	dir := c.String("schemas")
	if dir == "" {
		return schemas.Embedded(), nil
	}
	files := os.DirFS(dir)
	if _, err := fs.Stat(files, "."); err != nil {
		return nil, &pipeline.UsageError{Message: fmt.Sprintf("read schemas from %s: %v", dir, err)}
	}
	return files, nil
}
