package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/schemas"
)

func initCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:        "init",
		Usage:       "lay out an editable copy of the built-in schemas",
		ArgsUsage:   "[DIR]",
		Description: "Writes the schemas, mappings and lookups, with what editors need to complete them, into DIR\n(./schemas unless given). Example: stripelake init my-schemas",
		Action: func(c *cli.Context) error {
			dir := c.Args().First()
			if dir == "" {
				dir = "schemas"
			}
			n, err := layOut(dir)
			if err != nil {
				return err
			}
			fmt.Fprintf(env.stdout, "%s in %s; begin with %s\n", counted(n, "file"), dir, filepath.Join(dir, "README.md"))
			return nil
		},
	}
}

// layOut writes the built-in set into an empty or new folder. Its files are not
// private like a lake's: they belong into the author's repository.
func layOut(dir string) (int, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	if len(entries) > 0 {
		return 0, &pipeline.UsageError{Message: fmt.Sprintf("%s is not empty: name a new folder, nothing is written over", dir)}
	}
	n := 0
	err = fs.WalkDir(schemas.Embedded(), ".", func(path string, d fs.DirEntry, err error) error {
		to := filepath.Join(dir, filepath.FromSlash(path))
		if err != nil || d.IsDir() {
			return errors.Join(err, os.MkdirAll(to, 0o755))
		}
		n++
		data, err := fs.ReadFile(schemas.Embedded(), path)
		return errors.Join(err, os.WriteFile(to, data, 0o644))
	})
	if err != nil {
		return n, fmt.Errorf("lay out schemas: %w", err)
	}
	return n, nil
}
