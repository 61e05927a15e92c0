package main

import (
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/authoring"
	"github.com/stripelake/stripelake/schemas"
)

func schemaExportCommand(env *environment) *cli.Command {
	return groups(&cli.Command{
		Name:        "export",
		Usage:       "write the schemas as other tools declare them",
		UsageText:   "stripelake schema export COMMAND [command options]",
		Subcommands: []*cli.Command{schemaExportDBTCommand(env)},
	})
}

func schemaExportDBTCommand(env *environment) *cli.Command {
	return takesNone(&cli.Command{
		Name:  "dbt",
		Usage: "write sources.yml for dbt: tables, histories and marts with columns, types, meaning and tests",
		Description: "For dbt 1.10 or later with dbt-duckdb; the file says how to attach the warehouse.\n" +
			"Example: stripelake schema export dbt --out models/sources.yml",
		Flags: []cli.Flag{schemasFlag(), lakeFlag(), &cli.StringFlag{Name: "out", Usage: "write into `FILE`, over one of that name"}},
		Action: func(c *cli.Context) error {
			set, _, err := plan(c)
			if err != nil {
				return err
			}
			return env.schemaExportDBT(c, set)
		},
	})
}

func (env *environment) schemaExportDBT(c *cli.Context, set *schemas.Set) error {
	text, err := authoring.DBT(c.Context, set)
	if err != nil {
		return err
	}
	if out := c.String("out"); out != "" {
		return os.WriteFile(out, []byte(text), 0o644) // it belongs into a repository, as schemas do
	}
	_, err = io.WriteString(env.stdout, text)
	return err
}
