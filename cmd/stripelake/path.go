package main

import (
	"fmt"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/spelling"
	"github.com/stripelake/stripelake/load"
)

// warehousePath is the argument of `path` for the warehouse.
const warehousePath = "warehouse"

func pathCommand(env *environment) *cli.Command {
	var lake string
	return takes(arguments{usage: "[warehouse]", most: 1}, &cli.Command{
		Name:  "path",
		Usage: "print the path of what is published now: its folder, or its warehouse",
		Description: "The path is absolute and of one generation. A sync that publishes later leaves these files as they are, and removes them\n" +
			"when they are old. Example: duckdb -readonly \"$(stripelake path warehouse)\"",
		Flags:  []cli.Flag{lakeFlag(&lake)},
		Action: func(c *cli.Context) error { return env.path(lake, c.Args().First()) },
	})
}

func (env *environment) path(lake, of string) error {
	if of != "" && of != warehousePath {
		return &pipeline.UsageError{Message: fmt.Sprintf("there is no path of %q; %s", of, spelling.Choices(of, "paths", []string{warehousePath}))}
	}
	if _, err := load.ReadMode(lake); err != nil {
		return err
	}
	published, err := load.PublishedDir(lake)
	if err != nil {
		return fmt.Errorf("lake %s: %w", lake, err)
	}
	if of == warehousePath {
		published = filepath.Join(published, "warehouse.duckdb")
	}
	if published, err = filepath.Abs(published); err != nil {
		return err
	}
	_, err = fmt.Fprintln(env.stdout, published)
	return err
}
