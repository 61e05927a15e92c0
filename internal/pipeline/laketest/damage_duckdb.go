package laketest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	_ "github.com/duckdb/duckdb-go/v2"
)

// ExecState returns a damage that runs statements on the state.
func ExecState(statements ...string) func(string) error {
	return ExecDuckDB(".state/work.duckdb", statements...)
}

// ExecDuckDB returns a damage that runs statements on a DuckDB file of a lake.
func ExecDuckDB(name string, statements ...string) func(string) error {
	return func(dir string) (err error) {
		db, err := sql.Open("duckdb", filepath.Join(dir, name))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		for _, s := range statements {
			if _, err := db.ExecContext(context.Background(), s); err != nil {
				return err
			}
		}
		return nil
	}
}

// OlderState returns a damage that puts the state of an earlier sync in place, and
// says that it is as far as the present one.
func OlderState(former string, charges int) func(string) error {
	return func(dir string) error {
		data, err := os.ReadFile(former)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, ".state/work.duckdb"), data, 0o600)
		}
		return errors.Join(err, ExecState(fmt.Sprintf("UPDATE meta.positions SET segment = %d WHERE stream = 'charges'", charges))(dir))
	}
}

// OlderFile returns a damage that puts the first generation's file in the place of the
// present one.
func OlderFile(part string) func(string) error {
	return func(dir string) error {
		data, err := os.ReadFile(filepath.Join(dir, ".state/generations/000001", part))
		if err != nil {
			return err
		}
		return Altered("current/"+part, func([]byte) []byte { return data })(dir)
	}
}

// RewritePart returns a damage that writes a partition file again, with other rows.
func RewritePart(part, query string) func(string) error {
	return func(dir string) error {
		path := filepath.Join(dir, "current", part)
		return errors.Join(
			ExecDuckDB("", fmt.Sprintf("CREATE TABLE rows AS FROM read_parquet('%s', hive_partitioning = false)", path),
				fmt.Sprintf("COPY (%s) TO '%s.new' (FORMAT parquet)", query, path))(""),
			os.Rename(path+".new", path))
	}
}
