package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stripelake/stripelake/internal/faultyfs"
)

// lack is something that a file system cannot do, as it says so.
type lack struct {
	do    string
	err   syscall.Errno
	named string
}

// decide is asked by faultyfs.Run.
func (l lack) decide(op faultyfs.Op) faultyfs.Answer {
	if op.Do == l.do && (op.Do != faultyfs.Sync || isFolder(op.Path)) {
		return faultyfs.Answer{Err: l.err}
	}
	return faultyfs.Answer{Skip: op.Do == faultyfs.Sync}
}

// isFolder reports whether a path is a folder, by its name.
func isFolder(path string) bool { return filepath.Ext(path) == "" || filepath.Base(path) == ".state" }

// TestFileSystemThatLacks holds that a file system which cannot do what a lake rests
// on is told of before Stripe is asked for anything, by doctor and by each command
// that writes, in one line that names what is lacking and says what to do; and that
// nothing is left of the trial.
func TestFileSystemThatLacks(t *testing.T) {
	t.Parallel()
	server := newShop(t)
	api := serve(t, server)
	for _, l := range []lack{
		{faultyfs.Lock, syscall.ENOSYS, "no file locks (function not implemented) and no record locks (function not implemented)"},
		{faultyfs.Lock, syscall.ENOLCK, "no file locks (no locks available) and no record locks (no locks available)"},
		{faultyfs.Symlink, syscall.EPERM, "no symbolic links (operation not permitted)"},
		{faultyfs.Symlink, syscall.ENOSYS, "no symbolic links (function not implemented)"},
		{faultyfs.Link, syscall.EOPNOTSUPP, "no hard links (operation not supported)"},
		{faultyfs.Rename, syscall.EPERM, "no symbolic links (operation not permitted) and no renaming over a file (operation not permitted)"},
		{faultyfs.Chmod, syscall.EPERM, "no file permissions (operation not permitted)"},
		{faultyfs.Sync, syscall.EINVAL, "no flushing of folders (invalid argument)"},
	} {
		t.Run(l.do+" "+l.err.Error(), func(t *testing.T) {
			t.Parallel()
			dir := emptyFolder(t)
			lake := filepath.Join(dir, "lake")
			for _, args := range [][]string{
				{"sync", "--api-base", api}, {"demo"}, {"doctor", "--json"},
			} {
				stdout, stderr, code := watched(t, dir, l.decide, append(args, "--lake", lake)...)
				said, want := stderr, 1
				if args[0] == "doctor" {
					said, want = stdout, 3
				} else if strings.Count(said, "\n") != 1 {
					t.Errorf("%s does not say it in one line: %s", args[0], said)
				}
				if code != want || !strings.Contains(said, "the file system under "+lake+" has "+l.named) || !strings.Contains(said, "name a folder on another one with --lake") {
					t.Errorf("%s: exit status %d, and it says: %s", args[0], code, said)
				}
				if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
					t.Errorf("%s left %v, %v", args[0], left, err)
				}
			}
		})
	}
	t.Cleanup(func() {
		if n := server.Requests(); len(n) > 0 {
			t.Errorf("Stripe was asked: %v", n)
		}
	})
}

// TestEveryWriterTriesTheFileSystem has a lake moved to such a file system.
func TestEveryWriterTriesTheFileSystem(t *testing.T) {
	t.Parallel()
	server := newShop(t)
	dir := emptyFolder(t)
	lake := filepath.Join(dir, "lake")
	if err := resync(lake, serve(t, server)); err != nil {
		t.Fatal(err)
	}
	noLinks := lack{faultyfs.Symlink, syscall.EPERM, ""}
	for _, args := range [][]string{
		{"rebuild", "charges"}, {"compact"}, {"backup", filepath.Join(dir, "copy")}, {"forget", "--yes", "cus_1"}, {"verify", "--repair"},
	} {
		if _, said, code := watched(t, dir, noLinks.decide, append(args, "--lake", lake)...); code != 1 || !strings.Contains(said, "has no symbolic links (operation not permitted)") {
			t.Errorf("%s: exit status %d, and it says: %s", args[0], code, said)
		}
	}
}

// TestBackupOnAnyFileSystem copies a lake to where there are neither links nor locks
// nor permissions.
func TestBackupOnAnyFileSystem(t *testing.T) {
	t.Parallel()
	dir := emptyFolder(t)
	lake, to := filepath.Join(dir, "lake"), filepath.Join(dir, "copy")
	if err := resync(lake, serve(t, newShop(t))); err != nil {
		t.Fatal(err)
	}
	_, said, code := watched(t, to, func(op faultyfs.Op) faultyfs.Answer {
		if slices.Contains([]string{faultyfs.Lock, faultyfs.Symlink, faultyfs.Link, faultyfs.Chmod}, op.Do) {
			return faultyfs.Answer{Err: syscall.EPERM}
		}
		return faultyfs.Answer{Skip: op.Do == faultyfs.Sync}
	}, "backup", to, "--lake", lake)
	if code != 0 {
		t.Errorf("exit status %d, and it says: %s", code, said)
	}
}

// emptyFolder is one without links in its path.
func emptyFolder(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
