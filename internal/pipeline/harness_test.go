package pipeline_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

const testKey = "sk_test_pipeline"

// setup is a sync that could not even be put together: run returns its error.
type setup struct {
	pipeline.Sync
	err error
}

// newSync puts a sync together from the real parts: a client over HTTP, the
// embedded schemas, a lake on disk.
func newSync(dir, api string, change func(*load.Options)) *setup {
	return newSyncOf(nil, dir, api, change)
}

// newSyncOf is newSync with schema files that are edited.
func newSyncOf(edit func(files map[string]string), dir, api string, change func(*load.Options)) *setup {
	set, err := schemas.Load(schemas.Embedded())
	if err == nil && edit != nil {
		files := set.Files()
		edit(files)
		set, err = schemas.LoadFiles(files)
	}
	if err != nil {
		return &setup{err: err}
	}
	plan, err := transform.Compile(set)
	if err != nil {
		return &setup{err: err}
	}
	client, err := extract.New(extract.Config{Key: testKey, BaseURL: api, MaxRPS: 100_000})
	if err != nil {
		return &setup{err: err}
	}
	options := pipeline.LakeOptions(set, client.Mode())
	if change != nil {
		change(&options)
	}
	lake, err := load.Open(dir, options)
	return &setup{Sync: pipeline.Sync{Client: client, Plan: plan, Lake: lake, Range: extract.Range{LookBack: 48 * time.Hour}}, err: err}
}

func run(s *setup) error {
	if s.err != nil {
		return s.err
	}
	_, err := s.Run(context.Background())
	return err
}

func serve(t *testing.T, server *stripesim.Server) string {
	t.Helper()
	url, stop, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return url
}

func digest(t *testing.T, dir string) map[string]string {
	t.Helper()
	d, err := load.Digest(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func warehouse(t *testing.T, dir string) *sql.DB {
	t.Helper()
	db, err := load.OpenWarehouse(filepath.Join(dir, "current", "warehouse.duckdb"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}
