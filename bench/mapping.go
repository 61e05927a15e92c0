package main

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	_ "github.com/duckdb/duckdb-go/v2" // the rival

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

const (
	mapRuns    = 5      // of each rival, in turn; the median counts
	mapObjects = 20_000 // charges mapped in each run
	mapBatch   = 2000
)

// benchMapping compares three ways to make rows of the lake's charges, each on
// one core: the mapping, encoding/json with the columns picked by hand, and
// DuckDB with the SQL of the mapping.
func benchMapping(ctx context.Context, dir string) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	files, err := schemas.Load(schemas.Embedded())
	if err != nil {
		return err
	}
	mappings, err := transform.Compile(files)
	if err != nil {
		return err
	}
	lake, err := load.Open(dir, pipeline.LakeOptions(files, ""))
	if err != nil {
		return err
	}
	accounts, err := lake.Accounts()
	if err != nil {
		return err
	}
	m := mapping{account: accounts[0].ID, set: files, mappings: mappings, lake: lake, mapper: mappings.Mapper("charge"), hand: newByHand(files)}
	if m.objects, err = m.read(ctx); err != nil {
		return err
	}
	for _, o := range m.objects {
		m.bytes += len(o.Object)
	}
	if err := m.checkSameRows(); err != nil {
		return err
	}
	return m.runInTurn(ctx)
}

// mapping holds the inputs that the rivals share.
type mapping struct {
	account  string
	set      *schemas.Set
	mappings *transform.Mappings
	lake     *load.Lake
	mapper   *transform.Mapper
	hand     *byHand
	objects  []load.Raw
	bytes    int
}

// read reads the first charges of the log: whole segments, so that DuckDB can
// read the same.
func (m *mapping) read(ctx context.Context) ([]load.Raw, error) {
	var objects []load.Raw
	for batch, err := range m.lake.Read(ctx, m.account, "charges", 0) {
		if err != nil {
			return nil, err
		}
		objects = append(objects, batch.Objects...)
		if batch.End && len(objects) >= mapObjects {
			break
		}
	}
	return objects, nil
}

func (m *mapping) kernel(objects []load.Raw) []arrow.RecordBatch {
	in := make([]transform.Object, len(objects))
	for i, o := range objects {
		in[i] = transform.Object{Raw: o.Object, Account: m.account, ID: o.ID, Created: o.Created, ObservedAt: o.ObservedAt, Seq: o.Seq}
	}
	var out []arrow.RecordBatch
	for _, b := range m.mapper.Map(in) {
		out = append(out, b.Rows)
	}
	return out
}

// checkSameRows checks that the rival by hand makes the same rows. Its metadata
// is in another order, and is not compared.
func (m *mapping) checkSameRows() error {
	ours := m.kernel(m.objects[:mapBatch])
	theirs, err := m.hand.rows(m.account, m.objects[:mapBatch])
	if err != nil {
		return err
	}
	defer theirs.Release()
	for i, column := range ours[0].Columns() {
		if name := ours[0].ColumnName(i); name != "metadata" && !array.Equal(column, theirs.Column(i)) {
			return fmt.Errorf("the mapping by hand makes another column %s", name)
		}
	}
	ours[0].Release()
	return nil
}

// runInTurn runs the rivals in turn and prints the medians.
func (m *mapping) runInTurn(ctx context.Context) error {
	db, err := sql.Open("duckdb", "?threads=1")
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	last := m.objects[len(m.objects)-1].Seq
	query := "CREATE OR REPLACE TEMP TABLE rows AS " + withRaw(m.lake.Dir(), m.account, "charges", fmt.Sprintf("seq <= %d", last),
		m.mappings.SQL(m.set.MappingsOf("charge")[0]))
	rivals := []struct {
		name string
		run  func() error
	}{
		{"map", func() error { return m.inBatches(func(o []load.Raw) error { release(m.kernel(o)...); return nil }) }},
		{"encoding/json", func() error {
			return m.inBatches(func(o []load.Raw) error {
				rows, err := m.hand.rows(m.account, o)
				if err == nil {
					rows.Release()
				}
				return err
			})
		}},
		{"read and map", func() error {
			objects, err := m.read(ctx)
			if err != nil {
				return err
			}
			for batch := range slices.Chunk(objects, mapBatch) {
				release(m.kernel(batch)...)
			}
			return nil
		}},
		{"DuckDB", func() error { _, err := db.ExecContext(ctx, query); return err }},
	}
	seconds := make([][]float64, len(rivals))
	for range mapRuns {
		for i, rival := range rivals {
			start := time.Now()
			if err := rival.run(); err != nil {
				return fmt.Errorf("%s: %w", rival.name, err)
			}
			seconds[i] = append(seconds[i], time.Since(start).Seconds())
		}
	}
	for i, rival := range rivals {
		took := median(seconds[i])
		fmt.Printf("%-14s %8d charges  %6.2f s  %7.0f objects/s  %6.1f MB/s", rival.name, len(m.objects), took,
			float64(len(m.objects))/took, float64(m.bytes)/took/1e6)
		if i%2 == 0 {
			fmt.Printf("  %.1f times %s", median(seconds[i+1])/took, rivals[i+1].name)
		}
		fmt.Println()
	}
	return nil
}

func median(seconds []float64) float64 { return slices.Sorted(slices.Values(seconds))[len(seconds)/2] }

func (m *mapping) inBatches(do func([]load.Raw) error) error {
	for batch := range slices.Chunk(m.objects, mapBatch) {
		if err := do(batch); err != nil {
			return err
		}
	}
	return nil
}

func release(batches ...arrow.RecordBatch) {
	for _, b := range batches {
		b.Release()
	}
}

// withRaw puts the relation raw, made from a stream's segments, before a query.
func withRaw(dir, account, stream, where, query string) string {
	segments := filepath.Join(dir, "raw", account, stream, "*.parquet")
	raw := fmt.Sprintf("WITH raw AS (SELECT '%s' AS account, id, created, observed_at, seq, object FROM read_parquet('%s') WHERE %s)",
		account, strings.ReplaceAll(segments, "'", "''"), where)
	_, after, _ := strings.Cut(query, "WITH ")
	return raw + ", " + after
}
