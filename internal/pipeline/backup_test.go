package pipeline_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

// backUp makes a backup of the keeper's lake, or brings one up to date.
func (k *keeper) backUp(to string) (load.Backup, error) {
	k.t.Helper()
	lake, err := load.Open(k.dir, load.Options{})
	if err != nil {
		k.t.Fatal(err)
	}
	return pipeline.Backup(k.t.Context(), lake, to)
}

// restored is a copy of a backup, rebuilt without Stripe.
func (k *keeper) restored(backup string) *keeper {
	k.t.Helper()
	r := &keeper{t: k.t, dir: filepath.Join(k.t.TempDir(), "restored"), api: k.api}
	r.do(os.CopyFS(r.dir, os.DirFS(backup)))
	r.do(r.rebuild(nil))
	return r
}

// The events come last: a cursor in the copy that knows of events which the copy
// does not hold would pass over changes.
func TestBackupCopiesEventsLast(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, nil)
	k := &keeper{t: t, dir: filepath.Join(t.TempDir(), "lake"), api: laketest.Serve(t, server)}
	k.do(k.sync(nil))
	server.Advance(time.Hour)
	k.do(k.sync(nil))
	to := filepath.Join(t.TempDir(), "backup")
	log := filepath.Join(to, "raw", laketest.AccountOf(t, k.dir))
	if _, err := k.backUp(to); err != nil {
		t.Fatal(err)
	}
	k.do(os.RemoveAll(log))
	// A stream that comes late in the alphabet cannot be copied.
	k.do(os.MkdirAll(log, 0o700))
	k.do(os.WriteFile(filepath.Join(log, "subscriptions"), nil, 0o600))
	if _, err := k.backUp(to); err == nil {
		t.Fatal("a stream was copied into a file")
	}
	if _, err := os.Stat(filepath.Join(log, "prices")); err != nil {
		t.Errorf("nothing was copied before: %v", err)
	}
	if _, err := os.Stat(filepath.Join(log, "events")); err == nil {
		t.Error("events were copied before subscriptions")
	}
}

// A restored backup is the lake that it was made of: the same tables with the
// same hashes, the same log, the same schemas, and nobody back who was forgotten.
func TestBackupIsComplete(t *testing.T) {
	t.Parallel()
	notUnderRace(t)
	server := laketest.Shop(t, nil)
	k := &keeper{t: t, dir: filepath.Join(t.TempDir(), "lake"), api: laketest.Serve(t, server)}
	k.do(k.sync(setWith(t, privacy("pii: hash\nraw_redact: [customer.phone]"))))
	to := filepath.Join(t.TempDir(), "backup")
	made, err := k.backUp(to)
	k.do(err)
	if diff := cmp.Diff(laketest.Digest(t, k.dir), laketest.Digest(t, k.restored(to).dir)); diff != "" || made.Copied != made.Files {
		t.Errorf("restored, it is another lake; %d of %d files copied:\n%s", made.Copied, made.Files, diff)
	}

	// Brought up to date: somebody is forgotten, something new is read.
	someone := k.text("SELECT customer_id FROM charges WHERE customer_id IS NOT NULL ORDER BY id LIMIT 1")
	declaration, lake, err := k.declare(pipeline.Declare{})
	k.do(err)
	_, err = (&pipeline.Forget{Mappings: declaration.Mappings, Lake: lake, Customers: []string{someone}}).Run(t.Context())
	k.do(err)
	for range 3 {
		laketest.Act(t, server, stripesim.CreateCharge)
	}
	server.Advance(5 * time.Minute)
	k.do(k.sync(nil))
	again, err := k.backUp(to)
	k.do(err)
	if again.Copied == 0 || again.Copied == again.Files {
		t.Errorf("%d of %d files copied", again.Copied, again.Files)
	}
	r := k.restored(to)
	if diff := cmp.Diff(laketest.Digest(t, k.dir), laketest.Digest(t, r.dir)); diff != "" {
		t.Errorf("restored, it is another lake:\n%s", diff)
	}
	k.do(filepath.WalkDir(to, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte(someone)) {
			t.Errorf("%s holds who was forgotten", path)
		}
		return err
	}))
	r.do(r.sync(nil))
	if diff := cmp.Diff(laketest.Digest(t, k.dir), laketest.Digest(t, r.dir)); diff != "" {
		t.Errorf("after a sync it is another lake:\n%s", diff)
	}
	if unchanged, err := k.backUp(to); err != nil || unchanged.Copied > 1 { // lake.json of the restored one is not this one's
		t.Errorf("%d files copied for nothing: %v", unchanged.Copied, err)
	}
}

