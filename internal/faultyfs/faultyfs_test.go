package faultyfs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The test binary runs itself as the program that is watched.
const (
	asWatched = "FAULTYFS_TEST_WATCHED"
	asProgram = "FAULTYFS_TEST_PROGRAM"
)

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(asWatched) != "":
		_ = os.Unsetenv(asWatched)
		fmt.Fprintln(os.Stderr, Become(os.Args, append(os.Environ(), asProgram+"=1")))
		os.Exit(1)
	case os.Getenv(asProgram) != "":
		fmt.Print(changeFiles(os.Args[1]))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// changeFiles does one of each thing to the files of a folder. It returns the
// first error, or nothing.
func changeFiles(dir string) string {
	if err := os.Chdir(dir); err != nil { // half of the paths are relative
		return err.Error()
	}
	whole, moved := filepath.Join(dir, "a"), filepath.Join(dir, "sub", "b")
	err := os.WriteFile("../outside", []byte("unwatched"), 0o600)
	step := func(f func() error) {
		if err == nil {
			err = f()
		}
	}
	step(func() error { return os.Mkdir("sub", 0o700) })
	step(func() error { return writeSynced("a", "ten bytes.") })
	step(func() error { return os.Rename(whole, "sub/b") })
	step(func() error { return copyOf("sub/b", filepath.Join(dir, "c")) })
	step(func() error { return os.Link(moved, "d") })
	step(func() error { return os.Symlink("c", "e") })
	step(func() error { return os.Truncate("c", 3) })
	step(func() error { return os.Chmod("c", 0o400) })
	step(func() error { return lock("c") })
	step(func() error { return os.Remove("d") })
	if err != nil {
		return err.Error()
	}
	return ""
}

func writeSynced(name, text string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err == nil {
		_, err = f.WriteAt([]byte("T"), 0)
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// lock locks a file in both ways.
func lock(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_EX),
		syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &syscall.Flock_t{Type: syscall.F_RDLCK}), f.Close())
}

func copyOf(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	out, err := os.Create(to)
	if err == nil {
		_, err = io.Copy(out, in)
		err = errors.Join(err, out.Close())
	}
	return errors.Join(err, in.Close())
}

// run runs changeFiles in an empty folder and returns the folder and what it said.
func run(t *testing.T, decide func(Op) Answer) (dir, said string, state *os.ProcessState) {
	t.Helper()
	parent, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(parent, "folder")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], dir)
	cmd.Env = append(os.Environ(), asWatched+"=1")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = Run(cmd, dir, decide)
	if errors.As(err, new(*UnavailableError)) {
		t.Skip(err)
	}
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatalf("%v: %s", err, &out)
	}
	return dir, strings.ReplaceAll(out.String(), dir, "FOLDER"), cmd.ProcessState
}

func content(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Error(err)
	}
	return string(data)
}

// TestEveryChangeIsAskedAbout is also what tells a system call that Go's library
// has begun to use and the table does not have.
func TestEveryChangeIsAskedAbout(t *testing.T) {
	var got []string
	dir, said, _ := run(t, func(op Op) Answer {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%d %s %s %s", op.Past, op.Do, op.Path, op.To)))
		return Answer{Skip: op.Do == Sync}
	})
	want := []string{
		"0 mkdir sub", "0 create a", "0 write a", "10 write a", "11 sync a", "11 rename a sub/b",
		"11 create c", "11 copy c", "21 copy c", "21 link sub/b d", "21 symlink e", "21 truncate c", "21 chmod c", "21 lock c", "21 lock c", "21 remove d",
	}
	if diff := cmp.Diff(want, got); diff != "" || said != "" {
		t.Errorf("%s (-want +got):\n%s", said, diff)
	}
	if got := content(t, filepath.Join(dir, "sub", "b")) + content(t, filepath.Join(dir, "e")); got != "Ten bytes.Ten" {
		t.Errorf("the files hold %q", got)
	}
}

func TestFaults(t *testing.T) {
	for _, tc := range []struct {
		do     string
		answer Answer
		said   string
		file   string // what there is of it
		text   string
	}{
		{Create, Answer{Err: syscall.EROFS}, "open a: read-only file system", "", ""},
		{Write, Answer{Err: syscall.ENOSPC}, "write a: no space left on device", "a", ""},
		{Write, Answer{Part: 4}, "write a: no space left on device", "a", "ten "},
		{Write, Answer{Part: 4, Kill: true}, "", "a", "ten "},
		{Sync, Answer{Err: syscall.EIO}, "sync a: input/output error", "a", "Ten bytes."},
		{Rename, Answer{Err: syscall.EIO}, "rename FOLDER/a sub/b: input/output error", "a", "Ten bytes."},
		{Rename, Answer{Kill: true}, "", "a", "Ten bytes."},
		{Copy, Answer{Part: 2}, "write FOLDER/c: copy_file_range: no space left on device", "c", "Te"},
	} {
		t.Run(fmt.Sprintf("%s %+v", tc.do, tc.answer), func(t *testing.T) {
			met := 0
			dir, said, state := run(t, func(op Op) Answer {
				switch {
				case op.Do != tc.do:
					return Answer{}
				case met == 0:
					met++
					return tc.answer
				default:
					return Answer{Err: syscall.ENOSPC}
				}
			})
			if said != tc.said {
				t.Errorf("it says %q, want %q", said, tc.said)
			}
			if status := state.Sys().(syscall.WaitStatus); status.Signaled() != tc.answer.Kill {
				t.Errorf("killed %t, want %t", status.Signaled(), tc.answer.Kill)
			}
			if tc.file != "" {
				if got := content(t, filepath.Join(dir, tc.file)); got != tc.text {
					t.Errorf("%s holds %q, want %q", tc.file, got, tc.text)
				}
			}
		})
	}
}
