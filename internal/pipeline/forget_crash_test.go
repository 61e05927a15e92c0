package pipeline_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

// With these the test binary erases a customer and kills itself at the
// crashAt-th time that a moment comes.
const (
	crashForget = "STRIPELAKE_CRASH_FORGET"
	crashMoment = "STRIPELAKE_CRASH_MOMENT"

	crashNewList = "STRIPELAKE_CRASH_NEW_LIST" // consents to a new list of the forgotten; empty: not
)

// forgetMoments come in an erasure only.
var forgetMoments = []string{"ErasureRecorded", "ForgottenListed", "StateDiscarded", "OthersRemoved", "ReceiptWritten"}

// elsewhere are the moments that an erasure has no part in.
var elsewhere = append([]string{"SchemasDeclared", "CursorMoved", "NextBegun", "SegmentsMerged"}, repairMoments...)

func forgetUntil(dir, who, name string, n int) error {
	newList := os.Getenv(crashNewList) != ""
	s := newSync(dir, "http://127.0.0.1:1", func(o *load.Options) { o.Trace, o.NoList = traced(dieAt(n, name)), newList })
	if s.err != nil {
		return s.err
	}
	f := pipeline.Forget{Plan: s.Plan, Lake: s.Lake, Customers: []string{who}, NewList: newList}
	_, err := f.Run(context.Background())
	return err
}

// TestForgetKilledAtEveryMoment kills an erasure with SIGKILL at every kind of
// moment and has it finished by whatever comes next: a sync, a rebuild, the same
// command, or a bare forget. Each time nothing of the person is left.
func TestForgetKilledAtEveryMoment(t *testing.T) {
	t.Parallel()
	p := newPerson(t)
	lake, never := filepath.Join(t.TempDir(), "lake"), filepath.Join(t.TempDir(), "lake")
	p.build(t, lake, p.with)
	p.build(t, never, p.without)
	want := digest(t, never)
	recoveries := []struct {
		name string
		run  func(dir string) error
	}{
		{"sync", func(dir string) error { return run(newSync(dir, p.with, nil)) }},
		{"forget", func(dir string) error { _, err := forget(t.Context(), dir, nil); return err }},
		{"rebuild", func(dir string) error {
			s := newSync(dir, p.with, nil)
			_, err := (&pipeline.Rebuild{Plan: s.Plan, Lake: s.Lake}).Run(t.Context())
			return err
		}},
		{"the same again", func(dir string) error { _, err := forget(t.Context(), dir, nil, p.id); return err }},
	}
	turn := 0
	for field := range reflect.TypeFor[load.Trace]().Fields() {
		if slices.Contains(elsewhere, field.Name) || testing.Short() && !slices.Contains(forgetMoments, field.Name) && field.Name != "SegmentRenamed" {
			continue
		}
		for _, n := range times(field.Name) {
			recovery := recoveries[turn%len(recoveries)]
			turn++
			at := fmt.Sprintf("kill %d at %s, then %s", n, field.Name, recovery.name)
			dir := filepath.Join(t.TempDir(), "lake")
			if err := os.CopyFS(dir, os.DirFS(lake)); err != nil {
				t.Fatal(err)
			}
			killForget(t, dir, p.id, field.Name, n)
			if err := recovery.run(dir); err != nil {
				t.Fatalf("%s: %v", at, err)
			}
			p.checkGone(t, dir, want)
			if receipts, err := filepath.Glob(filepath.Join(dir, "receipts", "*.json")); err != nil || len(receipts) != 1 {
				t.Errorf("receipts %v, %v, want one", receipts, err)
			}
			if t.Failed() {
				t.Fatal(at)
			}
		}
	}
}

// times says how often a moment is worth a kill: each segment is a new place to
// stop, parts and batches are all alike.
func times(moment string) []int {
	if strings.HasPrefix(moment, "Segment") && !testing.Short() {
		return []int{1, 4}
	}
	return []int{1}
}

// killForget runs an erasure that is killed. One that is not is a failure: the
// moment never came.
func killForget(t *testing.T, dir, who, moment string, n int, env ...string) {
	t.Helper()
	if _, killed := crash(t, dir, n, append(env, crashForget+"="+who, crashMoment+"="+moment)...); !killed {
		t.Fatalf("%s came less than %d times", moment, n)
	}
}
