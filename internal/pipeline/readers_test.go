package pipeline_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/loadtest"
)

var readersFor = flag.Duration("readers", 0, "how long TestReadersNeverBlock goes on beyond its first rounds")

// nobody is an account without rights that every Unix has; its group here is
// the lake's.
var nobody = &syscall.Credential{Uid: 65534, Gid: 65534}

// TestReadersNeverBlock holds that readers never block and are never blocked.
// Processes with a DuckDB of their own hold the warehouse open, open and close it
// again and again, scan the Parquet files and try to write, while the business
// goes on, syncs copy what changed and rebuilds derive tables again. No sync
// waits or fails; no reader gets an error; each sees generations as they were
// published, whole, none older than the one before, and in the end the newest.
// As root the same is done by root and by a user of the lake's group.
// (Invariant 7.)
func TestReadersNeverBlock(t *testing.T) {
	if testing.Short() {
		t.Skip("starts eight processes")
	}
	t.Parallel()
	server := laketest.Shop(t, func(c *stripesim.Config) { c.Charges = 150 })
	api := laketest.Serve(t, server)
	lake := filepath.Join(reachable(t, t.TempDir()), "lake")
	published := map[string][]string{} // by what the fingerprint is of
	options := func(o *load.Options) {
		o.SegmentObjects = 100
		o.Trace.GenerationLinked = func() {
			db, err := dial(filepath.Join(lake, "current", "warehouse.duckdb"), readOnly)
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = db.Close() }()
			for _, of := range []string{ofRows, ofKeys} {
				print, err := fingerprint(db, of, func(table string) string { return table })
				if err != nil {
					t.Error(err)
				}
				published[of] = append(published[of], print)
			}
		}
	}
	if err := laketest.Run(laketest.NewSync(lake, api, options)); err != nil {
		t.Fatal(err)
	}
	share(t, lake)
	readers := startReaders(t, lake)

	rounds, until := 0, time.Now().Add(*readersFor)
	for ; rounds < 3 || time.Now().Before(until); rounds++ {
		changeSomething(t, server, rounds)
		if err := laketest.Run(laketest.NewSync(lake, api, options)); err != nil {
			t.Fatalf("sync %d: %v", rounds, err)
		}
		if rounds%3 == 2 {
			s := laketest.NewSync(lake, api, options)
			tables := []string{[]string{"charges", "refunds"}[rounds/3%2]}
			if _, err := (&pipeline.Rebuild{Mappings: s.Mappings, Lake: s.Lake, Tables: tables}).Run(t.Context()); err != nil {
				t.Fatalf("rebuild after sync %d: %v", rounds, err)
			}
		}
	}
	for _, r := range readers {
		_ = r.stdin.Close() // all end together
	}
	for _, r := range readers {
		seen, all := r.end(t), published[ofRows]
		if r.role == roleOpener {
			all = published[ofKeys]
		}
		t.Logf("%s: looked %d times, saw %d generations of other rows; refused %q; %d swept under it", r.name, seen.Times, len(seen.Seen), seen.Refused, seen.Swept)
		checkReadings(t, r, seen, slices.Compact(slices.Clone(all)))
	}
	t.Logf("%d syncs, %d generations", rounds, len(published[ofRows]))
	if _, err := loadtest.Digest(t.Context(), lake); err != nil {
		t.Error(err)
	}
}

// checkReadings compares what a reader saw with what was published, in order.
func checkReadings(t *testing.T, r *reader, seen readings, published []string) {
	t.Helper()
	for _, failed := range seen.Failed {
		t.Errorf("%s: %s", r.name, failed)
	}
	if r.role == roleWriter {
		if len(seen.Refused) == 0 {
			t.Errorf("%s was never refused", r.name)
		}
		return
	}
	at := 0
	for _, print := range seen.Seen {
		i := slices.Index(published[at:], print)
		if i < 0 {
			t.Fatalf("%s saw what was never published, or not then (-newest +seen):\n%s", r.name, cmp.Diff(published[len(published)-1], print))
		}
		at += i
	}
	switch {
	case r.role == roleHolder && len(seen.Seen) != 1:
		t.Errorf("%s saw its generation change", r.name)
	case r.role != roleHolder && at != len(published)-1:
		t.Errorf("%s did not see the newest generation in the end", r.name)
	}
}

