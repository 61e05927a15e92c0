package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/spelling"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/query"
)

type tablesOptions struct {
	lake string
	json bool
}

func tablesCommand(env *environment) *cli.Command {
	var o tablesOptions
	return takes(arguments{usage: "[TABLE]", most: 1}, &cli.Command{
		Name:  "tables",
		Usage: "list the tables and views that are published, or the columns of one",
		Description: "Reads published files only, and runs no view: a view has no number of rows. With TABLE, lists its columns, the members of its\n" +
			"objects, and what is personal in it. Example: stripelake tables charges",
		Flags:  []cli.Flag{lakeFlag(&o.lake), jsonFlag(&o.json, "print one JSON object")},
		Action: func(c *cli.Context) error { return env.tables(c.Context, &o, c.Args().First()) },
	})
}

func (env *environment) tables(ctx context.Context, o *tablesOptions, name string) error {
	if _, err := load.ReadMode(o.lake); err != nil {
		return err
	}
	generation, tables, err := load.ReadWarehouseTables(ctx, o.lake)
	if err != nil {
		return err
	}
	if name != "" {
		table, err := warehouseTable(tables, name)
		if err != nil {
			return err
		}
		if o.json {
			return env.printJSON(table)
		}
		return env.printWarehouseTable(table)
	}
	if !o.json {
		return env.printWarehouseTables(tables)
	}
	for i := range tables {
		tables[i].Columns = nil
	}
	return env.printJSON(struct {
		Generation uint64                `json:"generation"`
		Tables     []load.WarehouseTable `json:"tables"`
	}{generation, tables})
}

// warehouseTable returns the table with this name, with or without its schema. An
// unknown name is a *pipeline.UsageError.
func warehouseTable(tables []load.WarehouseTable, name string) (load.WarehouseTable, error) {
	var names []string
	for _, t := range tables {
		known := t.Schema + "." + t.Name
		if t.Schema == "main" {
			known = t.Name
		}
		if name == known || name == t.Schema+"."+t.Name {
			return t, nil
		}
		names = append(names, known)
	}
	return load.WarehouseTable{}, &pipeline.UsageError{Message: fmt.Sprintf("there is no table %q; %s", name, spelling.Choices(name, "tables", names))}
}

func (env *environment) printWarehouseTables(tables []load.WarehouseTable) error {
	rows := [][]string{{"schema", "table", "rows", "kind", "comment"}}
	for _, t := range tables {
		count := ""
		if t.Rows != nil {
			count = strconv.FormatInt(*t.Rows, 10)
		}
		rows = append(rows, []string{t.Schema, t.Name, count, t.Kind, t.Comment})
	}
	return writeRows(env.stdout, rows, []query.Column{{}, {}, {Number: true}, {}, {}}, env.screenOf(tablesRest))
}

func (env *environment) printWarehouseTable(t load.WarehouseTable) error {
	what := "a " + t.Kind
	if t.Rows != nil {
		what += " of " + counted(int(*t.Rows), "row")
	}
	fmt.Fprintf(env.stdout, "%s: %s. %s\n\n", t.Name, what, t.Comment)
	rows := [][]string{{"column", "type", "personal", "comment"}}
	for i, c := range t.Columns {
		if i+1 < len(t.Columns) && strings.HasPrefix(t.Columns[i+1].Name, c.Name+".") {
			c.Type = withoutMembers(c.Type) // which have lines of their own
		}
		rows = append(rows, []string{c.Name, c.Type, c.Personal, c.Comment})
	}
	return writeRows(env.stdout, rows, slices.Repeat([]query.Column{{}}, len(rows[0])), env.screenOf(tablesRest))
}

// tablesRest says how to see what a screen has no room for.
const tablesRest = "--json has all"

// withoutMembers shortens STRUCT(a VARCHAR, …)[] to STRUCT[].
func withoutMembers(typeName string) string {
	open, end := strings.IndexByte(typeName, '('), strings.LastIndexByte(typeName, ')')
	if open < 0 || end < open {
		return typeName
	}
	return typeName[:open] + typeName[end+1:]
}
