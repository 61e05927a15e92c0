package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/authoring"
)

type schemaCoverageOptions struct {
	setOptions
	json    bool
	objects int
}

func (o *schemaCoverageOptions) flags() []cli.Flag {
	return append(o.setFlags(), jsonFlag(&o.json, "print one JSON object"),
		&cli.IntFlag{Name: "objects", Destination: &o.objects, Value: 20_000, Usage: "read the newest `N` objects"})
}

func schemaCoverageCommand(env *environment) *cli.Command {
	var o schemaCoverageOptions
	return takes(arguments{usage: "TABLE", needs: "a table", most: 1}, &cli.Command{
		Name:        "coverage",
		Usage:       "list the fields that Stripe sends and no column uses, and those left out with their reasons",
		Description: "Reads the newest objects in the lake's raw log. Example: stripelake schema coverage charges",
		Flags:       o.flags(),
		Action:      func(c *cli.Context) error { return env.schemaCoverage(c.Context, &o, c.Args().First()) },
	})
}

func (env *environment) schemaCoverage(ctx context.Context, o *schemaCoverageOptions, name string) error {
	set, compiled, err := env.compile(&o.setOptions)
	if err != nil {
		return err
	}
	table, err := tableOf(set, name)
	if err != nil {
		return err
	}
	lake, err := authoring.OpenLake(o.lake)
	if err != nil {
		return err
	}
	defer func() { _ = lake.Close() }()
	coverage, err := lake.CoverageOf(ctx, set, compiled, table, o.objects)
	if err != nil {
		return err
	}
	if o.json {
		return env.printJSON(coverage)
	}
	for _, source := range coverage {
		if err := env.printCoverage(table.Table, source); err != nil {
			return err
		}
	}
	return nil
}

func (env *environment) printCoverage(table string, source authoring.Coverage) error {
	fmt.Fprintf(env.stdout, "%s takes %d of %d catalog fields of %s; %d are left out with a reason, and %d without.\n",
		table, source.Mapped, source.Catalog, source.Object, source.LeftOut, source.Catalog-source.Mapped-source.LeftOut)
	fmt.Fprintf(env.stdout, "%s looked at, %s with a value that nothing takes and no reason\n", counted(source.Looked, "object"), counted(len(source.Unmapped), "field"))
	out := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', 0)
	if len(source.Unmapped) > 0 {
		fmt.Fprintln(out, "\nfield\ttype\tobjects\texample")
	}
	for _, u := range source.Unmapped {
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\n", u.Path, u.Type, digits(u.Objects), u.Example)
	}
	if err := out.Flush(); err != nil || len(source.Reasons) == 0 {
		return err
	}
	fmt.Fprintln(out, "\nleft out\tobjects\treason")
	for _, r := range source.Reasons {
		fmt.Fprintf(out, "%s\t%s\t%s\n", r.Path, digits(r.Objects), r.Reason)
	}
	return out.Flush()
}
