package pipeline_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/schemas"
)

// A world is a lake, the accounts that it holds and what becomes of them.
type world struct {
	t        *testing.T
	random   *rand.Rand
	lake     string
	former   string // a copy of it at an earlier time
	stranger string // a lake of another account
	accounts []*attacked
	ills     []ill
	kinds    []string // of the attack
	story    []string
}

// An attacked account.
type attacked struct {
	server *stripesim.Server
	gate   *gate
	url    string
}

func newWorld(t *testing.T, seed uint64, stranger string) *world {
	dir := t.TempDir()
	w := &world{
		t: t, random: rand.New(rand.NewPCG(seed, 1)), //nolint:gosec // chooses attacks
		lake: filepath.Join(dir, "lake"), former: filepath.Join(dir, "former"), stranger: stranger,
	}
	for i := range 1 + w.random.IntN(4)/3 {
		server := laketest.Shop(t, func(c *stripesim.Config) {
			c.Seed, c.Charges, c.Deletions = int64(w.random.IntN(1000)+2)*2+int64(i), []int{20, 60, 150}[w.random.IntN(3)], 50
			c.LongLists, c.Pricing, c.ChosenIDs = w.random.IntN(2) == 0, w.random.IntN(2) == 0, []int{0, 200}[w.random.IntN(2)]
		})
		a := &attacked{server: server}
		a.gate, a.url = newGate(t, server.Handler())
		w.accounts = append(w.accounts, a)
	}
	return w
}

// strangerLake is a lake of an account that no world has.
func strangerLake(t *testing.T) string {
	t.Helper()
	s := laketest.NewScene(t, laketest.Shop(t, func(c *stripesim.Config) { c.Seed = 1 }).Handler())
	s.Sync()
	s.Sync()
	return s.Lake
}

func (w *world) tell(format string, args ...any) {
	w.story = append(w.story, fmt.Sprintf(format, args...))
}

func (w *world) run() (ending string, err error) {
	if err := w.settle(); err != nil {
		return neverEqual, err
	}
	for range 1 + w.random.IntN(4) {
		if err := w.suffer(); err != nil {
			return neverEqual, err
		}
	}
	return w.heal()
}

// settle makes a lake of some syncs, mostly, and a copy of how it was before the
// last of them.
func (w *world) settle() error {
	for i := range w.random.IntN(4) {
		if err := w.command(asSync, 0); err != nil {
			return err
		}
		if i == 0 || w.random.IntN(2) == 0 {
			if err := w.keep(); err != nil {
				return err
			}
		}
		w.goOn()
	}
	return nil
}

func (w *world) keep() error {
	if err := os.RemoveAll(w.former); err != nil {
		return err
	}
	return os.CopyFS(w.former, os.DirFS(w.lake))
}

// goOn lets the business go on for a while.
func (w *world) goOn() {
	for _, a := range w.accounts {
		for range w.random.IntN(6) {
			actions := stripesim.Actions()
			_, _ = a.server.Change(actions[w.random.IntN(len(actions))], 1+w.random.IntN(3)) // there may be nothing to act on
			a.server.Advance(time.Duration([]int{0, 1, 59, 3000}[w.random.IntN(4)]) * time.Second)
		}
		a.server.Advance(time.Duration([]int{5, 5, 600, 600, 600, 40_000, 40_000, 86_400, 86_400, 20 * 86_400, 61 * 86_400}[w.random.IntN(11)]) * time.Second)
	}
}

