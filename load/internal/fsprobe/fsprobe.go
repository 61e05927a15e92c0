package fsprobe

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/workdir"
)

// LackingError is the error for a file system that cannot do what a lake needs. Without
// this check the first publish would fail, after the whole backfill.
type LackingError struct {
	Dir   string   // the folder that was tested
	Lacks []string // such as "symbolic links (operation not permitted)"
}

func (e *LackingError) Error() string { return e.Hint().Error() }

// Hint returns what the file system lacks, and the advice.
func (e *LackingError) Hint() *hint.Error {
	return hint.New(fmt.Sprintf("the file system under %s has no %s", e.Dir, strings.Join(e.Lacks, " and no ")),
		"name a folder on another one with --lake, such as ext4, xfs, btrfs or APFS: exFAT, FAT and many network shares are none for a lake")
}

// trials are the operations that a lake needs, each performed in an empty folder as the
// lake performs it. workdir.Make already tests the lock of the folder.
var trials = []struct {
	what string
	try  func(dir string) error
}{
	{"record locks", tryRecordLock}, // for DuckDB
	{"symbolic links", trySymlink},  // for `current`
	{"hard links", tryLink},         // for partition files that a publish does not change
	{"renaming over a file", tryRename},
	{"file permissions", tryChmod},
	{"flushing of folders", atomicfile.Sync},
}

const trialBytes = "tried"

// Check tests what a lake needs of the file system under dir, which need not exist yet.
// It tests in a folder that it creates and removes. If dir has a folder named private,
// the test folder is in there. The error is a *LackingError if the file system lacks
// something, and another error if nothing can be written there.
func Check(dir, private string) (err error) {
	in, err := Existing(dir)
	if err != nil {
		return err
	}
	if info, err := os.Stat(filepath.Join(in, private)); err == nil && info.IsDir() {
		in = filepath.Join(in, private) // the folder where a killed test's files are swept
	}
	folder, err := workdir.Make(in, workdir.TrialPrefix)
	defer func() { err = errors.Join(err, folder.Remove()) }()
	var lacks []string
	if folder.Path != "" {
		lacks, err = tryOut(folder.Path, err)
	}
	switch {
	case err != nil:
		return fmt.Errorf("try out the file system under %s: %w", dir, err)
	case len(lacks) > 0:
		return &LackingError{Dir: dir, Lacks: lacks}
	}
	return nil
}

// tryOut performs all trials. locked is the result of the lock's trial.
func tryOut(dir string, locked error) (lacks []string, err error) {
	lacks, err = lacking(nil, "file locks", locked)
	for _, trial := range trials {
		if err == nil {
			lacks, err = lacking(lacks, trial.what, trial.try(dir))
		}
	}
	return lacks, err
}

// troubles are errors that say nothing about the abilities of a file system.
var troubles = []error{
	syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EIO, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, fs.ErrNotExist,
}

// lacking adds a failed trial to lacks. Systems report it in many ways: ENOSYS, EPERM,
// EOPNOTSUPP, EINVAL, ENOLCK. It returns an error of another kind as it is.
func lacking(lacks []string, what string, err error) ([]string, error) {
	var errno syscall.Errno
	if !errors.As(err, &errno) || slices.ContainsFunc(troubles, func(t error) bool { return errors.Is(err, t) }) {
		return lacks, err
	}
	return append(lacks, fmt.Sprintf("%s (%v)", what, errno)), nil
}

func tryRecordLock(dir string) (err error) {
	f, err := os.OpenFile(filepath.Join(dir, "record"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return unix.FcntlFlock(f.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
}

// trySymlink creates a link and renames another one over it.
func trySymlink(dir string) error {
	link, next := filepath.Join(dir, "link"), filepath.Join(dir, "next")
	if err := errors.Join(os.Symlink("before", link), os.Symlink("after", next)); err != nil {
		return err
	}
	if err := os.Rename(next, link); err != nil {
		return err
	}
	if target, err := os.Readlink(link); err != nil || target != "after" {
		return errors.Join(err, syscall.ENOSYS)
	}
	return nil
}

func tryLink(dir string) error {
	file, err := trialFile(dir, "linked")
	if err != nil {
		return err
	}
	return os.Link(file, file+"-too")
}

func tryRename(dir string) error {
	from, err := trialFile(dir, "from")
	if err != nil {
		return err
	}
	to := filepath.Join(dir, "to")
	if err := os.WriteFile(to, nil, 0o600); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	if text, err := os.ReadFile(to); err != nil || !bytes.Equal(text, []byte(trialBytes)) {
		return errors.Join(err, syscall.ENOSYS)
	}
	return nil
}

// tryChmod gives a file the mode of a generation's files.
func tryChmod(dir string) error {
	file, err := trialFile(dir, "sealed")
	if err != nil {
		return err
	}
	return os.Chmod(file, 0o440)
}

func trialFile(dir, name string) (string, error) {
	path := filepath.Join(dir, name)
	return path, os.WriteFile(path, []byte(trialBytes), 0o600)
}

// Existing returns dir as an absolute path, or the nearest folder above it that exists.
func Existing(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	for err == nil {
		if _, err = os.Stat(dir); err == nil {
			break
		}
		if parent := filepath.Dir(dir); errors.Is(err, fs.ErrNotExist) && parent != dir {
			dir, err = parent, nil
		}
	}
	return dir, err
}
