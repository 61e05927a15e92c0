package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/authoring"
)

func schemaDocsCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:        "docs",
		Usage:       "write a reference page for each table and one for the mapping language",
		Description: "Example: stripelake schema docs --out docs/reference",
		Flags:       []cli.Flag{schemasFlag(), &cli.StringFlag{Name: "out", Value: "docs/reference", Usage: "write into `DIR`"}},
		Action: func(c *cli.Context) error {
			set, compiled, err := plan(c)
			if err != nil {
				return err
			}
			pages, err := authoring.Pages(set, compiled)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(c.String("out"), 0o755); err != nil {
				return err
			}
			for name, text := range pages {
				if err := os.WriteFile(filepath.Join(c.String("out"), name), []byte(text), 0o644); err != nil {
					return err
				}
			}
			fmt.Fprintf(env.stdout, "%s in %s\n", counted(len(pages), "page"), c.String("out"))
			return nil
		},
	}
}
