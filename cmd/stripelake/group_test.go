package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

const (
	askGroup    = `stripelake query --lake "$LAKE" --format csv 'SELECT status, currency, count(*) AS n, sum(amount) AS amount FROM charges GROUP BY ALL ORDER BY ALL'`
	exportGroup = `stripelake export segment bnpl-offers --quiet --lake "$LAKE" --out offers.csv && cat offers.csv`
	reportGroup = `stripelake report bnpl --quiet --lake "$LAKE" --out bnpl.html && tail -c 300 bnpl.html`
	tablesGroup = `stripelake tables charges --lake "$LAKE" && test -r "$(stripelake path warehouse --lake "$LAKE")" && stripelake path --lake "$LAKE"`
	statusGroup = `stripelake status --lake "$LAKE"`
	statusJSON  = `stripelake status --json --lake "$LAKE"`
)

// TestGroup lets a group in as docs/engineers.md says, and has an analyst of it
// do what is promised there, generation after generation, beside what is closed.
func TestGroup(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	t.Parallel()
	server := newShop(t)
	p := newPlace(t)
	sync := `stripelake sync --max-rps 1000 --api-base ` + serve(t, server) + ` --lake "$LAKE"`
	// Some of it is hashed, so that there is a key of the hashes.
	p.asOwner("stripelake init mine && printf 'pii: keep\nfields: {customers.name: hash}\n' > mine/privacy.yaml && " + sync + " --schemas mine")
	p.refusedAll("is closed to this user")
	p.letIn()
	p.checkReads(1)

	// Some partitions change, the files of the others are those of generation 1.
	if _, err := server.Change(stripesim.CreateCharge, 3); err != nil {
		t.Fatal(err)
	}
	server.Advance(time.Hour)
	p.asOwner(sync)
	p.checkReads(2)

	// Everything is derived again, and nothing linked.
	who := strings.Split(strings.Split(p.asAnalyst(exportGroup), "\n")[1], ",")[1]
	p.asOwner("stripelake forget --yes " + who + ` --lake "$LAKE"`)
	if left := p.asAnalyst(exportGroup); strings.Contains(left, who) || strings.Count(left, "\n") < 4 {
		t.Errorf("after %s was forgotten:\n%s", who, left)
	}

	// A generation of an older version says less of itself.
	p.editManifest(func(manifest map[string]any) {
		for _, name := range []string{"mode", "summary", "forgotten", "forgotten_list"} {
			delete(manifest, name)
		}
	})
	p.refusedAll("generation 3 was published by an older version of stripelake")
	if p.asOwner(askGroup) == "" || !strings.Contains(p.asOwner(statusGroup), "(test mode), generation 3\n") {
		t.Error("the owner cannot read it either")
	}
	if said := p.asOwner(sync); !strings.Contains(said, "published generation 4") {
		t.Errorf("the next sync, which finds nothing new, says:\n%s", said)
	}
	p.checkReads(4)
	if said := p.asOwner(sync); strings.Contains(said, "published") {
		t.Errorf("the one after it says:\n%s", said)
	}
}

// newShop is a business of two weeks, of which one day is to come.
func newShop(t *testing.T) *stripesim.Server {
	t.Helper()
	from := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	server, err := stripesim.New(stripesim.Config{Seed: 3, Charges: 400, From: from, To: from.AddDate(0, 0, 14), Now: from.AddDate(0, 0, 13)})
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// refusedAll checks that each command says why it does not work, in one line.
func (p *place) refusedAll(why string) {
	p.t.Helper()
	if p.analyst == nil && strings.Contains(why, "closed") {
		return // without another user there is nobody whom the folder is closed to
	}
	for _, text := range []string{askGroup, exportGroup, reportGroup, statusGroup, statusJSON} {
		p.refused(text, why)
	}
}

// checkReads checks what an analyst has of a generation, and has not.
func (p *place) checkReads(generation int) {
	p.t.Helper()
	for _, text := range []string{askGroup, exportGroup, reportGroup, tablesGroup} {
		if diff := cmp.Diff(p.asOwner(text), p.asAnalyst(text)); diff != "" {
			p.t.Errorf("generation %d: %s (-owner +analyst):\n%s", generation, text, diff)
		}
	}
	said := p.asAnalyst(statusGroup)
	for _, want := range []string{"(test mode), generation", "\nas published on 20", "; raw/ is closed to you\n", "\nsizes: state ", "last run: ", ", done, started"} {
		if !strings.Contains(said, want) {
			p.t.Errorf("generation %d: status does not say %q:\n%s", generation, want, said)
		}
	}
	if strings.Contains(said, "raw log") || strings.Contains(said, "denied") {
		p.t.Errorf("generation %d: status says:\n%s", generation, said)
	}
	// Of what is published, both are told the same.
	mine, theirs := p.status(p.asOwner(statusJSON)), p.status(p.asAnalyst(statusJSON))
	if theirs["generation"] != float64(generation) || theirs["as_published"] == nil || mine["as_published"] != nil {
		p.t.Errorf("generation %d: the analyst is told of generation %v as published on %v, the owner on %v", generation, theirs["generation"], theirs["as_published"], mine["as_published"])
	}
	delete(theirs, "as_published")
	for _, s := range []map[string]any{mine, theirs} {
		sizes := s["sizes"].(map[string]any)
		if _, told := sizes["log"]; told != (s["resources"].([]any)[0].(map[string]any)["segments"] != nil) {
			p.t.Errorf("generation %d: sizes %v", generation, sizes)
		}
		delete(sizes, "log")
		for _, r := range s["resources"].([]any) {
			delete(r.(map[string]any), "segments")
		}
	}
	if diff := cmp.Diff(mine, theirs); diff != "" {
		p.t.Errorf("generation %d: status --json (-owner +analyst):\n%s", generation, diff)
	}
	p.checkClosed()
}

// checkClosed checks that the group may read everything that is published, write
// nothing, and read nothing else.
func (p *place) checkClosed() {
	p.t.Helper()
	if p.analyst == nil {
		return
	}
	for _, name := range private {
		path := filepath.Join(p.lake, name)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && (name == "forgotten.json" || name == "receipts") {
			continue // nobody was forgotten yet
		}
		p.refused("[ -d "+path+" ] && exec ls "+path+"; exec cat "+path, "Permission denied")
	}
	p.refused("ls "+p.lake, "Permission denied")
	p.refused("mkdir "+p.lake+"/.state/generations/9", "Permission denied")
	err := filepath.WalkDir(filepath.Join(p.lake, ".state", "generations"), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Gid != analysts {
			p.t.Errorf("%s is of group %d", path, stat.Gid)
		}
		if mode := info.Mode().Perm(); mode&0o040 == 0 || mode&0o027 != 0 {
			p.t.Errorf("%s: mode %o", path, mode)
		}
		return nil
	})
	if err != nil {
		p.t.Error(err)
	}
}