// suffer is one kind of attack, and what the business and the syncs make of it.
func (w *world) suffer() error {
	n := w.random.IntN(9)
	if _, any := w.pick(w.lake, "raw/*"); !any {
		n %= 6 // there are no files yet
	}
	switch {
	case len(w.accounts) > 1 && w.random.IntN(3) == 0:
		if err := w.together(); err != nil {
			return err
		}
	case n < 3:
		sicken(w, "page", pageIlls, itself)
	case n < 5:
		sicken(w, "object", objectIlls, spoilt)
	case n < 6:
		sicken(w, "clock", clockIlls, itself)
	case n < 8:
		for !w.damageFile() && w.random.IntN(9) > 0 { // there may be none of a kind
		}
	default:
		w.damageLake()
	}
	w.goOn()
	for range 1 + w.random.IntN(2) {
		at := w.random.IntN(2) * w.random.IntN(2) * w.random.IntN(100)
		commands := []string{asSync, asSync, asSync, asSync, asSync, asRepair, asRebuild, asAnew}
		if err := w.command(commands[w.random.IntN(len(commands))], at); err != nil {
			return err
		}
		w.goOn()
	}
	if w.random.IntN(2) == 0 {
		w.ills = nil
		w.answers()
	}
	return nil
}

// sicken has answers be wrong from now on, a share of them.
func sicken[T any](w *world, of string, kinds map[string]T, strike func(T) func(*answer, *rand.Rand)) {
	names := slices.Sorted(maps.Keys(kinds))
	name := names[w.random.IntN(len(names))]
	share := []float64{0.05, 0.2, 0.5, 1}[w.random.IntN(4)]
	path := "/v1/"
	if all := pipeline.Streams(schemas.ShippedResources()); w.random.IntN(2) == 0 {
		path += all[w.random.IntN(len(all))].Name
	}
	w.kinds = append(w.kinds, of+": "+name)
	w.tell("%s: %s, of %.0f%% of the answers of %s", of, name, share*100, path)
	w.ills = append(w.ills, ill{path, share, strike(kinds[name])})
	w.answers()
}

func itself(strike func(*answer, *rand.Rand)) func(*answer, *rand.Rand) { return strike }

// answers has all accounts answer as the ills have it.
func (w *world) answers() {
	for _, a := range w.accounts {
		a.gate.becomes(w.random.Uint64(), w.ills...)
	}
}

// command runs a command for the accounts one after the other, and kills it at a
// traced moment if that is not 0. How it ends in an attack is nobody's promise, but
// that it ends.
func (w *world) command(command string, at int) error {
	for _, a := range w.accounts {
		end, err := work(w.t.Context(), laketest.Child{Work: command, Lake: w.lake, API: a.url, N: at})
		w.tell("%s, killed at %d (%s): %d: %.600s", command, at, end.died, end.code, end.text)
		if err != nil {
			return err
		}
	}
	return nil
}

// together copies two accounts at the same time, with --wait each, and kills
// some of the processes.
func (w *world) together() error {
	w.kinds = append(w.kinds, "two accounts together")
	var group errgroup.Group
	for _, a := range w.accounts {
		at := w.random.IntN(2) * (1 + w.random.IntN(80))
		w.tell("together, killed at %d", at)
		group.Go(func() error {
			_, err := work(w.t.Context(), laketest.Child{Work: asSync, Lake: w.lake, API: a.url, N: at, Wait: true})
			return err
		})
	}
	return group.Wait()
}

// damageFile does something to some file of the lake.
func (w *world) damageFile() bool {
	names := slices.Sorted(maps.Keys(fileIlls))
	name, pattern := names[w.random.IntN(len(names))], lakeFiles[w.random.IntN(len(lakeFiles))]
	path, ok := w.pick(w.lake, pattern)
	if !ok {
		return false
	}
	err := fileIlls[name](w, path)
	w.kinds = append(w.kinds, "file: "+pattern+" "+name)
	w.tell("file %s: %s, %v", w.name(path), name, err)
	return err == nil
}

// damageLake does something to the lake as a whole.
func (w *world) damageLake() {
	names := slices.Sorted(maps.Keys(lakeIlls))
	name := names[w.random.IntN(len(names))]
	w.kinds = append(w.kinds, "lake: "+name)
	w.tell("lake: %s", name)
	if err := lakeIlls[name](w); err != nil {
		w.tell("%v", err)
	}
}
