package pipeline_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

// The test binary runs itself as the process that is killed: these say where
// the lake and the simulator are, and at which traced moment to die.
const (
	crashLake = "STRIPELAKE_CRASH_LAKE"
	crashAPI  = "STRIPELAKE_CRASH_API"
	crashAt   = "STRIPELAKE_CRASH_AT"
	crashWait = "STRIPELAKE_CRASH_WAIT" // for other processes, as --wait does; empty: not
)

func TestMain(m *testing.M) {
	if role := os.Getenv(readerRole); role != "" {
		if err := readLake(role, os.Getenv(readerLake), os.Getenv(readerOwn)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if dir := os.Getenv(crashLake); dir != "" {
		at, err := strconv.Atoi(os.Getenv(crashAt))
		if err == nil && os.Getenv(crashRebuild) != "" {
			err = rebuildUntil(dir, at)
		} else if err == nil && os.Getenv(crashCompact) != "" {
			err = compactUntil(dir, at)
		} else if who := os.Getenv(crashForget); err == nil && who != "" {
			err = forgetUntil(dir, who, os.Getenv(crashMoment), at)
		} else if moment := os.Getenv(crashRepair); err == nil && moment != "" {
			err = repairUntil(dir, os.Getenv(crashAPI), moment, at)
		} else if as := os.Getenv(attackAs); err == nil && as != "" {
			err = workAs(context.Background(), as, dir, os.Getenv(crashAPI), at)
		} else if err == nil {
			err = syncUntil(dir, os.Getenv(crashAPI), at)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(pipeline.ExitCode(err))
	}
	os.Exit(m.Run())
}

// dieAt returns what to call at each traced moment: at the nth, of those of a name
// if one is given, it kills its own process, as kill -9 does.
func dieAt(n int, only string) func(moment string) {
	var mu sync.Mutex // traced moments come from several goroutines
	moments := 0
	return func(name string) {
		mu.Lock()
		defer mu.Unlock()
		if only != "" && name != only {
			return
		}
		if moments++; moments == n {
			fmt.Println(name)
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal is on its way: nothing more may happen
		}
	}
}

// syncUntil syncs and kills its own process at the nth traced moment: every func
// of load.Trace, and each page as it is yielded.
func syncUntil(dir, api string, n int) error {
	moment := dieAt(n, "")
	trace := traced(moment)
	copying := newSync(dir, api, func(o *load.Options) { o.Trace = trace; o.SegmentObjects = 100; o.CompactAfter = 2; waits(o) })
	copying.MaxRejects = 1 // what is refused does not matter here
	copying.OnEvent = func(e pipeline.Event) {
		if e.Event == pipeline.EventPage {
			moment("page " + e.Resource)
		}
	}
	if copying.err == nil {
		copying.Declaration, copying.err = pipeline.Declare{Lake: copying.Lake, Command: "sync"}.Run(context.Background())
	}
	return run(copying)
}

// waits has the process wait for others if it is told to.
func waits(o *load.Options) {
	if os.Getenv(crashWait) != "" {
		o.LogWait, o.StateWait = time.Hour, time.Hour
	}
}

// traced calls moment with the name of each traced moment.
func traced(moment func(name string)) (trace load.Trace) {
	funcs := reflect.ValueOf(&trace).Elem()
	for i := range funcs.NumField() {
		name := funcs.Type().Field(i).Name
		funcs.Field(i).Set(reflect.ValueOf(func() { moment(name) }))
	}
	return trace
}

// TestKilledAtEveryMoment kills a sync with SIGKILL at each traced moment in
// turn, lets a plain run with other knobs finish, and compares the lake with one
// that was never disturbed. It proves Invariants 1, 2, 4, 5 and 7 together.
func TestKilledAtEveryMoment(t *testing.T) {
	t.Parallel()
	// Two weeks of business: few partitions, so few moments that are alike.
	from := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	server, err := stripesim.New(stripesim.Config{Seed: 7, Charges: 150, From: from, To: from.AddDate(0, 0, 14)})
	if err != nil {
		t.Fatal(err)
	}
	api := serve(t, server)
	undisturbed := filepath.Join(t.TempDir(), "lake")
	if err := run(newSync(undisturbed, api, nil)); err != nil {
		t.Fatal(err)
	}
	want := digest(t, undisturbed)

	kills := map[string]int{}
	for n := 1; ; n++ {
		dir := filepath.Join(t.TempDir(), "lake")
		name, killed := crash(t, dir, n, crashAPI+"="+api)
		if !killed {
			break
		}
		kills[name]++
		if err := run(newSync(dir, api, nil)); err != nil {
			t.Fatalf("after a kill at moment %d (%s): %v", n, name, err)
		}
		if diff := cmp.Diff(want, digest(t, dir)); diff != "" {
			t.Fatalf("after a kill at moment %d (%s) the lake differs (-undisturbed +recovered):\n%s", n, name, diff)
		}
		if testing.Short() {
			n += 6 // sample
		}
	}
	t.Logf("kills by moment: %v", kills)
	if testing.Short() {
		return
	}
	trace := reflect.TypeFor[load.Trace]()
	for field := range trace.Fields() {
		if name := field.Name; kills[name] == 0 && name != "CursorMoved" && name != "NextBegun" && !slices.Contains(forgetMoments, name) && !slices.Contains(repairMoments, name) {
			t.Errorf("no kill hit the moment %s", name)
		}
	}
}

// crash runs the test binary with what else it is told by its environment. It
// returns the moment at which it killed itself, or false if it came to its end.
func crash(t *testing.T, dir string, n int, env ...string) (moment string, killed bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(append(os.Environ(), crashLake+"="+dir, crashAt+"="+strconv.Itoa(n)), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err == nil {
		return "", false
	}
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || status.Signal() != syscall.SIGKILL {
		t.Fatalf("moment %d: %v", n, err)
	}
	return strings.TrimSpace(string(out)), true
}
