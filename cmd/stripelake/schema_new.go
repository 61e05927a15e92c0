package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/authoring"
	"github.com/stripelake/stripelake/internal/pipeline"
)

type schemaNewOptions struct {
	setOptions
	each, table string
}

func (o *schemaNewOptions) flags() []cli.Flag {
	return append(o.setFlags(),
		&cli.StringFlag{Name: "each", Destination: &o.each, Usage: "make one row of each element of the list at `PATH` in the object"},
		&cli.StringFlag{Name: "table", Destination: &o.table, Usage: "the new table's `NAME`"})
}

func schemaNewCommand(env *environment) *cli.Command {
	var o schemaNewOptions
	return takes(arguments{usage: "OBJECT", needs: "a type of object", most: 1}, &cli.Command{
		Name:  "new",
		Usage: "write a first schema and mapping for a table, from objects in the lake",
		Description: "Writes a schema and a mapping that pass the check, as a start for your own. It overwrites no file.\n" +
			"Example: stripelake schema new customer --table buyers --schemas my-schemas",
		Flags:  o.flags(),
		Action: func(c *cli.Context) error { return env.schemaNew(c.Context, &o, c.Args().First()) },
	})
}

var newTable = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func (env *environment) schemaNew(ctx context.Context, o *schemaNewOptions, object string) error {
	dir, table := o.schemas.value, o.table
	switch {
	case dir == "":
		return &pipeline.UsageError{Message: "name your schemas with --schemas DIR; `stripelake init DIR` lays them out"}
	case table == "" && o.each == "":
		return &pipeline.UsageError{Message: "name the table with --table: " + object + "s is there already"}
	case table == "":
		table = object + "_" + strings.TrimSuffix(strings.ReplaceAll(o.each, ".", "_"), "_data")
	}
	if !newTable.MatchString(table) {
		return &pipeline.UsageError{Message: fmt.Sprintf("--table %q must be lower case letters, digits and underscores", table)}
	}
	lake, err := authoring.OpenLake(o.lake)
	if err != nil {
		return err
	}
	defer func() { _ = lake.Close() }()
	start, err := lake.Scaffold(ctx, object, table, o.each)
	if err != nil {
		return err
	}
	name := strings.TrimSuffix(table, "s") + ".yaml"
	schema, mapping := filepath.Join(dir, "stripe", name), filepath.Join(dir, "mappings", "stripe", name)
	if err := writeNew(map[string]string{schema: start.Schema, mapping: start.Mapping}); err != nil {
		return fmt.Errorf("begin %s: %w", table, err)
	}
	fmt.Fprintf(env.stdout, "%s with %s: %s and %s\n", table, counted(start.Columns, "column"), schema, mapping)
	if start.Keyless {
		fmt.Fprintf(env.stdout, "note: the elements have no id; name in primary_key what tells them apart, or the table is not published\n")
	}
	return nil
}

// writeNew writes files that must not exist yet: all of them or none, because
// half a table does not pass the check.
func writeNew(files map[string]string) (err error) {
	var written []string
	defer func() {
		if err != nil {
			for _, file := range written {
				_ = os.Remove(file)
			}
		}
	}()
	for _, file := range slices.Sorted(maps.Keys(files)) {
		out, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		written = append(written, file)
		_, err = out.WriteString(files[file])
		if err := errors.Join(err, out.Close()); err != nil {
			return err
		}
	}
	return nil
}
