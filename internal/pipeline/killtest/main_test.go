package killtest_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

// How many moments a test kills at: some, each kind of them (its first time and its
// last), or all that come.
var moments = flag.String("moments", "some", "at which moments to kill: some, each, all")

// The works of a child, see [laketest.Child].
const (
	workSync    = "sync"
	workRebuild = "rebuild"
	workCompact = "compact"
	workForget  = "forget"
	workRepair  = "repair"
)

// TestMain makes the test binary the process that is killed, if it is told to.
func TestMain(m *testing.M) {
	c, is := laketest.AsChild()
	if !is {
		os.Exit(m.Run())
	}
	work, ok := map[string]func(context.Context, laketest.Child) error{
		workSync:    func(ctx context.Context, c laketest.Child) error { return c.Sync(ctx) },
		workRebuild: rebuildAsChild, workCompact: compactAsChild, workForget: forgetAsChild, workRepair: repairAsChild,
	}[c.Work]
	if !ok {
		laketest.Exit(fmt.Errorf("nobody knows the work %q", c.Work))
	}
	laketest.Exit(work(context.Background(), c))
}

// A kill is the nth time that a moment of a name comes.
type kill struct {
	moment string
	n      int
}

func (k kill) String() string { return fmt.Sprintf("a kill at %s, time %d", k.moment, k.n) }

// killsAt chooses, of the moments that came in an undisturbed run, those at which to
// kill, as the flag says. Some is the kind in the middle.
func killsAt(came []string) []kill {
	times := map[string]int{}
	var kinds []string
	var all []kill
	for _, name := range came {
		if times[name]++; times[name] == 1 {
			kinds = append(kinds, name)
		}
		all = append(all, kill{name, times[name]})
	}
	if *moments == "all" {
		return all
	}
	var chosen []kill
	for i, name := range kinds {
		if *moments == "each" {
			chosen = append(chosen, kill{name, 1})
			if times[name] > 1 {
				chosen = append(chosen, kill{name, times[name]})
			}
		} else if i == len(kinds)/2 {
			chosen = append(chosen, kill{name, 1 + (times[name]-1)/2})
		}
	}
	return chosen
}

// die runs a child that is killed. It returns false where the moment does not come this
// time: pages and files come in another order in each run, so some come less often. A
// kind of moment that does not come at all is a failure.
func die(t *testing.T, c laketest.Child, at kill) bool {
	t.Helper()
	c.Moment, c.N = at.moment, at.n
	_, killed := laketest.Kill(t, c)
	if !killed && at.n == 1 {
		t.Fatalf("%s: the moment did not come", at)
	}
	return killed
}
