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

// LackingError says what the file system under a lake cannot do, and is a thing that
// a lake rests on: it would fail at the first publish, after the whole backfill.
type LackingError struct {
	Dir   string   // the folder that was tried
	Lacks []string // "symbolic links (operation not permitted)"
}

func (e *LackingError) Error() string { return e.Hint().Error() }

// Hint returns what happened, and what to do about it.
func (e *LackingError) Hint() *hint.Error {
	return hint.New(fmt.Sprintf("the file system under %s has no %s", e.Dir, strings.Join(e.Lacks, " and no ")),
		"name a folder on another one with --lake, such as ext4, xfs, btrfs or APFS: exFAT, FAT and many network shares are none for a lake")
}

// trials are what a lake needs of its file system, each done in an empty folder as
// the lake does it. The lock of a folder is tried when the folder is made.
var trials = []struct {
	what string
	try  func(dir string) error
}{
	{"record locks", tryRecordLock}, // DuckDB's
	{"symbolic links", trySymlink},  // `current`
	{"hard links", tryLink},         // of what a publish does not change
	{"renaming over a file", tryRename},
	{"file permissions", tryChmod},
	{"flushing of folders", atomicfile.Sync},
}

const trialBytes = "tried"

// Check tries out what a lake needs of the file system under dir, which
// need not exist yet, in a folder that it makes and removes: in the one of the name
// private in dir, if there is such a one. The error is a
// *LackingError where it has not all of that, and another one where nothing can be
// written there.
func Check(dir, private string) (err error) {
	in, err := Existing(dir)
	if err != nil {
		return err
	}
	if info, err := os.Stat(filepath.Join(in, private)); err == nil && info.IsDir() {
		in = filepath.Join(in, private) // where a trial that was killed is swept
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

// tryOut makes all trials, after that of a lock and what came of it.
func tryOut(dir string, locked error) (lacks []string, err error) {
	lacks, err = lacking(nil, "file locks", locked)
	for _, trial := range trials {
		if err == nil {
			lacks, err = lacking(lacks, trial.what, trial.try(dir))
		}
	}
	return lacks, err
}

// troubles are errors that say nothing about what a file system can do.
var troubles = []error{
	syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EIO, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, fs.ErrNotExist,
}

// lacking adds what a trial shows to be lacking. Systems have many words for it:
// ENOSYS, EPERM, EOPNOTSUPP, EINVAL, ENOLCK. The error is one of another kind.
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

// trySymlink makes a link, and one more over it.
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

// tryChmod makes a file what those of a generation are.
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

// Existing is dir, or the nearest folder above it that exists.
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
