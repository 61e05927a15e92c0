package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// benchRebuild compares `rebuild --all` with DuckDB at its own settings, which
// does the same from the same log with the generated SQL: every table, and its
// Parquet partitions. Both run in processes of their own.
func benchRebuild(ctx context.Context, rebuilt result, lake, dir string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, "-rival", lake, "-out", filepath.Join(dir, "rival"))
	cmd.Stderr = os.Stderr
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("the rival: %w", err)
	}
	seconds, peak := time.Since(start).Seconds(), int64(0)
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		peak = usage.Maxrss << 10
	}
	fmt.Printf("%-14s %8d objects  %6.1f s  %d MiB peak\n", "DuckDB rebuild", rebuilt.objects, seconds, peak>>20)
	fmt.Printf("%-14s %.1f times as fast as DuckDB, with %.2f of its memory\n", "rebuild", seconds/rebuilt.seconds, float64(rebuilt.peak)/float64(peak))
	return nil
}

// rivalTables makes every table of a lake with SQL alone.
func rivalTables(ctx context.Context, lake, out string) error {
	files, err := load.ReadSchemas(lake)
	if err != nil {
		return err
	}
	set, err := schemas.LoadFiles(files)
	if err != nil {
		return err
	}
	mappings, err := transform.Compile(set)
	if err != nil {
		return err
	}
	accounts, err := os.ReadDir(filepath.Join(lake, "raw"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o700); err != nil {
		return err
	}
	db, err := sql.Open("duckdb", filepath.Join(out, "rival.duckdb"))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	for _, m := range set.Mappings {
		table := m.Schema.Table
		query := withRaw(lake, accounts[0].Name(), m.Source.Object+"s", "true QUALIFY row_number() OVER (PARTITION BY id ORDER BY seq DESC) = 1", mappings.SQL(m))
		for _, statement := range []string{
			"CREATE TABLE " + table + " AS " + query,
			fmt.Sprintf("COPY (SELECT *, strftime(%s, '%%Y-%%m') AS created_month FROM %s ORDER BY %s) TO '%s' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (account, created_month))",
				m.Schema.Timestamp, table, m.Schema.Timestamp, filepath.Join(out, table)),
		} {
			if _, err := db.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", table, err)
			}
		}
	}
	return nil
}
