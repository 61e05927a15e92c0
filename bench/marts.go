package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
)

const (
	martRuns    = 3 // of a mart over the lake; the best counts
	martTimeout = 600 * time.Second
)

// martQuestion is the mart that a process of its own computes, and its input.
type martQuestion struct {
	Lake, Mart string
	Raw        bool   // over the JSON of the raw log instead of the published tables
	Memory     string // of DuckDB
	Runs       int
	Spill      string // a folder
}

// martAnswer is the output of that process: the best time, and a digest of the
// answer.
type martAnswer struct {
	Seconds float64
	Rows    int64
	Hash    string
	Full    bool // memory was too small

	peak int64 // resident bytes
	late bool  // it was stopped at martTimeout
}

// reportName is the name of the report among the marts.
const reportName = "report bnpl"

// benchMarts compares each mart, and the report, over the tables of a lake with
// the same SQL over the JSON of its raw log, where each table is a view that
// maps the newest version of each object. Every figure is of a process of its
// own.
func benchMarts(ctx context.Context, lake, memory string, charges int) error {
	binary, dir, remove, err := build(ctx)
	if err != nil {
		return err
	}
	defer remove()
	if lake == "" {
		if lake, err = makeLake(ctx, binary, dir, charges); err != nil {
			return err
		}
	}
	set, err := schemas.Load(schemas.Embedded())
	if err != nil {
		return err
	}
	if charges, err = countCharges(ctx, lake); err != nil {
		return err
	}
	fmt.Printf("a lake of %d charges; DuckDB with %s and %d threads on either side, the report's own memory apart; best of %d over the lake, raw JSON once and at most %.0f s\n",
		charges, memory, runtime.GOMAXPROCS(0), martRuns, martTimeout.Seconds())
	fmt.Printf("%-18s %9s %9s %9s %9s %9s %9s\n", "", "lake s", "MiB", "raw s", "MiB", "times", "memory")
	for _, mart := range set.Marts {
		ours, err := askMart(ctx, martQuestion{Lake: lake, Mart: mart.Name, Memory: memory, Runs: martRuns, Spill: filepath.Join(dir, "spill")})
		if err != nil {
			return err
		}
		if ours.Full || ours.late {
			return fmt.Errorf("%s: the lake itself does not answer with %s in %.0f s", mart.Name, memory, martTimeout.Seconds())
		}
		if err := compareWithRaw(ctx, ours, martQuestion{Lake: lake, Mart: mart.Name, Memory: memory, Spill: filepath.Join(dir, "spill")}); err != nil {
			return err
		}
	}
	ours, err := realReport(ctx, binary, lake, dir)
	if err != nil {
		return err
	}
	return compareWithRaw(ctx, ours, martQuestion{Lake: lake, Mart: reportName, Memory: memory, Spill: filepath.Join(dir, "spill")})
}

// compareWithRaw computes the same from the raw log, and prints both results.
func compareWithRaw(ctx context.Context, ours martAnswer, asked martQuestion) error {
	asked.Raw, asked.Runs = true, 1
	raw, err := askMart(ctx, asked)
	if err != nil {
		return err
	}
	took, times, note := fmt.Sprintf("%.2f", raw.Seconds), fmt.Sprintf("%.1f", raw.Seconds/ours.Seconds), ""
	switch {
	case raw.late:
		took, times = ">"+took, ">"+times
	case raw.Full: // when it gave up says nothing about how long it would take
		took, times, note = "–", "–", "  raw JSON runs out of memory"
	case asked.Mart != reportName && (raw.Rows != ours.Rows || raw.Hash != ours.Hash):
		note = "  another answer" // as of subscriptions with more items than the ten that Stripe embeds
	}
	fmt.Printf("%-18s %9.2f %9d %9s %9d %9s %9.2f%s\n", asked.Mart, ours.Seconds, ours.peak>>20, took, raw.peak>>20, times, float64(ours.peak)/float64(raw.peak), note)
	return nil
}

// makeLake syncs a simulated account.
func makeLake(ctx context.Context, binary, dir string, charges int) (string, error) {
	api, stop, err := simulate(ctx, binary, charges)
	if err != nil {
		return "", err
	}
	defer stop()
	lake := filepath.Join(dir, "lake")
	synced, err := measure(ctx, binary, "sync", "--json", "--lake", lake, "--api-base", api, "--max-rps", "100000")
	if err != nil {
		return "", err
	}
	fmt.Printf("sync: %d objects, %.1f s, %d MiB peak\n", synced.objects, synced.seconds, synced.peak>>20)
	return lake, nil
}

// askMart runs this program in a process of its own, so that its memory can be
// measured.
func askMart(ctx context.Context, asked martQuestion) (martAnswer, error) {
	program, err := os.Executable()
	if err != nil {
		return martAnswer{}, err
	}
	question, err := json.Marshal(asked)
	if err != nil {
		return martAnswer{}, err
	}
	return measureMart(ctx, program, "-mart", string(question))
}

// realReport makes the report with the command itself.
func realReport(ctx context.Context, binary, lake, dir string) (best martAnswer, err error) {
	for n := range martRuns {
		answer, err := measureMart(ctx, binary, "report", "bnpl", "--lake", lake, "--out", filepath.Join(dir, "bnpl.html"))
		if err != nil {
			return best, err
		}
		if n == 0 || answer.Seconds < best.Seconds {
			answer.peak = max(answer.peak, best.peak)
			best = answer
		}
	}
	return best, nil
}

// measureMart runs a command, and reads its answer where it writes one.
func measureMart(ctx context.Context, program string, args ...string) (answer martAnswer, err error) {
	ctx, cancel := context.WithTimeout(ctx, martTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	start := time.Now()
	err = cmd.Run()
	answer.Seconds = time.Since(start).Seconds()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		answer.late = true
	case err != nil:
		return answer, fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	case bytes.HasPrefix(out.Bytes(), []byte("{")):
		if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
			return answer, err
		}
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		answer.peak = usage.Maxrss << 10 // Linux counts in KiB
	}
	return answer, nil
}

func countCharges(ctx context.Context, lake string) (n int, err error) {
	db, err := load.OpenWarehouse(filepath.Join(lake, "current", "warehouse.duckdb"))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return n, db.QueryRowContext(ctx, "SELECT count(*) FROM charges").Scan(&n)
}
