package main

import (
	"cmp"
	"context"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/faultyfs"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// act is a command on a lake, and what it comes to where nothing disturbs it.
type act struct {
	name     string
	args     []string
	before   string                 // the lake; empty is none yet
	recovery func(dir string) error // what a user does after it failed
	ops      []faultyfs.Op          // of the undisturbed command
	done     map[string]string      // digest after it
	want     map[string]string      // and after the recovery
}

// acts are all commands that change a lake: a first sync, one that follows
// changes, a rebuild beside the present tables, a compaction, an erasure.
func acts(t *testing.T) []*act {
	t.Helper()
	from := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	server, err := stripesim.New(stripesim.Config{Seed: 7, Charges: 150, From: from, To: from.AddDate(0, 0, 14), Now: from.AddDate(0, 0, 12)})
	if err != nil {
		t.Fatal(err)
	}
	api := serve(t, server)
	lake := filepath.Join(t.TempDir(), "lake")
	for range 2 { // the next sync finds an older warehouse that it can bring up to date
		if err := resync(lake, api); err != nil {
			t.Fatal(err)
		}
		changeAll(t, server)
	}
	customer := aCustomer(server)
	sync := []string{"sync", "--api-base", api, "--max-rps", "100000"}
	again := func(dir string) error { return resync(dir, api) }
	first := &act{name: "first sync", args: sync, recovery: again}
	next := &act{name: "next sync", args: append(slices.Clip(sync), "--keep-generations", "1"), before: lake, recovery: again}
	rebuild := &act{name: "rebuild", args: []string{"rebuild", "charges"}, before: lake, recovery: again}
	compact := &act{name: "compact", args: []string{"compact"}, before: lake, recovery: again}
	forget := &act{
		name: "forget", args: []string{"forget", "--yes", customer}, before: lake,
		recovery: func(dir string) error { return forgetAgain(dir, customer) },
	}
	all := []*act{first, next, rebuild, compact, forget}
	for _, a := range all {
		a.measure(t)
		a.want = a.done
	}
	rebuild.want, compact.want = next.done, next.done // a sync is what recovers
	if before := digest(t, lake); !gocmp.Equal(before, rebuild.done) || !gocmp.Equal(before, compact.done) || gocmp.Equal(before, next.done) {
		t.Fatal("a rebuild or a compaction changes what a lake holds, or a sync does not")
	}
	return all
}

func changeAll(t *testing.T, server *stripesim.Server) {
	t.Helper()
	for _, action := range []stripesim.Action{
		stripesim.UpdateCharge, stripesim.CreateRefund, stripesim.DeleteCustomer, stripesim.CancelSubscription, stripesim.CreateCharge, stripesim.DeactivatePrice,
	} {
		if _, err := server.Change(action, 3); err != nil {
			t.Fatal(err)
		}
	}
	server.Advance(time.Hour)
}

// aCustomer is one of a business.
func aCustomer(server *stripesim.Server) string {
	return slices.Min(slices.Collect(maps.Keys(maps.Collect(server.Ledger().Raw("customers")))))
}

// measure runs the act on a sound disk.
func (a *act) measure(t *testing.T) {
	t.Helper()
	dir, sound := a.lake(t), &disk{fault: fault{do: "nothing"}}
	if out, code := a.run(t, dir, sound); code != 0 || out != "" {
		t.Fatalf("%s on a sound disk: exit status %d: %s", a.name, code, out)
	}
	a.ops, a.done = sound.ops, digest(t, dir)
}

// lake returns a copy of the lake that the act begins with.
func (a *act) lake(t *testing.T) string {
	t.Helper()
	parent, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(parent, "lake")
	if a.before != "" {
		if err := os.CopyFS(dir, os.DirFS(a.before)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// otherKnobs opens a lake in other segments and with more threads than the
// command does.
func otherKnobs(dir string) (*transform.Mappings, *load.Lake, error) {
	set, err := schemas.Load(schemas.Embedded())
	if err != nil {
		return nil, nil, err
	}
	mappings, err := transform.Compile(set)
	if err != nil {
		return nil, nil, err
	}
	options := pipeline.LakeOptions(set, "test")
	options.SegmentObjects, options.Writers, options.Threads, options.MemoryLimit = 100, 2, 2, "300MB"
	lake, err := load.Open(dir, options)
	return mappings, lake, err
}

func resync(dir, api string) error {
	mappings, lake, err := otherKnobs(dir)
	if err != nil {
		return err
	}
	client, err := extract.New(extract.Config{Key: "sk_test_faults", BaseURL: api, MaxRPS: 100_000})
	if err != nil {
		return err
	}
	_, err = (&pipeline.Sync{Source: pipeline.Source{Client: client}, Mappings: mappings, Lake: lake}).Run(context.Background())
	return err
}

func forgetAgain(dir, customer string) error {
	mappings, lake, err := otherKnobs(dir)
	if err != nil {
		return err
	}
	_, err = (&pipeline.Forget{Mappings: mappings, Lake: lake, Customers: []string{customer}}).Run(context.Background())
	return err
}

// offsets are how many places of an act, by bytes written, are worth a fault.
const offsets = 64

// faults are those worth a try: at the first, the middle and the last time that
// each thing is done to each kind of file, and at bytes all over the act.
func (a *act) faults() []fault {
	type moment struct{ do, kind string }
	times, dirs, total := map[moment]int{}, map[moment]string{}, int64(0)
	for _, op := range a.ops {
		m := moment{op.Do, kindOf(op.Path)}
		times[m]++
		dirs[m] = path.Dir(op.Path)
		total = op.Past + op.Bytes
	}
	var all []fault
	for _, m := range slices.SortedFunc(maps.Keys(times), func(x, y moment) int {
		return cmp.Or(strings.Compare(x.do, y.do), strings.Compare(x.kind, y.kind))
	}) {
		last := times[m]
		for _, nth := range slices.Compact([]int{1, (last + 1) / 2, last}) {
			at := fault{do: m.do, kind: m.kind, nth: nth}
			all = append(all, at.with(syscall.EIO, false), at.with(syscall.EIO, true), at.with(syscall.EROFS, true))
			if needsRoom(m.do) {
				all = append(all, at.with(syscall.ENOSPC, false), at.with(syscall.ENOSPC, true))
			}
			if m.do == faultyfs.Write || m.do == faultyfs.Copy {
				all = append(all, fault{do: m.do, kind: m.kind, nth: nth, kill: true})
			}
			at.dir = dirs[m]
			all = append(all, at.with(syscall.EROFS, true))
		}
	}
	for i := range int64(offsets) {
		at := fault{bytes: total*i/offsets + i%7}
		all = append(all, at.with(syscall.EIO, false), at.with(syscall.EIO, true),
			at.with(syscall.ENOSPC, false), at.with(syscall.ENOSPC, true), fault{bytes: at.bytes, kill: true})
	}
	return all
}

func (f fault) with(err syscall.Errno, stays bool) fault {
	f.err, f.stays = err, stays
	return f
}

// trial is a fault in an act.
type trial struct {
	*act
	fault
}

// spread picks n trials, as many of each sort of fault; 0 picks all. It picks
// the same ones each time.
func spread(all []trial, n int) []trial {
	random := rand.New(rand.NewPCG(7, 7))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if n == 0 {
		return all
	}
	bySort, most := map[string][]trial{}, 0
	for _, t := range all {
		bySort[t.sort()] = append(bySort[t.sort()], t)
		most = max(most, len(bySort[t.sort()]))
	}
	var chosen []trial
	for i := range most {
		for _, sort := range slices.Sorted(maps.Keys(bySort)) {
			if same := bySort[sort]; i < len(same) {
				chosen = append(chosen, same[i])
			}
		}
	}
	return chosen[:min(n, len(chosen))]
}