// A backup is no lake while it is not whole, and it never writes over a folder
// that is something else.
func TestBackupRefuses(t *testing.T) {
	t.Parallel()
	notUnderRace(t)
	k := newKeeper(t)
	k.do(k.sync(nil))
	to := filepath.Join(t.TempDir(), "backup")
	_, err := k.backUp(to)
	k.do(err)
	unfinished := filepath.Join(t.TempDir(), "unfinished")
	k.do(os.CopyFS(unfinished, os.DirFS(to)))
	k.do(os.WriteFile(filepath.Join(unfinished, "backup.json"), []byte(`{"started":"2026-01-01T00:00:00Z"}`), 0o600))
	if _, err := load.Open(unfinished, load.Options{}); err == nil || !strings.Contains(err.Error(), "a backup that was not finished") {
		t.Errorf("an unfinished backup is taken for a lake: %v", err)
	}
	other := newKeeper(t)
	other.do(other.sync(nil))
	full := t.TempDir()
	k.do(os.WriteFile(filepath.Join(full, "notes.txt"), []byte("mine"), 0o600))
	for what, folder := range map[string]string{
		"a lake": other.dir, "somebody's folder": full, "the lake itself": k.dir, "a folder in it": filepath.Join(k.dir, "backup"), "one around it": filepath.Dir(k.dir),
	} {
		if _, err := k.backUp(folder); err == nil {
			t.Errorf("%s is written over", what)
		}
	}
	k.do(os.WriteFile(filepath.Join(k.dir, "forget.json"), []byte("{}"), 0o600))
	if _, err := k.backUp(to); err == nil || !strings.Contains(err.Error(), "erasure") {
		t.Errorf("with an erasure that is not finished: %v", err)
	}
}

// A backup may be made while a sync runs: whatever it holds is a lake from which
// a sync makes the same as from the whole.
func TestBackupBesideSync(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, func(c *stripesim.Config) { c.Charges = 400 })
	k := &keeper{t: t, dir: filepath.Join(t.TempDir(), "lake"), api: laketest.Serve(t, server)}
	k.do(k.sync(nil))
	to := filepath.Join(t.TempDir(), "backup")
	var made atomic.Int64
	for round := range laketest.Sample(1, 3) {
		for range 20 {
			laketest.Act(t, server, stripesim.CreateCharge)
			laketest.Act(t, server, stripesim.UpdateCustomer)
		}
		server.Advance(5 * time.Minute)
		var moments atomic.Int64
		during := laketest.NewSync(k.dir, k.api, func(o *load.Options) {
			o.SegmentObjects, o.CompactAfter = 7, 4
			// One reader waits here, the others go on, and the sync gives way with the state.
			o.Trace.SegmentSynced = func() {
				if moments.Add(1) != int64(round+2) {
					return
				}
				if _, err := k.backUp(to); err != nil {
					t.Error(err)
					return
				}
				made.Add(1)
				r := k.restored(to)
				r.do(r.sync(nil))
				if found := laketest.Verify(t, r.dir, false); len(found) > 0 {
					t.Errorf("a backup beside a sync: %q", found)
				}
				laketest.CheckAgainstLedger(t, r.dir, server)
			}
		})
		k.do(laketest.Run(during))
	}
	if made.Load() == 0 {
		t.Error("no backup was made: the test proves nothing")
	}
}
