package main

import (
	"bufio"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/load"
)

// TestStatusOfKilledRun checks that status distinguishes a running run from a
// killed one by the lock and not by the run's own record. A user who may not
// read the lock is told so. It makes no file.
func TestStatusOfKilledRun(t *testing.T) {
	t.Parallel()
	stripe := &tattler{hold: "/v1/refunds", asked: make(chan struct{})}
	server := httptest.NewServer(stripe)
	t.Cleanup(server.Close)
	p := newPlace(t)
	run := p.command(p.owner, p.dir, `exec stripelake sync --json --max-rps 100000 --api-base `+server.URL+` --lake "$LAKE"`)
	out, err := run.StdoutPipe()
	if err == nil {
		err = run.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	// The status is written once the first segment is applied, before the second is.
	lines := bufio.NewScanner(out)
	for applied := 0; applied < 2 && lines.Scan(); {
		if strings.Contains(lines.Text(), `"event":"applied"`) {
			applied++
		}
	}
	says := func(when, text, outcome string, unsure bool) {
		t.Helper()
		before := p.files()
		if said := p.asOwner(statusGroup); !strings.Contains(said, "\nlast run: sync, "+text+", started ") {
			t.Errorf("%s, status says:\n%s", when, said)
		}
		status := p.status(p.asOwner(statusJSON))
		if last := status["last_run"].(map[string]any); last["outcome"] != outcome || (status["last_run_unsure"] == true) != unsure {
			t.Errorf("%s: %v, unsure: %v", when, last, status["last_run_unsure"])
		}
		if after := p.files(); after != before && run.ProcessState != nil { // else it writes itself
			t.Errorf("%s, status left\n%s, and there was\n%s", when, after, before)
		}
	}
	says("while it runs", "running", "running", false)
	if err := run.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = run.Wait()
	says("after it was killed", "killed: the next sync goes on", "killed", false)
	open := p.close(".state/members")
	says("with its lock closed", "running, or killed: this user may not read the lock", "running", true)
	open()
	if err := os.Remove(filepath.Join(p.lake, ".state", "members")); err != nil {
		t.Fatal(err)
	}
	says("without the lock", "killed: the next sync goes on", "killed", false)
}

// files are the names of all files of the lake.
func (p *place) files() string {
	p.t.Helper()
	var names []string
	err := filepath.WalkDir(p.lake, func(path string, _ os.DirEntry, err error) error {
		names = append(names, path)
		return err
	})
	if err != nil {
		p.t.Error(err)
	}
	return strings.Join(names, "\n")
}

// TestStatusOfRunPublishedMidway holds that an analyst is told of a run that was
// not over when it published, as happens in a long backfill, that nobody can know.
func TestStatusOfRunPublishedMidway(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.owner = nil // the test itself publishes
	p.asOwner(`stripelake demo --charges 50 --lake "$LAKE"`)
	p.letIn()
	lake, err := load.Open(p.lake, load.Options{Mode: "test"})
	if err != nil {
		t.Fatal(err)
	}
	state, err := lake.OpenState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = state.Runs().Begin(t.Context(), load.Run{ID: "midway", Started: time.Now().UTC(), Command: "sync"})
	if err == nil {
		_, err = state.Publish(t.Context())
	}
	if err := errors.Join(err, state.WriteStatus(t.Context())); err != nil {
		t.Fatal(err)
	}
	for _, ended := range []bool{false, true} {
		want := "\nlast run: sync, running, started "
		if ended {
			want = "\nlast run: sync, killed: the next sync goes on, started "
			if err := state.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if said := p.asOwner(statusGroup); !strings.Contains(said, want) {
			t.Errorf("ended: %t, the owner is told:\n%s", ended, said)
		}
		if said := p.asAnalyst(statusGroup); !strings.Contains(said, "\nlast run: sync, running then, and running, over or killed now: this user may not read the lock, started ") {
			t.Errorf("ended: %t, the analyst is told:\n%s", ended, said)
		}
		if status := p.status(p.asAnalyst(statusJSON)); status["last_run_unsure"] != true {
			t.Errorf("ended: %t, the analyst is told %v", ended, status)
		}
	}
}
