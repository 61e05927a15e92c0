// Command bench measures stripelake as its users run it: the built binary, in
// processes of its own, against the simulated Stripe in another. Every figure
// is from this run on this machine. Ratios may be quoted, absolute figures not.
//
//	go run ./bench [-charges 100000]
//	go run ./bench -growth [-objects 1000000]
//	go run ./bench -extraction
//	go run ./bench -publish [-rows 10000000]
//	go run ./bench -marts [-charges 5000000 | -lake DIR] [-memory 4GB]
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"time"
)

func main() {
	charges := flag.Int("charges", 100_000, "size of the simulated business")
	from := flag.String("rival", "", "be the rival that derives this lake's tables with SQL alone")
	out := flag.String("out", "", "where the rival writes")
	extraction := flag.Bool("extraction", false, "measure extraction behind Stripe's limits instead, which takes minutes")
	growing := flag.Bool("growth", false, "compare a first sync of 100,000 objects with one of -objects instead, which takes minutes and gigabytes")
	objects := flag.Int("objects", 1_000_000, "size of the large first sync")
	publish := flag.Bool("publish", false, "measure publishing in a lake of 100,000 rows and one of -rows instead, which takes minutes and gigabytes")
	rows := flag.Int("rows", 10_000_000, "size of the large lake")
	marts := flag.Bool("marts", false, "measure the marts and the report over -lake, or over a new lake of -charges, instead")
	lake := flag.String("lake", "", "an existing lake, for -marts")
	memory := flag.String("memory", "4GB", "what DuckDB may use for -marts; stripelake query gives it 1GB, with which raw JSON often fails")
	mart := flag.String("mart", "", "be the process that computes this mart (JSON)")
	flag.Parse()
	if *mart != "" {
		if err := answerMart(context.Background(), *mart); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	if *from != "" {
		if err := rivalTables(context.Background(), *from, *out); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	measured := bench
	if *extraction {
		measured = buildAndExtract
	}
	if *marts {
		measured = func(ctx context.Context, charges int) error { return benchMarts(ctx, *lake, *memory, charges) }
	}
	size := *charges
	if *growing {
		measured, size = benchGrowth, *objects
	}
	if *publish {
		measured, size = benchPublish, *rows
	}
	if err := measured(context.Background(), size); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

const key = "sk_test_bench"

// build builds the binary in a temporary folder. remove removes the folder.
func build(ctx context.Context) (binary, dir string, remove func(), err error) {
	if dir, err = os.MkdirTemp("", "stripelake-bench"); err != nil {
		return "", "", nil, err
	}
	remove = func() { _ = os.RemoveAll(dir) }
	binary = filepath.Join(dir, "stripelake")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/stripelake").CombinedOutput(); err != nil {
		remove()
		return "", "", nil, fmt.Errorf("build: %w\n%s", err, out)
	}
	return binary, dir, remove, nil
}

func buildAndExtract(ctx context.Context, charges int) error {
	binary, dir, remove, err := build(ctx)
	if err != nil {
		return err
	}
	defer remove()
	return benchExtraction(ctx, binary, dir, charges)
}

func bench(ctx context.Context, charges int) error {
	binary, dir, remove, err := build(ctx)
	if err != nil {
		return err
	}
	defer remove()
	api, stop, err := simulate(ctx, binary, charges)
	if err != nil {
		return err
	}
	defer stop()

	rival, err := pageThrough(ctx, api)
	if err != nil {
		return err
	}
	rival.print("plain paging", rival)

	lake := filepath.Join(dir, "lake")
	synced, err := measure(ctx, binary, "sync", "--json", "--lake", lake, "--api-base", api, "--max-rps", "100000")
	if err != nil {
		return err
	}
	synced.print("sync", rival)
	quiet, err := measure(ctx, binary, "sync", "--json", "--lake", lake, "--api-base", api, "--max-rps", "100000")
	if err != nil {
		return err
	}
	fmt.Printf("%-14s %d requests, %.2f s, %d MiB peak\n", "quiet sync", quiet.requests, quiet.seconds, quiet.peak>>20)
	rebuilt, err := measure(ctx, binary, "rebuild", "--all", "--json", "--lake", lake)
	if err != nil {
		return err
	}
	rebuilt.objects = synced.objects
	rebuilt.print("rebuild", rival)
	if err := benchRebuild(ctx, rebuilt, lake, dir); err != nil {
		return err
	}
	return benchMapping(ctx, lake)
}

// result is the work and the cost of one run.
type result struct {
	objects  int
	requests int64
	seconds  float64
	peak     int64 // resident bytes of that process alone
	stages   map[string]float64
}

func (r result) print(name string, rival result) {
	rate := float64(r.objects) / r.seconds
	fmt.Printf("%-14s %8d objects  %6.1f s  %7.0f objects/s  %.2f of plain paging", name, r.objects, r.seconds, rate,
		rate/(float64(rival.objects)/rival.seconds))
	if r.peak > 0 {
		fmt.Printf("  %d MiB peak", r.peak>>20)
	}
	fmt.Println()
	total := 0.0
	names := make([]string, 0, len(r.stages))
	for stage, s := range r.stages {
		total += s
		names = append(names, stage)
	}
	slices.Sort(names)
	for _, stage := range names {
		fmt.Printf("  %-12s %6.1f s  %3.0f %%\n", stage, r.stages[stage], 100*r.stages[stage]/total)
	}
}

// simulate starts the simulated Stripe in a process of its own.
func simulate(ctx context.Context, binary string, charges int) (string, func(), error) {
	cmd := exec.CommandContext(ctx, binary, "simulate", "--addr", "127.0.0.1:0", "--charges", fmt.Sprint(charges))
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop := func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if found := regexp.MustCompile(`http://\S+`).FindString(lines.Text()); found != "" {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return found, stop, nil
		}
	}
	stop()
	return "", nil, fmt.Errorf("the simulator did not say where it serves")
}

// measure runs the binary and reads its summary and its peak memory.
func measure(ctx context.Context, binary string, args ...string) (result, error) {
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = append(os.Environ(), "STRIPE_API_KEY="+key)
	cmd.Stderr = os.Stderr
	start := time.Now()
	out, err := cmd.Output()
	if err != nil {
		return result{}, fmt.Errorf("%v: %w", args, err)
	}
	seconds := time.Since(start).Seconds()
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	var last struct {
		Summary struct {
			Requests int64
			Objects  int
			Stages   map[string]float64
		}
	}
	if err := json.Unmarshal(lines[len(lines)-1], &last); err != nil {
		return result{}, err
	}
	r := result{objects: last.Summary.Objects, requests: last.Summary.Requests, seconds: seconds, stages: last.Summary.Stages}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.peak = usage.Maxrss << 10 // Linux counts in KiB
	}
	return r, nil
}

