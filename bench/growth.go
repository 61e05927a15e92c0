package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// objectsOfCharge is how many objects the simulated business has for each charge.
const objectsOfCharge = 2.53

// benchGrowth compares a first sync of 100,000 objects with one of as many as
// asked for: what an object costs, at the end of the run too, the peak of memory
// and the bytes on the disk.
func benchGrowth(ctx context.Context, objects int) error {
	binary, dir, remove, err := build(ctx)
	if err != nil {
		return err
	}
	defer remove()
	var grown [2]*growth
	for i, size := range []int{100_000, objects} {
		if grown[i], err = grow(ctx, binary, filepath.Join(dir, "lake"), int(float64(size)/objectsOfCharge)); err != nil {
			return err
		}
		grown[i].print()
	}
	small, large := grown[0], grown[1]
	fmt.Printf("%.1f times the objects: %.2f of the objects a second of CPU, %.2f while charges are applied, %.2f of the peak, %.2f of the bytes an object\n",
		float64(large.objects)/float64(small.objects), small.each()/large.each(), small.charge()/large.charge(),
		float64(large.peak)/float64(small.peak), large.bytes()/small.bytes())
	return nil
}

// growth is a first sync, with what it had done when each transaction was applied.
type growth struct {
	objects          int
	seconds, cpu     float64
	peak             int64 // resident bytes, by the kernel's high-water mark
	steps            []step
	log, state       int64 // bytes on the disk
	warehouse, files int64
}

// step is one transaction. cpu is the processor time since the one before it.
type step struct {
	resource     string
	objects      int
	seconds, cpu float64
}

// grow syncs a new lake from a simulated business, in a process that it watches.
func grow(ctx context.Context, binary, lake string, charges int) (*growth, error) {
	api, stop, err := simulate(ctx, binary, charges)
	if err != nil {
		return nil, err
	}
	defer stop()
	defer func() { _ = os.RemoveAll(lake) }()
	cmd := exec.CommandContext(ctx, binary, "sync", "--json", "--lake", lake, "--api-base", api, "--max-rps", "100000")
	cmd.Env = append(os.Environ(), "STRIPE_API_KEY="+key)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, err
	}
	g, began := &growth{}, time.Now()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		g.watch(lines.Bytes(), cmd.Process.Pid, time.Since(began).Seconds())
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("sync of %d charges: %w", charges, err)
	}
	g.seconds = time.Since(began).Seconds()
	g.cpu = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	return g, g.weigh(lake)
}

// watch notes a transaction, and the memory at every event.
func (g *growth) watch(line []byte, pid int, seconds float64) {
	var e struct {
		Event, Resource string
		Objects         int
	}
	if json.Unmarshal(line, &e) != nil || e.Event == "page" || e.Event == "segment" {
		return
	}
	spent, peak := usage(pid)
	g.peak = max(g.peak, peak)
	if e.Event != "applied" {
		return
	}
	for _, s := range g.steps {
		spent -= s.cpu
	}
	g.objects += e.Objects
	g.steps = append(g.steps, step{e.Resource, e.Objects, seconds, spent})
}

// usage returns the processor time of another process so far, in seconds, and its
// peak memory. Both are 0 where the system does not tell them as Linux does.
func usage(pid int) (cpu float64, peak int64) {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if _, rest, ok := strings.Cut(string(stat), ") "); ok {
		fields := strings.Fields(rest)
		for _, ticks := range fields[11:13] { // user and system, in hundredths
			n, _ := strconv.ParseFloat(ticks, 64)
			cpu += n / 100
		}
	}
	if _, rest, ok := strings.Cut(string(status), "VmHWM:"); ok {
		peak, _ = strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	}
	return cpu, peak << 10
}

// weigh adds up the sizes of the files of a lake.
func (g *growth) weigh(lake string) error {
	return filepath.WalkDir(lake, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		switch {
		case strings.HasPrefix(path, filepath.Join(lake, "raw")):
			g.log += info.Size()
		case filepath.Base(path) == "work.duckdb":
			g.state += info.Size()
		case filepath.Base(path) == "warehouse.duckdb":
			g.warehouse += info.Size()
		case strings.HasSuffix(path, ".parquet"):
			g.files += info.Size()
		}
		return nil
	})
}

// each is the processor time of an object, in microseconds.
func (g *growth) each() float64 { return 1e6 * g.cpu / float64(g.objects) }

// charge is that of a charge in the last transactions of charges: when the lake is
// largest, and nothing is read any more.
func (g *growth) charge() float64 {
	objects, cpu := 0, 0.0
	for i := len(g.steps) - 1; i >= 0 && objects < 30_000; i-- {
		if s := g.steps[i]; s.resource == "charges" {
			objects, cpu = objects+s.objects, cpu+s.cpu
		}
	}
	return 1e6 * cpu / float64(objects)
}

// bytes is what an object takes on the disk.
func (g *growth) bytes() float64 {
	return float64(g.log+g.state+g.warehouse+g.files) / float64(g.objects)
}

func (g *growth) print() {
	n := float64(g.objects)
	fmt.Printf("first sync of %d objects: %.1f s, %.0f objects/s; %.1f s of CPU, %.0f µs an object, a charge at the end %.0f; %d MiB peak\n",
		g.objects, g.seconds, n/g.seconds, g.cpu, g.each(), g.charge(), g.peak>>20)
	fmt.Printf("  bytes an object: log %.0f, state %.0f, warehouse %.0f, Parquet files %.0f\n",
		float64(g.log)/n, float64(g.state)/n, float64(g.warehouse)/n, float64(g.files)/n)
	done, lastObjects, lastSeconds, lastCPU, spent := 0, 0, 0.0, 0.0, 0.0
	for i, s := range g.steps {
		done, spent = done+s.objects, spent+s.cpu
		if done-lastObjects < g.objects/10 && i < len(g.steps)-1 {
			continue
		}
		fmt.Printf("  %8d objects after %6.1f s: %6.0f objects/s, %3.0f µs of CPU each (%s)\n",
			done, s.seconds, float64(done-lastObjects)/(s.seconds-lastSeconds), 1e6*(spent-lastCPU)/float64(done-lastObjects), s.resource)
		lastObjects, lastSeconds, lastCPU = done, s.seconds, spent
	}
}