func (p *place) status(text string) (status map[string]any) {
	p.t.Helper()
	if err := json.Unmarshal([]byte(text), &status); err != nil {
		p.t.Fatalf("status --json: %v\n%s", err, text)
	}
	return status
}

// editManifest changes what the published generation says of itself.
func (p *place) editManifest(edit func(manifest map[string]any)) {
	p.t.Helper()
	path := filepath.Join(p.lake, "current", "generation.json")
	text, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatal(err)
	}
	manifest := p.status(string(text))
	edit(manifest)
	text, err = json.Marshal(manifest)
	if err == nil {
		err = errors.Join(os.Chmod(path, 0o640), os.WriteFile(path, text, 0o640))
	}
	if err := errors.Join(err, os.Chmod(path, 0o440)); err != nil {
		p.t.Fatal(err)
	}
}

// TestGroupExportsNobodyForgotten holds that who may not read the list of the
// forgotten hands none of them out: not while an erasure goes on, not when the
// list has grown since what is published was, and not out of a lake that was
// restored from a backup older than the list.
func TestGroupExportsNobodyForgotten(t *testing.T) {
	laketest.Slow(t)
	if testing.Short() {
		t.Skip("starts many processes")
	}
	t.Parallel()
	server := newShop(t)
	p := newPlace(t)
	p.owner = nil // of the files that the test itself writes
	sync := `stripelake sync --max-rps 1000 --api-base ` + serve(t, server) + ` --lake "$LAKE"`
	p.asOwner(sync)
	p.letIn()
	members := strings.Split(p.asAnalyst(exportGroup), "\n")
	who := func(line int) []string { return strings.Split(members[line], ",")[:2] }

	lake, err := load.Open(p.lake, load.Options{Mode: "test"})
	if err == nil {
		err = lake.Erasures().Record(load.Erasure{})
	}
	if err != nil {
		t.Fatal(err)
	}
	p.refused(exportGroup, "is not finished")
	if err := lake.Erasures().Finish(&load.Receipt{}); err != nil {
		t.Fatal(err)
	}
	p.asAnalyst(exportGroup)

	for round, change := range []func() error{
		func() error { return nil },
		func() error { _, err := server.Change(stripesim.UpdateCustomer, 5); return err }, // linked to the one before
	} {
		// As if an older log had been put back: the tables have who is on the list.
		list, err := lake.Forgotten()
		if err == nil {
			err = list.Add(t.Context(), who(2 + round)[0], []string{who(2 + round)[1]})
		}
		if err := errors.Join(err, change()); err != nil {
			t.Fatal(err)
		}
		server.Advance(time.Hour)
		p.refused(exportGroup, "who was forgotten since generation")
		if said := p.asOwner(exportGroup); strings.Contains(said, who(2 + round)[1]) {
			t.Errorf("the owner exports who is on the list:\n%s", said)
		}
		p.asOwner(sync)
		if said := p.asOwner(sync); !strings.Contains(said, "nothing new") {
			t.Errorf("the list was reason for more than one publish: %s", said)
		}
		said := p.asAnalyst(exportGroup)
		for i := range round + 1 {
			if strings.Contains(said, who(2 + i)[1]) {
				t.Errorf("%s is on the list, and exported:\n%s", who(2 + i)[1], said)
			}
		}
		if diff := cmp.Diff(p.asOwner(exportGroup), said); diff != "" {
			t.Errorf("export (-owner +analyst):\n%s", diff)
		}
	}
}
