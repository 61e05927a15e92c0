package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

// smallLake is the number of rows of the lake with which a large one is
// compared.
const smallLake = 100_000

// changed objects are published several times, and the best time counts: the
// first publish may have more to do, and the first two have no older warehouse
// that they can patch.
const (
	changedObjects = 1000
	publishes      = 5
)

// benchPublish compares the publish of 1,000 changed objects in a lake of
// 100,000 rows of three years with that in a lake of the number of rows asked
// for.
func benchPublish(ctx context.Context, rows int) error {
	binary, dir, remove, err := build(ctx)
	if err != nil {
		return err
	}
	defer remove()
	from := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)
	_, api, stop, err := start(stripesim.Config{Charges: smallLake * 37 / 100, From: from, To: from.AddDate(3, 0, 0)})
	if err != nil {
		return err
	}
	defer stop()
	small, large := filepath.Join(dir, "small"), filepath.Join(dir, "large")
	if _, err := measure(ctx, binary, "sync", "--json", "--lake", small, "--api-base", api, "--max-rps", "100000"); err != nil {
		return err
	}
	var costs [2][]*publishCost
	for i, lake := range []string{small, large} {
		if i == 1 {
			if out, err := exec.CommandContext(ctx, "cp", "-r", small, large).CombinedOutput(); err != nil {
				return fmt.Errorf("copy the lake: %w\n%s", err, out)
			}
			if err := multiplyRows(ctx, lake, rows/smallLake); err != nil {
				return fmt.Errorf("grow the lake: %w", err)
			}
		}
		if costs[i], err = publishChanges(ctx, lake); err != nil {
			return err
		}
	}
	for i, c := range costs[0] {
		large := costs[1][i]
		fmt.Printf("%-7s %.2f times as long, %.2f times the CPU, %.2f times the bytes, of the warehouse %.2f times\n",
			c.changes, large.time()/c.time(), large.cpu()/c.cpu(), ratio(large.Stats.Written(), c.Stats.Written()), ratio(large.Stats.Warehouse, c.Stats.Warehouse))
	}
	return nil
}

// clock sums the times of its laps, in seconds: wall time, and processor time,
// which a busy machine does not stretch.
type clock struct {
	time, cpu float64
	began     time.Time
	spent     float64
}

func (c *clock) start() { c.began, c.spent = time.Now(), cpu() }

func (c *clock) stop() {
	c.time += time.Since(c.began).Seconds()
	c.cpu += cpu() - c.spent
}

// publishCost is the cost of one publish.
type publishCost struct {
	changes      string
	merge, total clock
	load.Generation
}

func (p *publishCost) time() float64 { return p.merge.time + p.total.time }

func (p *publishCost) cpu() float64 { return p.merge.cpu + p.total.cpu }

// betterThan reports whether a publish is the one to count: one that patched the
// warehouse of an older generation, as most do, and of such the quickest.
func (p *publishCost) betterThan(other *publishCost) bool {
	if patched := p.Patched > 0; patched != (other.Patched > 0) {
		return patched
	}
	return p.time() < other.time()
}

func ratio(a, b int64) float64 { return float64(a) / float64(b) }

func (p *publishCost) print() {
	s := p.Stats.Seconds
	rest := p.total.time - s["state"] - s["partitions"] - s["copy"] - s["warehouse"]
	how := "copied"
	if p.Patched > 0 {
		how = "patched"
	}
	fmt.Printf("%-7s %6.2f s: merge %.2f, checkpoint %.2f, partitions %.2f, warehouse %s %.2f, seal and link %.2f; %.2f s of CPU\n"+
		"        %d of %d files, %.1f MiB of them, %.1f MiB of state and %.1f of %d MiB of warehouse for %.1f MiB changed: %.1f bytes a byte\n",
		p.changes, p.time(), p.merge.time, s["state"], s["partitions"], how, s["copy"]+s["warehouse"], rest, p.cpu(),
		p.Stats.Files, len(p.Files), mebibytes(p.Stats.Partitions), mebibytes(p.Stats.State), mebibytes(p.Stats.Warehouse), p.Generation.Warehouse>>20,
		mebibytes(p.Stats.Changed), float64(p.Stats.Written())/float64(p.Stats.Changed))
}

func mebibytes(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// multiplyRows makes several rows of each row, with ids of their own, month by
// month as a backfill would write them, and publishes the result.
func multiplyRows(ctx context.Context, lake string, times int) (err error) {
	db, err := sql.Open("duckdb", filepath.Join(lake, ".state", "work.duckdb"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, setting := range []string{"SET preserve_insertion_order = false", "SET memory_limit = '2GB'"} {
		if _, err := db.ExecContext(ctx, setting); err != nil {
			return err
		}
	}
	tables, err := column(ctx, db, "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' ORDER BY ALL")
	if err != nil {
		return err
	}
	months, err := column(ctx, db, "SELECT DISTINCT strftime(date_trunc('month', created), '%Y-%m-%d') FROM charges ORDER BY ALL DESC")
	if err != nil {
		return err
	}
	for _, month := range months {
		within := fmt.Sprintf("created >= TIMESTAMP '%s' AND created < TIMESTAMP '%s' + INTERVAL 1 MONTH", month, month)
		for _, table := range append(tables, "state.objects") {
			source := ", hash(id || '-' || i) AS id_hash"
			if table != "state.objects" {
				source = ", _source_id || '-' || i AS _source_id"
			}
			statement := fmt.Sprintf("INSERT INTO %[1]s SELECT * EXCLUDE i REPLACE (id || '-' || i AS id%[2]s) FROM %[1]s, range(1, %[3]d) r(i) WHERE %[4]s", table, source, times, within)
			if _, err := db.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
	}
	_, err = db.ExecContext(ctx, "CHECKPOINT")
	return errors.Join(err, os.Remove(filepath.Join(lake, "current"))) // all of it is to be published
}

func column(ctx context.Context, db *sql.DB, query string) (values []string, err error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var value string
		if err := rows.Scan(&value); err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, rows.Err()
}

// cpu is the processor time of this process in seconds.
func cpu() float64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}
