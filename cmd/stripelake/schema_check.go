package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/authoring"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

type schemaCheckOptions struct {
	setOptions
	json, editor bool
}

func (o *schemaCheckOptions) flags() []cli.Flag {
	return append(o.setFlags(), jsonFlag(&o.json, "print one JSON object"),
		&cli.BoolFlag{Name: "editor", Destination: &o.editor, Usage: "write the JSON Schemas in meta/ of --schemas anew, so that an editor knows the present columns"})
}

func schemaCheckCommand(env *environment) *cli.Command {
	var o schemaCheckOptions
	return takesNone(&cli.Command{
		Name:        "check",
		Usage:       "list every mistake in the schemas and mappings, with its place and its fix",
		Description: "Exit status 1 if there are mistakes, 0 if there are only warnings. Example: stripelake schema check --schemas my-schemas",
		Flags:       o.flags(),
		Action:      func(c *cli.Context) error { return env.schemaCheck(c.Context, &o) },
	})
}

// schemaProblem is one mistake or warning, as --json prints it.
type schemaProblem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Col     int    `json:"col"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"`
	Warning bool   `json:"warning,omitempty"`
}

func (env *environment) schemaCheck(ctx context.Context, o *schemaCheckOptions) error {
	present, err := pipeline.InForce(o.lake)
	if err != nil {
		return err
	}
	set := present
	var mistakes, inMappings schemas.Problems
	if o.schemas.value != "" {
		files, err := schemaFiles(o.schemas.value)
		if err != nil {
			return err
		}
		if set, err = schemas.Load(files); err != nil && !errors.As(err, &mistakes) {
			return err
		}
	}
	// Mappings of the tables that did load are checked, too.
	compiled, err := transform.Compile(set)
	if err != nil && !errors.As(err, &inMappings) {
		return err
	}
	mistakes = append(mistakes, inMappings...)
	if len(mistakes) == 0 { // otherwise tables may be missing that a mart or an audience reads
		if mistakes, err = authoring.CheckMarts(ctx, set); err != nil {
			return err
		}
		inAudiences, err := authoring.CheckSegments(ctx, set)
		if err != nil {
			return err
		}
		mistakes = append(mistakes, inAudiences...)
	}
	all := []schemaProblem{} // "[]" in JSON, never null
	add := func(problems schemas.Problems, warning bool) { all = append(all, o.findings(problems, warning)...) }
	warnings := set.Warnings()
	if !set.Partial {
		var unlabelled schemas.Problems
		unlabelled, warnings = set.Unlabelled(present)
		mistakes = append(mistakes, unlabelled...)
	}
	if _, err := load.ReadMode(o.lake); err == nil { // otherwise the built-in set is present
		warnings = append(warnings, set.UnknownFormerNames(present)...)
	}
	add(mistakes, false)
	add(warnings, true)
	add(compiled.Warnings(), true)
	slices.SortStableFunc(all, func(a, b schemaProblem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	if o.editor && !set.Partial {
		if err := o.writeMeta(set); err != nil {
			return err
		}
	}
	if o.json {
		err = env.printJSON(map[string]any{"findings": all})
	} else {
		err = env.printFindings(set, all, len(mistakes))
	}
	if err == nil && len(mistakes) > 0 {
		err = errSilent
	}
	return err
}

// writeMeta writes the JSON Schemas that depend on the set. Those of a set with files
// that cannot be read would refuse what stands in them.
func (o *schemaCheckOptions) writeMeta(set *schemas.Set) error {
	if o.schemas.value == "" {
		return &pipeline.UsageError{Message: "--editor goes with --schemas DIR"}
	}
	generated, err := authoring.JSONSchemas(set)
	if err != nil {
		return err
	}
	meta := filepath.Join(o.schemas.value, "meta")
	if err := os.MkdirAll(meta, 0o755); err != nil {
		return err
	}
	for name, text := range generated {
		if err := os.WriteFile(filepath.Join(meta, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// findings returns mistakes or warnings with the files as the user can open them.
func (o *setOptions) findings(problems schemas.Problems, warning bool) []schemaProblem {
	found := []schemaProblem{}
	for _, p := range problems {
		found = append(found, schemaProblem{o.inDir(p.Pos.File), p.Pos.Line, p.Pos.Col, p.Code, p.Message, p.Fix, warning})
	}
	return found
}

func (f schemaProblem) String() string {
	code := f.Code + ":"
	if f.Warning {
		code = "warning: " + code
	}
	return fmt.Sprintf("%s:%d:%d: %s %s", f.File, f.Line, f.Col, code, f.Message)
}

func (env *environment) printFindings(set *schemas.Set, all []schemaProblem, mistakes int) error {
	for _, f := range all {
		fmt.Fprintln(env.stdout, f)
	}
	// Files with mistakes count, too: a file is one table, one mapping, one
	// lookup or a list of lookups.
	declared := map[string]int{}
	for name := range set.Files() {
		declared[path.Dir(name)]++
	}
	more := map[string]bool{}
	for _, l := range set.Lookups {
		if more[l.Pos.File] {
			declared["lookups"]++
		}
		more[l.Pos.File] = true
	}
	_, err := fmt.Fprintf(env.stdout, "%s, %s, %s: %s, %s\n", counted(declared["stripe"], "table"), counted(declared["mappings/stripe"], "mapping"),
		counted(declared["lookups"], "lookup"), counted(mistakes, "mistake"), counted(len(all)-mistakes, "warning"))
	return err
}

// schemaFiles returns the files in the folder of --schemas.
func schemaFiles(dir string) (fs.FS, error) {
	files := os.DirFS(dir)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, &pipeline.UsageError{Message: fmt.Sprintf("--schemas %s is no folder; `stripelake init %s` lays out one with the built-in schemas", dir, dir)}
	}
	return files, nil
}
