package load

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/load/loadtest"
)

// Invariant 7: at every moment of a publish `current` is intact and is either the old
// generation or the new one. The next start removes incomplete ones, and their numbers
// are not used again.
func TestPublishIsAllOrNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	k := openLake(t, dir)
	k.sync(charge("ch_1", "paid", "it_1"), charge("ch_2", "paid"))
	old := k.publish()
	oldDigest, err := loadtest.Digest(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	k.sync(charge("ch_1", "failed"), on("2024-02-01", charge("ch_3", "paid", "it_9")))
	fresh := map[string]bool{}
	look := func(moment string, linked bool) func() {
		return func() {
			copied := t.TempDir()
			if err := copyTree(dir, copied); err != nil {
				t.Fatal(err)
			}
			digest, err := loadtest.Digest(context.Background(), copied)
			if err != nil {
				t.Errorf("%s: %v", moment, err)
			}
			if same := digest["charges"] == oldDigest["charges"]; same == linked {
				t.Errorf("%s: wrong generation linked", moment)
			}
			l, err := Open(copied, Options{Tables: testTables(), Fingerprint: "1"})
			if err != nil {
				t.Fatal(err)
			}
			s, err := l.OpenState(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			numbers, err := l.Generations().Numbers()
			now, _ := l.Generations().Linked()
			if err != nil || numbers[len(numbers)-1] != now || s.Fresh != "" {
				t.Errorf("%s: generations %v after the sweep, %d linked; %v %s", moment, numbers, now, err, s.Fresh)
			}
			if needs, err := s.NeedsPublish(context.Background()); needs == linked || err != nil {
				t.Errorf("%s: needs publish %v %v", moment, needs, err)
			}
			g, err := s.Publish(context.Background())
			if err != nil || g.Number != old.Number+2 {
				t.Errorf("%s: generation %d after %d: %v", moment, g.Number, old.Number, err)
			}
			if digest, err = loadtest.Digest(context.Background(), copied); err != nil {
				t.Errorf("%s: %v", moment, err)
			}
			fresh[fmt.Sprint(digest["charges"], digest["items"])] = true
		}
	}
	k.state.lake.opts.Trace = Trace{
		PartWritten: look("part written", false), PartRenamed: look("part renamed", false),
		PartitionsMade: look("partitions made", false), WarehouseCopied: look("warehouse copied", false),
		GenerationReady:  look("ready", false),
		GenerationLinked: look("linked", true), DirtyCleared: look("dirty cleared", true),
		GenerationsSwept: look("swept", true),
	}
	k.publish()
	if len(fresh) != 1 {
		t.Errorf("crashes at different moments led to %d different lakes", len(fresh))
	}
}

// copyTree copies a lake with its links, like a snapshot of the disk.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil || rel == "." {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case d.IsDir():
			return os.Mkdir(target, 0o700)
		case d.Type()&fs.ModeSymlink != 0:
			link, err := os.Readlink(path)
			return errors.Join(err, os.Symlink(link, target))
		}
		data, err := os.ReadFile(path)
		return errors.Join(err, os.WriteFile(target, data, 0o600))
	})
}

// Readable files must not change: they are read-only. The folder of the private state
// is closed to other users.
func TestPermissions(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	k.sync(charge("ch_1", "paid"))
	g := k.publish()
	if err := k.state.WriteStatus(t.Context()); err != nil {
		t.Fatal(err)
	}
	root := k.Generations().path(g.Number)
	err := filepath.WalkDir(k.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink != 0 || path == k.dir || strings.HasSuffix(path, ".wal") {
			return err // DuckDB creates its write-ahead log itself; its folder keeps others out
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		inside := path == root || strings.HasPrefix(path, root+"/")
		switch {
		case d.IsDir() && inside:
			want = 0o750
		case d.IsDir():
			want = 0o700
		case inside:
			want = 0o440
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s is %o, want %o", path, info.Mode().Perm(), want)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestDamagedGenerationIsPublishedAgain(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	k.sync(charge("ch_1", "paid"))
	g := k.publish()
	path := k.Generations().path(g.Number, filepath.FromSlash(g.Files[0].Path))
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if needs, err := k.state.NeedsPublish(t.Context()); !needs || err != nil {
		t.Error("a missing file went unnoticed", err)
	}
	publishAndCheck(k)
}
