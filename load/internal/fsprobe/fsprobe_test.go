package fsprobe

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/load/internal/workdir"
)

// The error of a trial shows what the file system lacks, unless the disk or this
// process is at fault.
func TestWhatATrialShows(t *testing.T) {
	t.Parallel()
	for _, err := range []syscall.Errno{syscall.ENOSYS, syscall.EPERM, syscall.EACCES, syscall.EOPNOTSUPP, syscall.ENOTSUP, syscall.EINVAL, syscall.ENOLCK, syscall.ENOTTY} {
		lacks, got := lacking([]string{"hard links"}, "symbolic links", &os.LinkError{Op: "symlink", Old: "a", New: "b", Err: err})
		if diff := cmp.Diff([]string{"hard links", "symbolic links (" + err.Error() + ")"}, lacks); diff != "" || got != nil {
			t.Errorf("%v: %v (-want +got):\n%s", err, got, diff)
		}
	}
	for _, err := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EIO, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOENT} {
		if lacks, got := lacking(nil, "symbolic links", &os.PathError{Op: "open", Path: "a", Err: err}); !errors.Is(got, err) || lacks != nil {
			t.Errorf("%v shows that %v are lacking, and is %v", err, lacks, got)
		}
	}
	if lacks, err := lacking(nil, "symbolic links", nil); lacks != nil || err != nil {
		t.Errorf("a trial that went well: %v, %v", lacks, err)
	}
}

// The file systems that the tests run on have all that a lake needs. A trial leaves
// nothing behind, and removes the files of one that was killed.
func TestTrialLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	killed := filepath.Join(dir, workdir.TrialPrefix+"1")
	err := errors.Join(os.Mkdir(killed, 0o700), os.WriteFile(filepath.Join(killed, "lock"), nil, 0o600))
	if err == nil {
		err = Check(filepath.Join(dir, "to", "come"), ".state")
	}
	left, readErr := os.ReadDir(dir)
	if err = errors.Join(err, readErr); err != nil || len(left) > 0 {
		t.Errorf("%v; left is %v", err, left)
	}
}
