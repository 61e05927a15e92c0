package workdir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sync/errgroup"
)

// The next query removes the data that a killed one spilled. It does not remove those
// of a running query, nor another user's link, nor its target.
func TestKilledQueryIsSwept(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	killed, err := Make(os.TempDir(), QueryPrefix)
	if err != nil {
		t.Fatal(err)
	}
	spill := filepath.Join(killed.Path, "spill")
	if err := os.WriteFile(spill, []byte("ann@example.com"), 0o600); err != nil {
		t.Fatal(err)
	}
	running, err := Make(os.TempDir(), QueryPrefix) // a second folder in the same place
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(spill); err != nil {
		t.Fatalf("a query that runs was swept: %v", err)
	}
	if err := killed.Lock.Release(); err != nil { // the kernel would do this
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	link := filepath.Join(os.TempDir(), QueryPrefix+"link")
	if err := errors.Join(os.WriteFile(filepath.Join(elsewhere, "lock"), []byte("mine"), 0o600), os.Symlink(elsewhere, link)); err != nil {
		t.Fatal(err)
	}
	next, err := Make(os.TempDir(), QueryPrefix)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(killed.Path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what was killed is still there: %v", err)
	}
	if text, err := os.ReadFile(filepath.Join(link, "lock")); err != nil || string(text) != "mine" {
		t.Errorf("behind the link: %q, %v", text, err)
	}
	if err := errors.Join(running.Remove(), next.Remove()); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), QueryPrefix+"*")); len(left) != 1 {
		t.Errorf("left are %v", left)
	}
}

// A folder that was just made is not taken for one of a killed process, whatever other
// processes make, sweep and remove at the same time.
func TestFoldersMadeAtOnce(t *testing.T) {
	in := t.TempDir()
	var group errgroup.Group
	for range 8 {
		group.Go(func() error {
			for range 200 {
				folder, err := Make(in, TrialPrefix)
				if err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(folder.Path, "record"), nil, 0o600); err != nil {
					return err
				}
				if err := folder.Remove(); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(in); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}