// pageThrough is the rival: one loop that reads each resource page by page, one
// request at a time, and drops the pages. No complete copy takes fewer
// requests, so the further cost of a sync is stripelake's own.
func pageThrough(ctx context.Context, api string) (result, error) {
	start := time.Now()
	r := result{}
	for _, list := range []string{"charges", "subscriptions?status=all", "refunds", "balance_transactions", "customers", "prices"} {
		after := ""
		for more := true; more; {
			page, err := get(ctx, api, list, after)
			if err != nil {
				return r, err
			}
			r.requests++
			r.objects += len(page.Data)
			more = page.HasMore && len(page.Data) > 0
			if more {
				after = page.Data[len(page.Data)-1].ID
			}
		}
	}
	r.seconds = time.Since(start).Seconds()
	return r, nil
}

type page struct {
	Data    []struct{ ID string }
	HasMore bool `json:"has_more"`
}

func get(ctx context.Context, api, list, after string) (page, error) {
	address, err := url.Parse(api + "/v1/" + list)
	if err != nil {
		return page{}, err
	}
	query := address.Query()
	query.Set("limit", "100")
	if after != "" {
		query.Set("starting_after", after)
	}
	address.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return page{}, err
	}
	request.Header.Set("Authorization", "Bearer "+key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return page{}, err
	}
	defer func() { _ = response.Body.Close() }()
	var p page
	if response.StatusCode != http.StatusOK {
		return p, fmt.Errorf("GET %s: %s", list, response.Status)
	}
	return p, json.NewDecoder(response.Body).Decode(&p)
}
