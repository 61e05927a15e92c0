package main

import (
	"context"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/authoring"
)

func schemaExportCommand(env *environment) *cli.Command {
	return groupCommand(&cli.Command{
		Name:        "export",
		Usage:       "write the schemas for other tools",
		UsageText:   "stripelake schema export COMMAND [command options]",
		Subcommands: []*cli.Command{schemaExportDBTCommand(env)},
	})
}

type schemaExportOptions struct {
	setOptions
	out string // a file; empty is standard output
}

func (o *schemaExportOptions) flags() []cli.Flag {
	return append(o.setFlags(), &cli.StringFlag{Name: "out", Destination: &o.out, Usage: "write to `FILE`, replacing an existing one"})
}

func schemaExportDBTCommand(env *environment) *cli.Command {
	var o schemaExportOptions
	return takesNone(&cli.Command{
		Name:  "dbt",
		Usage: "write sources.yml for dbt: tables, histories and marts with columns, types, descriptions and tests",
		Description: "For dbt 1.10 or later with dbt-duckdb. The file explains how to attach the warehouse.\n" +
			"Example: stripelake schema export dbt --out models/sources.yml",
		Flags:  o.flags(),
		Action: func(c *cli.Context) error { return env.schemaExportDBT(c.Context, &o) },
	})
}

func (env *environment) schemaExportDBT(ctx context.Context, o *schemaExportOptions) error {
	set, _, err := env.compile(&o.setOptions)
	if err != nil {
		return err
	}
	text, err := authoring.DBT(ctx, set)
	if err != nil {
		return err
	}
	if o.out != "" {
		return os.WriteFile(o.out, []byte(text), 0o644) // it belongs in a repository, as schemas do
	}
	_, err = io.WriteString(env.stdout, text)
	return err
}
