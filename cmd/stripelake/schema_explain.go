package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/authoring"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/spelling"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

type schemaExplainOptions struct {
	setOptions
	sql bool
}

func (o *schemaExplainOptions) flags() []cli.Flag {
	return append(o.setFlags(),
		&cli.BoolFlag{Name: "sql", Destination: &o.sql, Usage: "show the DuckDB SQL that computes the same from the raw log; for a table, the whole query"})
}

func schemaExplainCommand(env *environment) *cli.Command {
	var o schemaExplainOptions
	return takes(arguments{usage: "TABLE[.FIELD]", needs: "a table or a field", most: 1}, &cli.Command{
		Name:        "explain",
		Usage:       "show where a column comes from, what it means and how it is filled",
		Description: "Example: stripelake schema explain charges.bnpl.provider --sql",
		Flags:       o.flags(),
		Action:      func(c *cli.Context) error { return env.schemaExplain(c.Context, &o, c.Args().First()) },
	})
}

func (env *environment) schemaExplain(ctx context.Context, o *schemaExplainOptions, name string) error {
	set, compiled, err := env.compile(&o.setOptions)
	if err != nil {
		return err
	}
	tableName, field, _ := strings.Cut(name, ".")
	table, err := tableOf(set, tableName)
	if err != nil {
		return err
	}
	columns, err := authoring.Columns(set, compiled, table)
	if err != nil {
		return err
	}
	if field == "" {
		return env.explainTable(o.sql, set, compiled, table, columns)
	}
	if inside := slices.DeleteFunc(slices.Clone(columns), func(o authoring.Column) bool { return !isInside(o.Target, field) }); len(inside) > 0 {
		fmt.Fprintf(env.stdout, "%s.%s is made of\n\n", table.Table, field)
		return env.printColumns(inside)
	}
	lake := lakeIfAny(o.lake)
	if lake != nil {
		defer func() { _ = lake.Close() }()
	}
	found := false
	for _, column := range columns {
		if column.Target != field {
			continue
		}
		found = true
		if err := env.explainColumn(ctx, o, lake, table, column); err != nil {
			return err
		}
	}
	if found {
		return nil
	}
	var targets []string
	for _, column := range columns {
		targets = append(targets, column.Target)
	}
	hint := "`stripelake schema explain " + table.Table + "` lists them"
	if near := spelling.Nearest(field, targets); near != "" {
		hint = "did you mean " + near + "?"
	}
	return &pipeline.UsageError{Message: fmt.Sprintf("%s has no field %q; %s", table.Table, field, hint)}
}

func (env *environment) explainTable(sql bool, set *schemas.Set, compiled *transform.Mappings, s *schemas.Schema, columns []authoring.Column) error {
	fmt.Fprintf(env.stdout, "%s: %s. %s\n\n", s.Table, s.Title, s.Description)
	if sql {
		for _, m := range set.Mappings {
			if m.Schema == s {
				fmt.Fprintln(env.stdout, compiled.SQL(m))
			}
		}
		return nil
	}
	return env.printColumns(columns)
}

// isInside reports whether a field is a member of an object, or of a list's
// elements.
func isInside(target, of string) bool {
	rest, ok := strings.CutPrefix(target, of)
	return ok && (strings.HasPrefix(rest, ".") || strings.HasPrefix(rest, "[]"))
}

func (env *environment) printColumns(columns []authoring.Column) error {
	out := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', 0)
	for _, column := range columns {
		fmt.Fprintf(out, "%s\t%s\t%s\n", column.Target, column.Type, shortened(strings.Join(strings.Fields(column.Expression), " ")))
	}
	return out.Flush()
}

func (env *environment) explainColumn(ctx context.Context, o *schemaExplainOptions, lake *authoring.Lake, s *schemas.Schema, column authoring.Column) error {
	f := column.Field
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(env.stdout, "  %-12s %s\n", name, text)
		}
	}
	fmt.Fprintf(env.stdout, "%s.%s: %s\n", s.Table, column.Target, f.Title)
	line("meaning", f.Description)
	line("type", column.Type.String()+textIf(f.Required, ", required"))
	line("unit", f.Unit)
	line("label", column.Label+textIf(f.Hashed, ", hashed"))
	line("refers to", f.Ref)
	line("values", enumText(f))
	line("made by", strings.Join(strings.Fields(column.Expression), " "))
	line("", fmt.Sprintf("%s:%d", o.inDir(column.Pos.File), column.Pos.Line))
	for i, source := range column.Sources {
		line([]string{"from", ""}[min(i, 1)], column.Mapping.Source.Object+"."+source.Path+catalogText(source.Field))
	}
	if lake != nil {
		fill, err := lake.Fill(ctx, s.Table, column)
		if err != nil {
			line("filled", "not in this lake yet: it was built with other schemas")
		} else {
			line("filled", fmt.Sprintf("%s of %s rows, %s", digits(int(fill.Filled)), digits(int(fill.Rows)), counted(int(fill.Distinct), "value")))
			line("frequent", strings.Join(fill.Frequent, ", "))
		}
	}
	line("Data Prep", column.DataPrep)
	line("Data Prep", textIf(column.Reason != "", "none: ")+column.Reason)
	if o.sql {
		line("SQL", column.SQL)
	}
	return nil
}

func textIf(condition bool, text string) string {
	if condition {
		return text
	}
	return ""
}

func enumText(f *schemas.Field) string {
	var names []string
	for _, v := range f.Enum {
		names = append(names, v.Value)
	}
	if len(names) > 0 && !f.Closed {
		names = append(names, "… others are kept and counted")
	}
	return strings.Join(names, ", ")
}

func catalogText(f *schemas.SourceField) string {
	if f == nil {
		return " (not in the catalog)"
	}
	parts := []string{string(f.Type)}
	if f.Expandable {
		parts = append(parts, "an id or the object")
	}
	if f.Since != "" {
		parts = append(parts, "since "+f.Since)
	}
	if f.Until != "" {
		parts = append(parts, "until "+f.Until)
	}
	if f.Unlisted {
		parts = append(parts, "seen in responses only")
	}
	if n := len(f.Enum); n > 0 {
		parts = append(parts, "one of "+strings.Join(f.Enum[:min(n, 8)], ", ")+textIf(n > 8, ", …"))
	}
	return " (" + strings.Join(slices.Compact(parts), "; ") + ")"
}