// startReaders starts one of each kind, and as root another one of each under a
// user who has nothing but the lake's group.
func startReaders(t *testing.T, lake string) (readers []*reader) {
	t.Helper()
	program := testProgram(t)
	who := []*syscall.Credential{nil}
	if os.Getuid() == 0 {
		who = append(who, nobody)
	}
	for _, as := range who {
		for _, role := range []string{roleHolder, roleOpener, roleScanner, roleWriter} {
			own := reachable(t, t.TempDir())
			if as != nil {
				if err := os.Chown(own, int(as.Uid), int(as.Gid)); err != nil {
					t.Fatal(err)
				}
			}
			readers = append(readers, startReader(t, program, role, lake, own, as))
		}
	}
	return readers
}

// changeSomething is what happens at Stripe between two syncs.
func changeSomething(t *testing.T, server *stripesim.Server, round int) {
	t.Helper()
	actions := []stripesim.Action{stripesim.CreateCharge, stripesim.UpdateCharge, stripesim.PartialRefund, stripesim.UpdateCustomer, stripesim.CreatePrice}
	for i := range 2 {
		if _, err := server.Change(actions[(round+i)%len(actions)], 3); err != nil {
			t.Fatal(err)
		}
	}
	server.Advance([]time.Duration{2 * time.Minute, 5 * time.Hour, 3 * 24 * time.Hour}[round%3])
}

// share lets the lake's group read what is published, as docs/engineers.md says.
// Only root may give a folder to a group that it is not in.
func share(t *testing.T, lake string) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	generations := filepath.Join(lake, ".state", "generations")
	err := os.Chmod(lake, 0o710)
	for _, dir := range []string{lake, filepath.Join(lake, ".state"), generations} {
		err = errors.Join(err, os.Chown(dir, -1, int(nobody.Gid)))
	}
	err = errors.Join(err, os.Chmod(filepath.Join(lake, ".state"), 0o710), os.Chmod(generations, 0o750|os.ModeSetgid))
	// What was published before was not yet the group's.
	err = errors.Join(err, filepath.WalkDir(generations, func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, -1, int(nobody.Gid)))
	}))
	if err != nil {
		t.Fatal(err)
	}
}

// reachable lets other users through to a test's folder.
func reachable(t *testing.T, dir string) string {
	t.Helper()
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// testProgram is this test's binary where any user may run it.
func testProgram(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil || os.Getuid() != 0 {
		return self
	}
	from, err := os.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = from.Close() }()
	path := filepath.Join(reachable(t, t.TempDir()), "reader")
	to, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	if err == nil {
		_, err = io.Copy(to, from)
		err = errors.Join(err, to.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestVandalizedGeneration holds that whoever does write into what is published,
// because nothing stops its owner or root, harms that generation alone: syncs go
// on meanwhile, the next one publishes a whole generation even if nothing is new,
// and the lake holds what it held. (Invariant 7.)
func TestVandalizedGeneration(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	t.Parallel()
	server := laketest.Shop(t, nil)
	api := laketest.Serve(t, server)
	lake := filepath.Join(t.TempDir(), "lake")
	if err := laketest.Run(laketest.NewSync(lake, api, nil)); err != nil {
		t.Fatal(err)
	}
	want := laketest.Digest(t, lake)
	folder, err := filepath.EvalSymlinks(filepath.Join(lake, "current"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(folder, "warehouse.duckdb"), 0o640); err != nil { // what root need not do
		t.Fatal(err)
	}
	v := startReader(t, testProgram(t), roleVandal, lake, t.TempDir(), nil)
	if _, err := os.Stat(filepath.Join(folder, "warehouse.duckdb.wal")); err != nil {
		t.Fatal("the vandal left no trace: ", err)
	}
	if err := laketest.Run(laketest.NewSync(lake, api, nil)); err != nil {
		t.Error("while it is open for writing:", err)
	}
	if now, err := filepath.EvalSymlinks(filepath.Join(lake, "current")); now == folder {
		t.Error("the next sync left people with a vandalized generation", err)
	}
	if diff := cmp.Diff(want, laketest.Digest(t, lake)); diff != "" {
		t.Errorf("the lake differs:\n%s", diff)
	}
	_ = v.cmd.Process.Kill()
	_ = v.cmd.Wait()
	if err := laketest.Run(laketest.NewSync(lake, api, nil)); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(want, laketest.Digest(t, lake)); diff != "" {
		t.Errorf("the lake differs:\n%s", diff)
	}
	var vandalism []string
	err = filepath.WalkDir(filepath.Join(lake, "current")+"/", func(path string, _ os.DirEntry, err error) error {
		if strings.HasSuffix(path, ".wal") {
			vandalism = append(vandalism, path)
		}
		return err
	})
	if err != nil || len(vandalism) > 0 {
		t.Error(fmt.Sprint(vandalism), err)
	}
}
