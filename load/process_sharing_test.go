package load

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// AtWork reports a process that works on the state, even after an erasure has deleted
// everything else, and creates no file.
func TestAtWork(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "lake")
	at := func(want bool, when string) {
		t.Helper()
		if got, err := AtWork(dir); got != want || err != nil {
			t.Errorf("%s: at work: %t, %v", when, got, err)
		}
	}
	at(false, "without a lake")
	if _, err := os.Stat(dir); err == nil {
		t.Error("the question made a lake")
	}
	k := openLake(t, dir)
	at(true, "open")
	if err := k.state.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	at(true, "emptied")
	k.close()
	at(false, "closed")
	if err := os.Remove(filepath.Join(dir, lakedir.StateDir, "members")); err != nil {
		t.Fatal(err)
	}
	at(false, "without the lock's file")
	names, err := filepath.Glob(filepath.Join(dir, lakedir.StateDir, "*"))
	if err != nil || strings.Contains(strings.Join(names, " "), "members") {
		t.Errorf("the question made the lock: %q, %v", names, err)
	}
}
