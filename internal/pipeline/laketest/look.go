package laketest

import (
	"bytes"
	"context"
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/load"
)

// Look searches every file of a lake for marks: its bytes as they are and, where they
// are compressed, what a reader makes of them. The findings are by kind of file.
func Look(t *testing.T, dir string, marks []string) map[string]map[string]bool {
	t.Helper()
	return LookBelow(t, dir, dir, marks)
}

// LookBelow is [Look] into another folder, whose files the lake's warehouse reads.
func LookBelow(t *testing.T, dir, below string, marks []string) map[string]map[string]bool {
	t.Helper()
	found := map[string]map[string]bool{}
	search := func(kind string, text []byte) {
		for _, mark := range marks {
			if bytes.Contains(text, []byte(mark)) {
				if found[kind] == nil {
					found[kind] = map[string]bool{}
				}
				found[kind][mark] = true
			}
		}
	}
	files := 0
	err := filepath.WalkDir(below, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		files++
		kind := kindOf(dir, path)
		data, err := os.ReadFile(path)
		search(kind, data)
		search(kind, []byte(path))
		if text := contents(t, dir, path); text != nil {
			search(kind, text)
		}
		return err
	})
	if err != nil || files == 0 {
		t.Fatalf("%d files, %v", files, err)
	}
	return found
}

func kindOf(dir, path string) string {
	name, _ := strings.CutPrefix(path, dir+string(filepath.Separator))
	switch {
	case strings.HasPrefix(name, "raw") && filepath.Ext(name) == ".parquet":
		return "segment"
	case filepath.Ext(name) == ".parquet":
		return "partition"
	case filepath.Base(name) == "warehouse.duckdb":
		return "warehouse"
	case filepath.Base(name) == "work.duckdb":
		return "state"
	default:
		return "other"
	}
}

// contents reads every row of a Parquet or DuckDB file as text.
func contents(t *testing.T, dir, path string) []byte {
	t.Helper()
	quoted := "'" + strings.ReplaceAll(path, "'", "''") + "'"
	switch filepath.Ext(path) {
	case ".parquet":
		return rowsOf(t, Warehouse(t, dir), "read_parquet("+quoted+", hive_partitioning = false)")
	case ".duckdb":
		db, err := load.OpenWarehouse(path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		var text []byte
		for _, table := range tablesOf(t.Context(), t, db) {
			text = append(text, rowsOf(t, db, table)...)
		}
		return text
	}
	return nil
}

func rowsOf(t *testing.T, db *sql.DB, from string) []byte {
	t.Helper()
	return bytes.Join(texts(t.Context(), t, db, "SELECT CAST(r AS VARCHAR) FROM "+from+" r"), []byte("\n"))
}

func tablesOf(ctx context.Context, t *testing.T, db *sql.DB) []string {
	t.Helper()
	var names []string
	for _, name := range texts(ctx, t, db, `SELECT format('"{}"."{}"', schema_name, table_name) FROM duckdb_tables() WHERE database_name = 'warehouse'`) {
		names = append(names, string(name))
	}
	return names
}

func texts(ctx context.Context, t *testing.T, db *sql.DB, query string) [][]byte {
	t.Helper()
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var all [][]byte
	for rows.Next() {
		var text []byte
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, bytes.Clone(text))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
