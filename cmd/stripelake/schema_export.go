package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/authoring"
	"github.com/stripelake/stripelake/internal/pipeline"
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
	out      string // a file; empty is standard output
	database string // under which dbt attaches the warehouse
}

func (o *schemaExportOptions) flags() []cli.Flag {
	return append(o.setFlags(),
		&cli.StringFlag{Name: "out", Destination: &o.out, Usage: "write to `FILE`, replacing an existing one"},
		&cli.StringFlag{Name: "database", Destination: &o.database, Value: "stripe", Usage: "the `NAME` under which dbt attaches the warehouse"})
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

var databaseName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (env *environment) schemaExportDBT(ctx context.Context, o *schemaExportOptions) error {
	if !databaseName.MatchString(o.database) {
		return &pipeline.UsageError{Message: fmt.Sprintf("--database %q must be letters, digits and underscores, as the alias under attach is", o.database)}
	}
	set, _, err := env.compile(&o.setOptions)
	if err != nil {
		return err
	}
	text, err := authoring.DBT(ctx, set, o.database)
	if err != nil {
		return err
	}
	if o.out != "" {
		return os.WriteFile(o.out, []byte(text), 0o644) // it belongs in a repository, as schemas do
	}
	_, err = io.WriteString(env.stdout, text)
	return err
}
