package laketest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

// childEnv holds the [Child] that a test binary is, as JSON.
const childEnv = "STRIPELAKE_TEST_CHILD"

// Child is the work of another process of a test. It is the test binary itself, so
// that it can be killed at a moment that no other process sees.
type Child struct {
	Work     string // what to do: one of those that the TestMain of its package knows
	Lake     string
	API      string
	Customer string // whom to forget
	NewList  bool   // forget with the consent to a new list of the forgotten
	Wait     bool   // for other processes, as --wait does

	Moment string // at which traced moment to die, see [Traced]; empty: at any
	N      int    // at the nth of them; 0: never
	List   bool   // whether to print the name of each moment
}

// AsChild returns what this process has to do, if it is a child.
func AsChild() (Child, bool) {
	var c Child
	text, is := os.LookupEnv(childEnv)
	if !is {
		return c, false
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return c, true
}

// Exit ends a child as the program would.
func Exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(pipeline.ExitCode(err))
}

// Command is the child, not started, with further variables of its environment.
func (c Child) Command(ctx context.Context, env ...string) *exec.Cmd {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings and numbers
	}
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(append(os.Environ(), childEnv+"="+string(text)), env...)
	return cmd
}

// DieAtMoment returns what a child calls at each traced moment. At its own it kills its
// process, as kill -9 does, after it has printed the moment's name.
func (c Child) DieAtMoment() func(moment string) {
	var mu sync.Mutex // traced moments come from several goroutines
	moments := 0
	return func(name string) {
		mu.Lock()
		defer mu.Unlock()
		if c.List {
			fmt.Println(name)
		}
		if c.Moment != "" && name != c.Moment {
			return
		}
		if moments++; moments == c.N {
			fmt.Println(name)
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal is on its way: nothing more may happen
		}
	}
}

// Options has a lake trace each moment to the child, and wait if the child does.
func (c Child) Options(o *load.Options) { c.options(o, c.DieAtMoment()) }

func (c Child) options(o *load.Options, moment func(name string)) {
	o.Trace = Traced(moment)
	if c.Wait {
		o.LogWait, o.StateWait = time.Hour, time.Hour
	}
}

// Sync is the work of a child that syncs in small segments. Its moments are those of
// load.Trace, and each page as it is yielded.
func (c Child) Sync(ctx context.Context) error {
	moment := c.DieAtMoment()
	copying := NewSync(c.Lake, c.API, func(o *load.Options) {
		c.options(o, moment)
		o.SegmentObjects, o.CompactAfter = 100, 2
	})
	copying.MaxRejects = 1 // what is refused does not matter here
	copying.OnEvent = func(e pipeline.Event) {
		if e.Event == pipeline.EventPage {
			moment("page " + e.Resource)
		}
	}
	if copying.Err == nil {
		copying.Declaration, copying.Err = pipeline.Declare{Lake: copying.Lake, Command: "sync"}.Run(ctx)
	}
	return Run(copying)
}

// Traced is a trace that calls moment with the name of each traced moment.
func Traced(moment func(name string)) (trace load.Trace) {
	funcs := reflect.ValueOf(&trace).Elem()
	for i := range funcs.NumField() {
		name := funcs.Type().Field(i).Name
		funcs.Field(i).Set(reflect.ValueOf(func() { moment(name) }))
	}
	return trace
}

// Kill runs a child. It returns the moment at which it killed itself, or false if it
// came to its end.
func Kill(t *testing.T, c Child) (moment string, killed bool) {
	t.Helper()
	cmd := c.Command(t.Context())
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err == nil {
		return "", false
	}
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || status.Signal() != syscall.SIGKILL {
		t.Fatalf("%s, moment %d: %v", c.Work, c.N, err)
	}
	return strings.TrimSpace(string(out)), true
}

// Moments runs a child to its end and returns the names of the moments that came, in
// their order.
func Moments(t *testing.T, c Child) []string {
	t.Helper()
	c.N, c.List = 0, true
	cmd := c.Command(t.Context())
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", c.Work, err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}
