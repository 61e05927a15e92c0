package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stripelake/stripelake/internal/stripesim"
)

// Stripe's live limits in requests a second, and the time that an answer takes.
const (
	liveAll      = 100
	liveEndpoint = 25
	latency      = 150 * time.Millisecond
)

// benchExtraction measures how near a backfill comes to the rate that Stripe
// permits, for several distributions in time, and what the syncs after it cost.
func benchExtraction(ctx context.Context, binary, dir string, charges int) error {
	for _, shape := range []stripesim.Shape{stripesim.ShapeUniform, stripesim.ShapeSaleDay, stripesim.ShapeOneSecond} {
		if err := benchShape(ctx, binary, filepath.Join(dir, string(shape)), shape, charges); err != nil {
			return fmt.Errorf("%s: %w", shape, err)
		}
	}
	if err := benchAgainstOneByOne(ctx, binary, filepath.Join(dir, "small")); err != nil {
		return err
	}
	return benchChanges(ctx, binary, filepath.Join(dir, "changes"))
}

// withLimits returns a simulated business with Stripe's live limits.
func withLimits(shape stripesim.Shape, charges int) stripesim.Config {
	return stripesim.Config{
		Charges: charges, Shape: shape, Latency: latency,
		Limits: stripesim.Limits{Global: liveAll, Endpoint: liveEndpoint},
	}
}

func benchShape(ctx context.Context, binary, lake string, shape stripesim.Shape, charges int) error {
	server, api, stop, err := start(withLimits(shape, charges))
	if err != nil {
		return err
	}
	defer stop()
	reading := lastRequest(server)
	synced, err := measure(ctx, binary, "sync", "--json", "--lake", lake, "--api-base", api, "--max-share", "100%", "--max-rps", fmt.Sprint(liveAll))
	if err != nil {
		return err
	}
	seconds := reading()
	fewest, total := 0, 0
	for _, list := range lists {
		fewest += (server.Ledger().Count(list) + 99) / 100
	}
	for _, n := range server.Requests() {
		total += n
	}
	throttled := 0
	for _, n := range server.Throttled() {
		throttled += n
	}
	fewestSeconds := leastSeconds(server.Requests())
	fmt.Printf("%-19s %8d objects  %6.1f s, %.1f s of it until the last request: %.1f %% of the permitted rate  %d requests, %.3f of the fewest  %d answers 429  %d MiB peak\n",
		"backfill "+string(shape), synced.objects, synced.seconds, seconds, 100*fewestSeconds/seconds,
		total, float64(total)/float64(fewest), throttled, synced.peak>>20)
	return nil
}

var lists = []string{"charges", "subscriptions", "refunds", "balance_transactions", "customers", "prices"}

// leastSeconds returns the least time that the limits allow for these requests:
// the busiest endpoint at its rate, or all requests at the account's.
func leastSeconds(requests map[string]int) float64 {
	total, most := 0, 0
	for _, n := range requests {
		total += n
		most = max(most, n)
	}
	return max(float64(total)/liveAll, float64(most)/liveEndpoint)
}

// lastRequest returns a function that says how many seconds after this call the
// last request came.
func lastRequest(server *stripesim.Server) (seconds func() float64) {
	began, last, seen := time.Now(), time.Now(), 0
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ended:
				return
			case <-ticker.C:
			}
			if n := sum(server.Requests()); n != seen {
				last, seen = time.Now(), n
			}
		}
	}()
	return func() float64 {
		close(ended)
		<-done
		return last.Sub(began).Seconds()
	}
}

func start(cfg stripesim.Config) (*stripesim.Server, string, func(), error) {
	server, err := stripesim.New(cfg)
	if err != nil {
		return nil, "", nil, err
	}
	api, stop, err := server.Start("127.0.0.1:0")
	return server, api, stop, err
}

// benchAgainstOneByOne compares a sync with a loop that sends one request at a
// time.
func benchAgainstOneByOne(ctx context.Context, binary, lake string) error {
	_, api, stop, err := start(withLimits(stripesim.ShapeUniform, 5000))
	if err != nil {
		return err
	}
	defer stop()
	rival, err := pageThrough(ctx, api)
	if err != nil {
		return err
	}
	synced, err := measure(ctx, binary, "sync", "--json", "--lake", lake, "--api-base", api, "--max-share", "100%", "--max-rps", fmt.Sprint(liveAll))
	if err != nil {
		return err
	}
	fmt.Printf("%-14s %8d objects  %6.1f s  one request at a time takes %.1f s, %.1f times as long\n",
		"backfill", synced.objects, synced.seconds, rival.seconds, rival.seconds/synced.seconds)
	return nil
}

// benchChanges counts the requests of a sync that finds nothing new, of one
// after a change of each kind, and of syncs after more and more changed
// charges.
func benchChanges(ctx context.Context, binary, lake string) error {
	server, api, stop, err := start(stripesim.Config{Charges: 20_000, Now: time.Date(2025, 11, 3, 12, 0, 0, 0, time.UTC)})
	if err != nil {
		return err
	}
	defer stop()
	sync := func() (map[string]int, result, error) {
		server.Advance(5 * time.Minute)
		before := server.Requests()
		r, err := measure(ctx, binary, "sync", "--json", "--lake", lake, "--api-base", api, "--max-rps", "100000")
		spent := map[string]int{}
		for path, n := range server.Requests() {
			if n -= before[path]; n > 0 {
				spent[path] = n
			}
		}
		return spent, r, err
	}
	// The first change ends the business's own changes.
	if _, err := server.Change(stripesim.UpdateCharge, 1); err != nil {
		return err
	}
	for range 2 {
		if _, _, err := sync(); err != nil {
			return err
		}
	}
	spent, r, err := sync()
	if err != nil {
		return err
	}
	fmt.Printf("%-14s %d requests, %.2f s: %s\n", "quiet sync", sum(spent), r.seconds, byEndpoint(spent))
	if _, err := server.Change(stripesim.CreateCharge, 1); err != nil {
		return err
	}
	if _, _, err := sync(); err != nil {
		return err
	}
	if _, err := server.Change(stripesim.UpdateCharge, 1); err != nil {
		return err
	}
	server.Advance(14 * 24 * time.Hour)
	if spent, _, err = sync(); err != nil {
		return err
	}
	fmt.Printf("%-14s %d requests: %s\n", "1 changed, due", sum(spent), byEndpoint(spent))
	for _, k := range []int{1, 10, 100, 1000} {
		if _, err := server.Change(stripesim.UpdateCharge, k); err != nil {
			return err
		}
		spent, _, err := sync()
		if err != nil {
			return err
		}
		fmt.Printf("%-14s %d requests: %s\n", fmt.Sprintf("%d changed", k), sum(spent), byEndpoint(spent))
	}
	return nil
}

func sum(spent map[string]int) (n int) {
	for _, m := range spent {
		n += m
	}
	return n
}

// byEndpoint groups requests by endpoint.
func byEndpoint(spent map[string]int) string {
	grouped := map[string]int{}
	for path, n := range spent {
		name, id, _ := strings.Cut(strings.TrimPrefix(path, "/v1/"), "/")
		if id != "" {
			name += "/:id"
		}
		grouped[name] += n
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(grouped)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, grouped[name]))
	}
	return strings.Join(parts, ", ")
}
