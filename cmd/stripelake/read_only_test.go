package main

import (
	"context"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/faultyfs"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

// TestReadOnlyLake has somebody look at a lake who may read all of it and write
// nothing: another user, or its owner without the right to. Every command that
// changes nothing answers as it does its owner, and what it makes it makes elsewhere.
func TestReadOnlyLake(t *testing.T) {
	laketest.Slow(t)
	if testing.Short() {
		t.Skip("starts many processes")
	}
	t.Parallel()
	server := newShop(t)
	api := serve(t, server)
	p := newPlace(t)
	p.asOwner(`stripelake init mine && printf 'pii: keep\nfields: {customers.name: hash}\n' > mine/privacy.yaml && stripelake sync --max-rps 1000 --schemas mine --lake "$LAKE" --api-base ` + api)
	who := aCustomer(server)
	commands := readers(who, api)
	var want []string
	for _, text := range commands {
		said, _ := p.run(p.owner, p.dir, text)
		want = append(want, still(said))
	}
	p.asOwner(`chmod -R a=rX "$LAKE"`)
	t.Cleanup(func() { // for who removes the folder
		if out, err := exec.CommandContext(context.Background(), "chmod", "-R", "u+w", p.lake).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	before := laketest.Tree(t, p.lake)
	for i, text := range commands {
		said, _ := p.run(p.analyst, p.own, text)
		if diff := cmp.Diff(want[i], still(said)); diff != "" {
			t.Errorf("%s (-owner +reader):\n%s", text, diff)
		}
		if strings.Contains(text, "verify") && !strings.Contains(said, unrecorded) && !strings.Contains(said, `"unrecorded": true`) {
			t.Errorf("%s does not say that it is recorded nowhere:\n%s", text, said)
		}
	}
	if diff := cmp.Diff(before, laketest.Tree(t, p.lake)); diff != "" {
		t.Errorf("the lake (-before +after):\n%s", diff)
	}
	if left, _ := filepath.Glob(filepath.Join(p.own, "stripelake-*")); len(left) > 0 {
		t.Errorf("in the temporary folder is left %v", left)
	}
	for text, want := range map[string]string{
		`stripelake doctor --lake "$LAKE"`:                      "problem  disk: this user may not write to ",
		`stripelake verify --repair --lake "$LAKE"`:             "permission denied",
		`stripelake forget --yes ` + who + ` --lake "$LAKE"`:    "permission denied",
		`stripelake sync --lake "$LAKE" --api-base ` + api:      "permission denied",
		`stripelake rebuild --lake "$LAKE" charges`:             "permission denied",
		`stripelake compact --lake "$LAKE"`:                     "permission denied",
		`stripelake backup --lake "$LAKE" ` + p.own + `/backup`: "permission denied",
	} {
		if said, ok := p.run(p.analyst, p.own, text); ok || !strings.Contains(said, want) {
			t.Errorf("%s says:\n%s", text, said)
		}
	}
}

// TestReadOnlyDisk is the same where the disk refuses each change, and to its owner.
func TestReadOnlyDisk(t *testing.T) {
	t.Parallel()
	server := newShop(t)
	api := serve(t, server)
	dir := emptyFolder(t)
	lake := filepath.Join(dir, "lake")
	if err := resync(lake, api); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"verify --quiet --json --lake " + lake, "status --json --lake " + lake, "forget --quiet --dry-run --lake " + lake + " " + aCustomer(server),
		"schema coverage charges --lake " + lake,
	} {
		args := strings.Fields(text)
		want, complaint, code := watched(t, lake, func(op faultyfs.Op) faultyfs.Answer {
			return faultyfs.Answer{Skip: op.Do == faultyfs.Sync}
		}, args...)
		if code != 0 {
			t.Fatalf("%s: exit status %d: %s", text, code, complaint)
		}
		said, complaint, code := watched(t, lake, func(op faultyfs.Op) faultyfs.Answer {
			if op.Do == faultyfs.Lock {
				return faultyfs.Answer{}
			}
			return faultyfs.Answer{Err: syscall.EROFS}
		}, args...)
		if diff := cmp.Diff(still(want), still(said)); diff != "" || code != 0 || complaint != "" {
			t.Errorf("%s: exit status %d: %s (-writable +read-only):\n%s", text, code, complaint, diff)
		}
	}
}

// readers are the commands that change nothing.
func readers(customer, api string) []string {
	commands := []string{askGroup, exportGroup, reportGroup, tablesGroup}
	for _, text := range []string{
		"verify --quiet --json", "verify --quiet --deep", "verify --quiet --stripe --full --max-rps 1000 --api-base " + api, "status", "status --json",
		"forget --quiet --dry-run " + customer, "forget --quiet --dry-run --json " + customer, "plan --quiet --json --api-base " + api,
		"schema coverage charges", "schema preview " + customer, "schema explain charges.amount",
	} {
		commands = append(commands, "stripelake "+text+` --lake "$LAKE"`)
	}
	return commands
}

// unsteady is what differs from one run to the next.
var unsteady = regexp.MustCompile(`,?\s*"(run_id|at|seconds|started|unrecorded)": ?[^\n,]*|\(\d+\.\d s\)|` + regexp.QuoteMeta(unrecorded))

const unrecorded = "not recorded in meta.verifications: the lake cannot be written by this user\n"

func still(said string) string { return unsteady.ReplaceAllString(said, "") }
