package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/report"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
)

func reportCommand(env *environment) *cli.Command {
	return groupCommand(&cli.Command{
		Name:        "report",
		Usage:       "write an HTML report from the warehouse",
		UsageText:   "stripelake report COMMAND [command options]",
		Subcommands: []*cli.Command{reportBNPLCommand(env)},
	})
}

type reportOptions struct{ lake, out string }

func (o *reportOptions) flags() []cli.Flag {
	return []cli.Flag{
		lakeFlag(&o.lake),
		&cli.StringFlag{Name: "out", Destination: &o.out, Value: "./bnpl.html", Usage: "write the page to `FILE`, which is replaced only when the page is complete"},
	}
}

func reportBNPLCommand(env *environment) *cli.Command {
	var o reportOptions
	return takesNone(&cli.Command{
		Name:  "bnpl",
		Usage: "who buys now and pays later: one HTML file with charts, tables and their SQL",
		Description: "Reads the marts of the generation that is published when it starts, also while a sync runs. The file needs no network. It\n" +
			"has sums only: no customer and no single payment.\n" +
			"Example: stripelake report bnpl --out bnpl.html",
		Flags:  o.flags(),
		Action: func(c *cli.Context) error { return reportError(env.reportBNPL(c.Context, o.lake, o.out)) },
	})
}

// reportError says that no report was written where it was interrupted: unlike
// a sync, it does not continue next time.
func reportError(err error) error {
	if errors.Is(err, context.Canceled) {
		return errNoReport{}
	}
	return err
}

type errNoReport struct{ errInterrupted }

func (errNoReport) Error() string { return "interrupted; no report was written" }

func (env *environment) reportBNPL(ctx context.Context, dir, out string) (err error) {
	mode, err := load.ReadMode(dir)
	if err != nil {
		return err
	}
	generation, err := load.PublishedDir(dir)
	if err != nil {
		return fmt.Errorf("report on %s: %w", dir, err)
	}
	decimals, err := decimalsOf(dir)
	if err != nil {
		return err
	}
	spill, err := os.MkdirTemp("", "stripelake-report-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(spill)) }()
	db, err := openReport(ctx, filepath.Join(generation, "warehouse.duckdb"), spill)
	if err != nil {
		return fmt.Errorf("report on %s: %w", dir, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	number, err := load.PublishedNumber(generation)
	if err != nil {
		return err
	}
	env.signals.stage("reading the marts")
	page, err := report.BNPL(ctx, db, report.Lake{Generation: strconv.FormatUint(number, 10), Mode: mode, Version: version, Decimals: decimals})
	if err != nil {
		return fmt.Errorf("report on %s: %w", dir, err)
	}
	env.signals.stage("writing " + out)
	if err := writeOut(out, dir, func(w io.Writer) error { return page.Write(w) }); err != nil {
		return err
	}
	info, err := os.Stat(out)
	if err != nil {
		return err
	}
	period := "no payments yet"
	if page.First != "" {
		period = page.First + " to " + page.Last
	}
	fmt.Fprintf(env.stdout, "%s: %.1f MB, %s, generation %d\n", out, float64(info.Size())/1e6, period, number)
	return nil
}

// openReport opens a warehouse with enough memory for a report on millions of
// payments, and a folder to spill into.
func openReport(ctx context.Context, warehouse, spill string) (*sql.DB, error) {
	db, err := load.OpenWarehouse(warehouse)
	if err != nil {
		return nil, err
	}
	for _, setting := range []string{
		"SET memory_limit = '640MB'",
		"SET temp_directory = '" + strings.ReplaceAll(spill, "'", "''") + "'",
	} {
		if _, err := db.ExecContext(ctx, setting); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return db, nil
}

// decimalsOf returns the number of decimal places of each currency's amounts,
// from the published lake's schemas; 2 where they name none.
func decimalsOf(dir string) (func(currency string) int, error) {
	files, err := load.ReadSchemas(dir)
	if err != nil {
		return nil, err
	}
	set, err := schemas.LoadFiles(files)
	if err != nil {
		return nil, err
	}
	places := map[string]int{}
	if exponents := set.Lookup(schemas.CurrencyExponents); exponents != nil {
		for _, row := range exponents.Rows {
			if places[row.Key], err = strconv.Atoi(row.Value); err != nil {
				return nil, fmt.Errorf("decimal places of %s: %w", row.Key, err)
			}
		}
	}
	return func(currency string) int {
		if n, ok := places[strings.ToLower(currency)]; ok {
			return n
		}
		return 2
	}, nil
}
