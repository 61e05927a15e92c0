package laketest

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/loadtest"
)

// Digest is loadtest.Digest of a lake: what it holds, comparable.
func Digest(t *testing.T, dir string) map[string]string {
	t.Helper()
	d, err := loadtest.Digest(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Warehouse opens the published warehouse until the test ends.
func Warehouse(t *testing.T, dir string) *sql.DB {
	t.Helper()
	db, err := load.OpenWarehouse(filepath.Join(dir, "current", "warehouse.duckdb"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// AccountOf is the id of the first account in a lake.
func AccountOf(t *testing.T, dir string) string {
	t.Helper()
	accounts, err := load.ReadAccounts(dir)
	if err != nil || len(accounts) == 0 {
		t.Fatal(err)
	}
	return accounts[0].ID
}

// RawObjects reads a lake's log, by stream, each object on a line.
func RawObjects(t *testing.T, dir string) map[string][]string {
	t.Helper()
	s := NewSync(dir, "http://127.0.0.1:1", nil)
	accounts, err := s.Lake.Accounts()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, resource := range pipeline.Streams(s.Lake.Resources()) {
		for batch, err := range s.Lake.Read(t.Context(), accounts[0].ID, resource.Name, 0) {
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range batch.Objects {
				var line bytes.Buffer
				if err := json.Compact(&line, o.Object); err != nil {
					t.Fatal(err)
				}
				all[resource.Name] = append(all[resource.Name], line.String())
			}
		}
	}
	return all
}

// Copied is a copy of a lake, in a folder of its own.
func Copied(t *testing.T, lake string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "lake")
	if err := os.CopyFS(dir, os.DirFS(lake)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// OpenLake makes published files writable, for those who damage them.
func OpenLake(dir string) error {
	return errors.Join(EachFile("current/*.*", writable)(dir), EachFile("current/*/*/*/*.parquet", writable)(dir))
}

func writable(path string) error { return os.Chmod(path, 0o600) }

// LastFile is the last path that matches.
func LastFile(t *testing.T, dir, pattern string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	return paths[len(paths)-1]
}

// CopyTo copies a file.
func CopyTo(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Tree returns the names, modes, sizes and times of everything in a folder.
func Tree(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(path)
		if err == nil {
			all = append(all, fmt.Sprint(path, info.Mode(), info.Size(), info.ModTime()))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
