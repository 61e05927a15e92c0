package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/authoring"
	"github.com/stripelake/stripelake/internal/spelling"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

type schemaDiffOptions struct {
	setOptions
	json    bool
	objects int
}

func (o *schemaDiffOptions) flags() []cli.Flag {
	return append(o.setFlags(), jsonFlag(&o.json, "print one JSON object"),
		&cli.IntFlag{Name: "objects", Destination: &o.objects, Value: 200_000, Usage: "compare the rows of the newest `N` objects of each table"})
}

func schemaDiffCommand(env *environment) *cli.Command {
	var o schemaDiffOptions
	return takesNone(&cli.Command{
		Name:  "diff",
		Usage: "show what an edit changes, compared with the schemas that the lake was built with",
		Description: "Shows columns, expressions, and how many rows would change, with examples. Exit status 0 if nothing differs, 1 if something does, 2 if that is unknown.\n" +
			"Example: stripelake schema diff --schemas my-schemas",
		Flags: o.flags(),
		Action: func(c *cli.Context) error {
			err := env.schemaDiff(c.Context, &o)
			if err != nil && !errors.Is(err, errSilent) {
				return &diffError{err}
			}
			return err
		},
	})
}

// diffError is a failure of schema diff. Its status differs from 1, which means
// that there is a difference, as for diff.
type diffError struct{ error }

func (t *diffError) Unwrap() error { return t.error }

// ExitCode is 2.
func (t *diffError) ExitCode() int { return 2 }

func (env *environment) schemaDiff(ctx context.Context, o *schemaDiffOptions) error {
	edited, newMappings, err := env.compile(&o.setOptions)
	if err != nil {
		return err
	}
	files, err := load.ReadSchemas(o.lake)
	if err != nil {
		return err
	}
	old, err := schemas.LoadFiles(files)
	if err != nil {
		return fmt.Errorf("the schemas that the lake was built with: %w", err)
	}
	oldMappings, err := transform.Compile(old)
	if err != nil {
		return fmt.Errorf("the mappings that the lake was built with: %w", err)
	}
	differences := authoring.Diff(old, edited, oldMappings, newMappings)
	if err := o.compareRows(ctx, old, edited, oldMappings, newMappings, differences); err != nil {
		return err
	}
	warnings := o.findings(edited.UnknownFormerNames(old), true)
	if o.json {
		err = env.printJSON(map[string]any{"differences": differences, "findings": warnings})
	} else {
		for _, w := range warnings {
			fmt.Fprintln(env.stdout, w)
		}
		env.printDifferences(differences)
	}
	if err == nil && len(differences) > 0 {
		err = errSilent
	}
	return err
}

// compareRows counts changed rows, once for each table: the table's first
// difference has the count.
func (o *schemaDiffOptions) compareRows(ctx context.Context, old, edited *schemas.Set, oldMappings, newMappings *transform.Mappings, differences []authoring.Difference) error {
	lake, err := authoring.OpenLake(o.lake)
	if err != nil {
		return err
	}
	defer func() { _ = lake.Close() }()
	done := map[string]bool{}
	for i := range differences {
		d := &differences[i]
		if done[d.Table] || !d.Derives {
			continue
		}
		done[d.Table] = true
		if d.RowDiff, err = lake.DiffRows(ctx, old, edited, oldMappings, newMappings, d.Table, o.objects); err != nil {
			return err
		}
		for i, n := range d.RowDiff.Null {
			d.RowDiff.Null[i].Fix = fixNull(d.Table, n)
		}
	}
	return nil
}

func (env *environment) printDifferences(differences []authoring.Difference) {
	if len(differences) == 0 {
		fmt.Fprintln(env.stdout, "nothing differs from what the lake was built with")
		return
	}
	derives := false
	for _, d := range differences {
		derives = derives || d.Derives
		name := d.Table
		if d.Column != "" {
			name += "." + d.Column
		}
		fmt.Fprintf(env.stdout, "%s: %s%s\n", name, d.What, textIf(d.Breaking, " [breaking]"))
	}
	said := map[string]bool{}
	for _, d := range differences {
		if d.Version != "" && !said[d.Version] {
			said[d.Version] = true
			fmt.Fprintf(env.stdout, "note: %s\n", d.Version)
		}
	}
	for _, d := range differences {
		if d.RowDiff.Objects > 0 {
			env.printRows(d.Table, d.RowDiff)
		}
	}
	if derives {
		fmt.Fprintln(env.stdout, "\n`stripelake rebuild` with the same --schemas derives these tables; until then `sync` keeps the old ones")
	}
}

func (env *environment) printRows(table string, r authoring.RowDiff) {
	fmt.Fprintf(env.stdout, "\n%s: %s%s compared: the rows of %s change, %s come, %s go\n", table, counted(r.Objects, "object"),
		textIf(r.Sample, " (the newest)"), digits(r.Changed), counted(r.Added, "row"), counted(r.Removed, "row"))
	for _, e := range r.Examples {
		fmt.Fprintf(env.stdout, "  %s %s: %s → %s\n", e.ID, e.Column, shortened(e.Old), shortened(e.New))
	}
	for _, n := range r.Null {
		why := "nothing in the mapping reads the object"
		switch {
		case len(n.Missing) > 0:
			why = "no object has " + strings.Join(n.Missing, " or ")
		case len(n.Read) > 0:
			why = "objects have " + strings.Join(n.Read, " and ")
		}
		fmt.Fprintf(env.stdout, "  %s is null in every row: %s; %s\n", n.Column, why, n.Fix)
	}
}

// fixNull returns what to do about a new column that is null in every row.
func fixNull(table string, n authoring.NullColumn) string {
	for _, path := range n.Missing {
		if near := spelling.Nearest(path, n.Keys); near != "" {
			return "did you mean " + near + "?"
		}
	}
	switch {
	case len(n.Missing) > 0:
		return "`stripelake schema coverage " + table + "` lists what they have"
	case len(n.Read) > 0:
		return "see what becomes of one with `stripelake schema preview ID`"
	}
	return "map it, or take it out"
}
