package load

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/loadtest"
)

// Invariant 7: parts are linked from the generation that the state linked last, or was
// about to link when it was killed. For any other linked generation every file is
// written anew, and a defect is reported. A kill costs nothing and is no defect.
func TestStrayGeneration(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		put  func(k *testLake, early string) // puts back the state as it was before the last publish
		says string
		anew bool
	}{
		"nothing": {put: func(*testLake, string) {}},
		"killed between link and note": {put: func(k *testLake, _ string) {
			k.sync(on("2024-03-01", charge("ch_late", "paid")))
			k.state.lake.opts.Trace.GenerationLinked = func() { panic("killed") }
			defer func() { _ = recover() }()
			k.publish()
		}},
		"link rolled back": {put: func(k *testLake, _ string) { k.relink(2) }, says: "current leads to generation 2, and the state published generation 3 last", anew: true},
		"older state": {
			put:  func(k *testLake, early string) { k.putState(early) },
			says: "current leads to generation 3, and the state is an older one, which published generation 2 last", anew: true,
		},
		"older state, and the link": {put: func(k *testLake, early string) { k.putState(early); k.relink(2) }},
		"manifest altered": {put: func(k *testLake, _ string) {
			path := k.path(lakedir.LinkName, lakedir.ManifestName)
			text := strings.Replace(mustRead(t, path), `"rows": 1,`, `"rows": 2,`, 1)
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o440); err != nil {
				t.Fatal(err)
			}
		}, says: "current/generation.json is not as the state wrote it", anew: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newLake(t)
			k.sync(on("2023-12-05", charge("ch_0", "paid")), on("2024-01-05", charge("ch_1", "paid")), on("2024-02-05", charge("ch_2", "paid")))
			k.publish()
			k.sync(on("2024-01-05", charge("ch_1", "failed")))
			k.publish()
			k.close()
			early := mustRead(t, k.databasePath())
			k = openLake(t, k.dir)
			k.sync(on("2024-01-05", charge("ch_1", "paid")), on("2024-02-05", charge("ch_2", "failed")))
			k.publish()
			tc.put(k, early)
			k.close()
			if found, err := k.findDefects(); err != nil || strings.Join(found.Texts(), "\n") != tc.says {
				t.Errorf("found: %q, %v; want %q", found, err, tc.says)
			}
			k = openLake(t, k.dir)
			if amiss, err := k.state.CheckPublished(t.Context()); err != nil || strings.Join(amiss, "\n") != tc.says {
				t.Errorf("checked: %q, %v; want %q", amiss, err, tc.says)
			}
			if newest, err := k.log.Newest("charge"); err == nil {
				k.apply(k.state.Position(acct, "charge"), newest.Segment)
			}
			k.sync(on("2024-04-05", charge("ch_new", "paid")))
			g := k.publish()
			if all := len(g.Files); (g.Stats.Files == all) != tc.anew {
				t.Errorf("%d of %d files were written", g.Stats.Files, all)
			}
			if _, err := loadtest.Digest(t.Context(), k.dir); err != nil {
				t.Error(err)
			}
			if needs, err := k.state.NeedsPublish(t.Context()); needs || err != nil {
				t.Error("published, and yet there is something to publish", err)
			}
			k.close()
			if found, err := k.findDefects(); err != nil || len(found) > 0 {
				t.Errorf("in the end: %q, %v", found, err)
			}
		})
	}
}

// findDefects checks the published generation in a new session, without the open state.
func (k *testLake) findDefects() (found Defects, err error) {
	err = duck.With(k.t.Context(), "64MB", 1, "", func(q duck.Session) error {
		err := q.Run(k.t.Context(), duck.Attach(k.databasePath(), "work", " (READ_ONLY)")...)
		if err == nil {
			found, err = k.Generations().StrayDefects(k.t.Context(), q)
		}
		return err
	})
	return append(found, k.Generations().Defects(ByMarks)...), err
}

// putState restores an earlier state.
func (k *testLake) putState(text string) {
	k.close()
	if err := os.WriteFile(k.databasePath(), []byte(text), 0o600); err != nil {
		k.t.Fatal(err)
	}
}

// relink makes the link point to another generation.
func (k *testLake) relink(number uint64) {
	link := k.path(lakedir.LinkName)
	if err := os.Remove(link); err != nil {
		k.t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(lakedir.StateDir, lakedir.GenerationsDir, fmt.Sprintf("%06d", number)), link); err != nil {
		k.t.Fatal(err)
	}
}

// Invariant 7: nobody need have looked at what is published for its files not to be
// linked: what changed since an older generation the state no longer knows.
func TestNoPartIsLinkedFromAnOlderGeneration(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	k.sync(on("2024-01-05", charge("ch_1", "paid")), on("2024-02-05", charge("ch_2", "paid")))
	k.publish()
	k.sync(on("2024-01-05", charge("ch_1", "failed")))
	k.publish()
	k.relink(1)
	if needs, err := k.state.NeedsPublish(t.Context()); !needs || err != nil {
		t.Error("an older generation passed for the newest", err)
	}
	k.sync(on("2024-03-05", charge("ch_3", "paid")))
	if g := k.publish(); g.Stats.Files != len(g.Files) {
		t.Errorf("%d of %d files were written", g.Stats.Files, len(g.Files))
	}
	if _, err := loadtest.Digest(t.Context(), k.dir); err != nil {
		t.Error(err)
	}
}

// Invariant 7: once something is found wrong with what is published, no file of it is
// linked from generation to generation, not even one in which nothing changed.
func TestDamagedPartIsNotLinked(t *testing.T) {
	t.Parallel()
	for name, find := range map[string]func(*testLake) error{
		"found": func(k *testLake) error {
			found, err := k.state.CheckPublished(k.t.Context())
			if len(found) != 1 {
				k.t.Errorf("found: %v", found)
			}
			return err
		},
		"told": func(k *testLake) error { k.state.InvalidatePublished(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newLake(t)
			k.sync(on("2024-01-05", charge("ch_1", "paid")), on("2024-02-05", charge("ch_2", "paid")))
			g := k.publish()
			path := k.Generations().path(g.Number, filepath.FromSlash(g.Files[0].Path))
			data := []byte(mustRead(t, path))
			data[len(data)-1] ^= 1 // as large as it was
			if err := errors.Join(os.Remove(path), os.WriteFile(path, data, 0o440), find(k)); err != nil {
				t.Fatal(err)
			}
			if needs, err := k.state.NeedsPublish(t.Context()); !needs || err != nil {
				t.Error("what is damaged stays", err)
			}
			k.sync(on("2024-02-05", charge("ch_2", "failed")))
			publishAndCheck(k)
			if found, err := k.state.CheckPublished(t.Context()); len(found) > 0 || err != nil {
				t.Errorf("published anew: %v, %v", found, err)
			}
		})
	}
}
