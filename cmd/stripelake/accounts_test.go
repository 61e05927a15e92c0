package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Users without rights: a lake's owner, and an analyst. Both are in the group.
const analysts = 65532

var (
	ownerAccount   = &syscall.Credential{Uid: 65533, Gid: 65533, Groups: []uint32{analysts}}
	analystAccount = &syscall.Credential{Uid: 65534, Gid: 65534, Groups: []uint32{analysts}}
)

// place is a lake and those who use it. Only root can be two users: elsewhere the
// owner is the analyst too, and what is private is closed to both by its mode
// while the analyst reads.
type place struct {
	t              *testing.T
	dir, lake      string // of the owner; the lake is in it
	own            string // the analyst's folder
	bin            string // holds the program as stripelake, for anybody to run
	owner, analyst *syscall.Credential
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{t: t, dir: t.TempDir(), own: t.TempDir(), bin: t.TempDir()}
	p.lake = filepath.Join(p.dir, "lake")
	err := copyProgram(filepath.Join(p.bin, "stripelake"))
	if os.Getuid() == 0 {
		p.owner, p.analyst = ownerAccount, analystAccount
		for _, dir := range []string{p.dir, p.own, p.bin} {
			err = errors.Join(err, os.Chmod(dir, 0o755), os.Chmod(filepath.Dir(dir), 0o755))
		}
		err = errors.Join(err, os.Chown(p.dir, int(p.owner.Uid), int(p.owner.Gid)), os.Chown(p.own, int(p.analyst.Uid), int(p.analyst.Gid)))
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// copyProgram puts this test's binary where any user may run it.
func copyProgram(to string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	from, err := os.Open(self)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	file, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, from)
	return errors.Join(err, file.Close())
}

// command is a shell's, in a folder, as somebody, who finds the program as
// stripelake and the lake as $LAKE.
func (p *place) command(as *syscall.Credential, dir, text string) *exec.Cmd {
	cmd := exec.CommandContext(p.t.Context(), "sh", "-c", text)
	cmd.Dir = dir
	cmd.Env = []string{
		asProgram + "=1", "STRIPE_API_KEY=sk_test_group", "LAKE=" + p.lake, "HOME=" + dir, "TMPDIR=" + dir,
		"PATH=" + p.bin + ":" + os.Getenv("PATH"),
	}
	if as != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	}
	return cmd
}

func (p *place) run(as *syscall.Credential, dir, text string) (said string, ok bool) {
	p.t.Helper()
	out, err := p.command(as, dir, text).CombinedOutput()
	if failed := new(exec.ExitError); err != nil && !errors.As(err, &failed) {
		p.t.Fatalf("%s: %v", text, err)
	}
	return string(out), err == nil
}

// asOwner runs what must succeed.
func (p *place) asOwner(text string) string {
	p.t.Helper()
	said, ok := p.run(p.owner, p.dir, text)
	if !ok {
		p.t.Fatalf("owner: %s:\n%s", text, said)
	}
	return said
}

// asAnalyst runs what must succeed with nothing but what the group may read.
func (p *place) asAnalyst(text string) string {
	p.t.Helper()
	said, ok := p.tryAsAnalyst(text)
	if !ok {
		p.t.Errorf("analyst: %s:\n%s", text, said)
	}
	return said
}

// refused runs what must fail, with one line that says why.
func (p *place) refused(text, why string) {
	p.t.Helper()
	said, ok := p.tryAsAnalyst(text)
	if ok || !strings.Contains(said, why) || strings.Count(said, "\n") != 1 {
		p.t.Errorf("analyst: %s: it should be refused with one line of %q:\n%s", text, why, said)
	}
}

func (p *place) tryAsAnalyst(text string) (said string, ok bool) {
	p.t.Helper()
	if p.analyst == nil {
		defer p.close(private...)()
	}
	return p.run(p.analyst, p.own, text)
}

// private is what no group may read.
var private = []string{
	"raw", "lake.json", "pii.key", "forgotten.json", "receipts",
	".state/work.duckdb", ".state/status.json", ".state/members", ".state/lock", ".state/queue",
}

// close takes all rights to some files and folders from whoever is not root, and
// returns what gives them back.
func (p *place) close(names ...string) (open func()) {
	p.t.Helper()
	modes := map[string]os.FileMode{}
	for _, name := range names {
		path := filepath.Join(p.lake, name)
		info, err := os.Lstat(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			modes[path] = info.Mode().Perm()
			err = os.Chmod(path, 0)
		}
		if err != nil {
			p.t.Fatal(err)
		}
	}
	return func() {
		for path, mode := range modes {
			if err := os.Chmod(path, mode); err != nil {
				p.t.Error(err)
			}
		}
	}
}

// letIn runs the documented commands as the owner, who is in the group. Without
// root there is no group to let in.
func (p *place) letIn() {
	p.t.Helper()
	documented := groupCommands(p.t)
	if p.analyst != nil {
		p.asOwner("set -e\n" + strings.ReplaceAll(documented, "analysts", strconv.Itoa(analysts)))
	}
}

// groupCommands are those that docs/engineers.md gives.
func groupCommands(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "engineers.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Letting a group read\n")
	block := shellBlock.FindStringSubmatch(section)
	if block == nil || !strings.Contains(block[1], "chgrp -R analysts ") {
		t.Fatal("docs/engineers.md has no commands to let a group in")
	}
	return block[1]
}
