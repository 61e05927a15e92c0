package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/authoring"
	"github.com/stripelake/stripelake/transform"
)

type schemaPreviewOptions struct {
	setOptions
	nulls bool
}

func (o *schemaPreviewOptions) flags() []cli.Flag {
	return append(o.setFlags(), &cli.BoolFlag{Name: "nulls", Destination: &o.nulls, Usage: "show fields without a value too"})
}

func schemaPreviewCommand(env *environment) *cli.Command {
	var o schemaPreviewOptions
	return takes(arguments{usage: "FILE.json|ID", needs: "a file or an id", most: 1}, &cli.Command{
		Name:  "preview",
		Usage: "show the rows of one object, field by field, and the source of each field",
		Description: "The object is a file (- for standard input) or, by its id, the newest version in the lake's raw log.\n" +
			"Example: stripelake schema preview ch_1abc --schemas my-schemas",
		Flags:  o.flags(),
		Action: func(c *cli.Context) error { return env.schemaPreview(c.Context, &o, c.Args().First()) },
	})
}

func (env *environment) schemaPreview(ctx context.Context, o *schemaPreviewOptions, name string) error {
	set, compiled, err := env.compile(&o.setOptions)
	if err != nil {
		return err
	}
	object, err := findObject(ctx, o.lake, name)
	if err != nil {
		return err
	}
	preview, err := authoring.PreviewOf(set, compiled, object)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Fprintf(env.stdout, "%s %s\n", preview.Object, preview.ID)
	for _, table := range preview.Tables {
		if err := env.printPreview(table, o.nulls); err != nil {
			return err
		}
	}
	for _, d := range preview.Drift {
		fmt.Fprintf(env.stdout, "\nunexpected: %s: %s%s\n", d.Path, d.Found, textIf(d.Example != "" && !strings.Contains(d.Found, d.Example), ", "+d.Example))
	}
	return nil
}

// findObject reads an object from a file or, where there is no such file, from
// the lake.
func findObject(ctx context.Context, dir, name string) (transform.Object, error) {
	raw, err := readInput(name)
	if err == nil {
		object, err := authoring.Parse(raw)
		if err != nil {
			return object, fmt.Errorf("%s: %w", name, err)
		}
		return object, nil
	}
	if !errors.Is(err, fs.ErrNotExist) || strings.ContainsAny(name, "/.") {
		return transform.Object{}, err
	}
	lake, err := authoring.OpenLake(dir)
	if err != nil {
		return transform.Object{}, fmt.Errorf("%s is no file, and no lake can be asked for it: %w", name, err)
	}
	defer func() { _ = lake.Close() }()
	return lake.Find(ctx, name)
}

func (env *environment) printPreview(t authoring.TablePreview, nulls bool) error {
	fmt.Fprintf(env.stdout, "\n%s%s: %s", t.Table, textIf(t.Mapping != "", " by "+t.Mapping), counted(len(t.Rows), "row"))
	if len(t.Rejects) > 0 {
		fmt.Fprintf(env.stdout, ", %s", counted(len(t.Rejects), "reject"))
	}
	if t.LeftOut > 0 {
		fmt.Fprintf(env.stdout, ", %d left out by where", t.LeftOut)
	}
	fmt.Fprintln(env.stdout)
	for _, r := range t.Rejects {
		fmt.Fprintf(env.stdout, "  rejected: %s: %s (rule %s, %s)\n", r.Field, r.Reason, r.Rule, r.Mapping)
	}
	for _, row := range t.Rows {
		out := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', 0)
		hidden := 0
		for _, cell := range row {
			if cell.Value == "null" && !nulls {
				hidden++
				continue
			}
			fmt.Fprintf(out, "  %s\t%s\t← %s\n", cell.Field, shortened(cell.Value), origin(cell))
		}
		if err := out.Flush(); err != nil {
			return err
		}
		if hidden > 0 {
			fmt.Fprintf(env.stdout, "  (%s null: --nulls shows them)\n", plural(hidden, "field is", "fields are"))
		}
	}
	return nil
}

// origin returns a column's expression, and the source values at its paths
// where they differ from the value shown.
func origin(c authoring.Cell) string {
	text := strings.Join(strings.Fields(c.Expression), " ")
	var found []string
	for _, s := range c.Sources {
		if s.Text != "" {
			found = append(found, s.Path+" = "+shortened(s.Text))
		}
	}
	if len(found) == 0 {
		return text
	}
	return text + "  (" + strings.Join(found, ", ") + ")"
}

// shortened cuts a text to the width of a terminal's line.
func shortened(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}
