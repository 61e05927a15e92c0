package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/faultyfs"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/load/loadtest"
)

// asWatched makes the test binary come under watch and then be the program.
const asWatched = "STRIPELAKE_TEST_AS_WATCHED"

var faults = flag.Int("faults", laketest.Sample(2, 20), "how many disk faults TestFailingDisk tries; 0 is each one")

func becomeWatched() {
	_ = os.Unsetenv(asWatched)
	fmt.Fprintln(os.Stderr, faultyfs.Become(os.Args, append(os.Environ(), asProgram+"=1")))
	os.Exit(1)
}

// TestFailingDisk runs the program, Go and DuckDB alike, on a disk that is full,
// fails, turns read-only, tears a write, or loses its process in the middle of
// one. The program says so in one line; what people read stays whole all along
// (Invariant 7); and the next run, with other knobs, comes to the lake that no
// fault has touched (Invariants 1, 2, 4 and 5). `make soak` tries every fault.
func TestFailingDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes under the race detector")
	}
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "--version")
	cmd.Env = append(os.Environ(), asWatched+"=1")
	if err := faultyfs.Run(cmd, t.TempDir(), new(disk).decide); errors.As(err, new(*faultyfs.UnavailableError)) {
		t.Skip(err)
	}
	var all []trial
	for _, a := range acts(t) {
		for _, f := range a.faults() {
			all = append(all, trial{a, f})
		}
	}
	chosen := spread(all, *faults)
	var mu sync.Mutex
	bySort, byFile, byEnd := map[string]int{}, map[string]int{}, map[string]int{}
	t.Cleanup(func() {
		t.Logf("%d faults of %d, each a run on a faulty disk and one that recovers", len(chosen), len(all))
		for _, counts := range []map[string]int{byEnd, bySort, byFile} {
			for _, name := range slices.Sorted(maps.Keys(counts)) {
				t.Logf("%6d %s", counts[name], name)
			}
		}
	})
	for i, c := range chosen {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			d, end := c.try(t)
			mu.Lock()
			defer mu.Unlock()
			byEnd[end]++
			if bySort[c.sort()]++; d.failed != nil {
				byFile[d.failed.Do+" "+kindOf(d.failed.Path)]++
			}
		})
	}
}

// try runs the act on the faulty disk and then what recovers from it, and
// returns how the former ended.
func (c trial) try(t *testing.T) (*disk, string) {
	dir := c.lake(t)
	d := &disk{fault: c.fault}
	d.met = func() { readable(t, c.act, dir) }
	out, code := c.run(t, dir, d)
	t.Logf("%s: %s: exit status %d: %s", c.name, c.fault, code, out)
	end := "reached and overcome"
	switch {
	case d.failed == nil:
		end = "not reached" // which thread comes first differs
	case c.kill:
		end = "killed"
		if code != -1 {
			t.Error("it was to be killed")
		}
	case code != 0:
		end = "ended with an error"
		saysSo(t, dir, out, code, d.err)
	}
	if c.stays && code != 0 {
		// Whoever runs it again, as cron does, is told the same.
		still := &disk{fault: c.fault, begun: true}
		if out, code := c.run(t, dir, still); still.failed != nil && code != 0 {
			saysSo(t, dir, out, code, still.err)
		}
	}
	readable(t, c.act, dir)
	if code == 0 && !t.Failed() {
		if diff := cmp.Diff(c.done, digest(t, dir)); diff != "" {
			t.Errorf("it ended well, and the lake differs (-undisturbed +this):\n%s", diff)
		}
	}
	if err := c.recovery(dir); err != nil {
		t.Fatalf("recovery: %v", err)
	}
	if diff := cmp.Diff(c.want, digest(t, dir)); diff != "" {
		t.Errorf("the lake differs (-undisturbed +recovered):\n%s", diff)
	}
	// A database file whose header is torn is made again from the log. Any other
	// is to be used again.
	if aside, _ := filepath.Glob(filepath.Join(dir, ".state", "*.damaged")); len(aside) > 0 {
		end += ", its state torn and made anew"
		if d.torn == nil || d.torn.Path != ".state/work.duckdb" {
			t.Errorf("a state was set aside that the disk did not damage: %v", aside)
		}
	}
	return d, end
}

// run runs the command of the act as a process on a disk. What it prints to
// standard output is for people; what comes back is its complaint.
func (a *act) run(t *testing.T, dir string, d *disk) (stderr string, code int) {
	t.Helper()
	_, stderr, code = watched(t, dir, d.decide, append(slices.Clone(a.args), "--lake", dir)...)
	return stderr, code
}

// watched runs the program and asks decide about each change below a folder.
func watched(t *testing.T, folder string, decide func(faultyfs.Op) faultyfs.Answer, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return watchedProcess(t, folder, func(_ int, op faultyfs.Op) faultyfs.Answer { return decide(op) }, args...)
}

// watchedProcess is watched for who also needs the id of the process.
func watchedProcess(t *testing.T, folder string, decide func(pid int, op faultyfs.Op) faultyfs.Answer, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // it must not hang
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asWatched+"=1", "STRIPE_API_KEY=sk_test_faults")
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := faultyfs.Run(cmd, folder, func(op faultyfs.Op) faultyfs.Answer { return decide(cmd.Process.Pid, op) })
	if ctx.Err() != nil {
		t.Fatalf("it hangs: %s", &complaint)
	}
	if errors.As(err, new(*faultyfs.UnavailableError)) {
		t.Skip(err)
	}
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatalf("%v: %s", err, &complaint)
	}
	return out.String(), information.ReplaceAllString(complaint.String(), ""), cmd.ProcessState.ExitCode()
}

// information is a record that is no complaint.
var information = regexp.MustCompile(`(?m)^time=\S+ level=INFO .*\n`)

var remedy = map[syscall.Errno]string{
	syscall.ENOSPC: "free some space",
	syscall.EROFS:  "writable",
	syscall.EIO:    "sound",
}

// noise is what nobody should read of whom the disk has failed.
var noise = regexp.MustCompile(`panic|goroutine|FATAL|INTERNAL|invalidated|terminate called|SIGABRT|SELECT|INSERT|COPY|COMMIT`)

// saysSo checks that a program's last word is one line that names the file or at
// least the lake, says what is wrong, and what to do.
func saysSo(t *testing.T, dir, out string, code int, err syscall.Errno) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("it says: %s", out)
		}
	}()
	if code != 1 {
		t.Errorf("exit status %d, want 1", code)
	}
	if strings.Count(out, "\n") != 1 || !strings.HasPrefix(out, "stripelake: ") {
		t.Errorf("it does not end with one line of its own")
	}
	if word := noise.FindString(out); word != "" {
		t.Errorf("it says %s", word)
	}
	for _, words := range []string{dir, remedy[err], "run again", "nothing is lost"} {
		if !strings.Contains(out, words) {
			t.Errorf("it does not say %q", words)
		}
	}
}

// readable checks that what people read of a lake is whole, if there is anything yet.
func readable(t *testing.T, a *act, dir string) {
	t.Helper()
	_, err := os.Readlink(filepath.Join(dir, "current"))
	if err != nil {
		if a.before != "" {
			t.Error("nothing is there for people to read")
		}
		return
	}
	if _, err := loadtest.Digest(t.Context(), dir); err != nil {
		t.Errorf("what people read is not whole: %v", err)
	}
}

func digest(t *testing.T, dir string) map[string]string {
	t.Helper()
	d, err := loadtest.Digest(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
