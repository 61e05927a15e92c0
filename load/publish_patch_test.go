package load

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// patching makes every publish patch an older warehouse that can, also where the file
// system shares blocks.
func patching(o *Options) {
	o.warehouseBy, o.KeepGenerations, o.Program = byPatch, 1, "v9"
	o.Views = []View{
		{Name: "paid", Comment: "Paid charges.", SQL: "SELECT id, amount FROM charges WHERE status = 'paid'", Columns: []Comment{{Column: "id", Text: "The id."}}},
		{Name: "lacking", SQL: "SELECT missing FROM charges"},
	}
}

// warehouse returns the path of a generation's warehouse.
func (k *testLake) warehouse(g Generation) string {
	return k.Generations().path(g.Number, lakedir.WarehouseName)
}

// content returns all that an analyst can ask a warehouse: the rows of every table, and
// the definitions and comments.
func (k *testLake) content(path string) map[string][]string {
	k.t.Helper()
	content := map[string][]string{}
	err := duck.With(k.t.Context(), "64MB", 1, "", func(q duck.Session) error {
		if err := q.Run(k.t.Context(), duck.Attach(path, "warehouse", " (READ_ONLY)")...); err != nil {
			return err
		}
		const of = " WHERE database_name = 'warehouse'"
		content["tables"] = queryRows(k.t, q, "SELECT concat_ws(' ', schema_name, table_name, sql, comment) FROM duckdb_tables()"+of)
		content["views"] = queryRows(k.t, q, "SELECT concat_ws(' ', schema_name, view_name, sql, comment) FROM duckdb_views()"+of)
		content["columns"] = queryRows(k.t, q, "SELECT concat_ws(' ', schema_name, table_name, column_name, data_type, column_index, is_nullable, comment) FROM duckdb_columns()"+of)
		for _, table := range queryRows(k.t, q, "SELECT format('{}.{}', schema_name, table_name) FROM duckdb_tables()"+of) {
			content[table] = queryRows(k.t, q, "SELECT CAST(t AS VARCHAR) FROM "+table+" t")
		}
		return nil
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return content
}

// publishSame publishes, and compares the warehouse with a copy of the state. It
// reports whether it was patched.
func (k *testLake) publishSame() bool {
	k.t.Helper()
	g := k.publish()
	p := &publisher{State: k.state, Generation: g}
	file := filepath.Join(k.t.TempDir(), "copy.duckdb")
	if _, err := copyFile(k.databasePath(), file); err != nil {
		k.t.Fatal(err)
	}
	if err := p.finish(k.t.Context(), file); err != nil {
		k.t.Fatal(err)
	}
	if diff := cmp.Diff(k.content(file), k.content(k.warehouse(g))); diff != "" {
		k.t.Errorf("generation %d (-copy +published):\n%s", g.Number, diff)
	}
	return g.Patched > 0
}

// some returns charges of a year, each with an item.
func some(from, to int, status string) (all []version) {
	for i := from; i < to; i++ {
		all = append(all, on(fmt.Sprintf("2024-%02d-05", i%12+1), charge(fmt.Sprintf("ch_%03d", i), status, fmt.Sprintf("it_%d", i))))
	}
	return all
}

// A patched warehouse is the one that a copy would have been, with the same rows, marts
// and comments, whatever changed (Invariant 7).
func TestPatchedWarehouseIsTheCopy(t *testing.T) {
	t.Parallel()
	k := newLake(t, patching)
	k.sync(some(0, 300, "paid")...)
	var patched []bool
	for i := range 6 {
		k.sync(charge(fmt.Sprintf("ch_%03d", i), "failed", "it_0", "it_x"), tombstone(fmt.Sprintf("ch_%03d", 100+i)), version{ID: fmt.Sprint("rejected", i), Day: "2024-01-05", Reject: "no amount"})
		run := Run{ID: fmt.Sprint("run", i), Started: version{Day: "2025-01-01"}.created(), Command: "sync"}
		if err := k.state.Runs().Begin(t.Context(), run); err != nil {
			t.Fatal(err)
		}
		patched = append(patched, k.publishSame())
	}
	if want := []bool{false, false, true, true, true, true}; !slices.Equal(patched, want) {
		t.Errorf("patched: %t, want %t", patched, want)
	}
	g, _ := ReadPublished(k.dir)
	if len(g.SkippedMarts) != 1 || !strings.Contains(g.SkippedMarts[0], "lacking") {
		t.Errorf("marts left out: %q", g.SkippedMarts)
	}
}

// The same holds for any history, with restarts, repetitions and compactions in
// between.
func TestPatchedHistoriesAreTheCopy(t *testing.T) {
	if testing.Short() {
		t.Skip("nothing here runs side by side: not for the race detector")
	}
	before := flag.Lookup("rapid.checks").Value.String()
	defer func() { _ = flag.Set("rapid.checks", before) }()
	if err := flag.Set("rapid.checks", "3"); err != nil {
		t.Fatal(err)
	}
	patched := 0
	rapid.Check(t, func(rt *rapid.T) {
		k := openLake(t, t.TempDir(), patching, func(o *Options) { o.PartRows = 2 })
		defer func() { k.close() }()
		for i := range 6 {
			segment := rapid.SliceOfN(rapid.Custom(drawVersion), 1, 4).Draw(rt, "segment")
			for j := range segment {
				segment[j].Seen = 10*i + j
			}
			position := k.append(segment...)
			k.apply(rapid.Uint64Range(0, position.Segment-1).Draw(rt, "after"), position.Segment)
			switch rapid.IntRange(0, 9).Draw(rt, "then") {
			case 0:
				k = k.reopen(patching, func(o *Options) { o.PartRows = 2 })
			case 1:
				if err := k.state.rewrite(t.Context()); err != nil {
					rt.Fatal(err)
				}
			}
			if k.publishSame() {
				patched++
			}
		}
	})
	if patched == 0 {
		t.Error("no warehouse was patched: the test would prove nothing")
	}
}

// Whatever says that the older warehouse differs by more than the changes that the
// state knows, the state is copied.
func TestDoubtLeadsToACopy(t *testing.T) {
	t.Parallel()
	for name, doubt := range map[string]func(t *testing.T, k *testLake, base string) *testLake{
		"nothing": func(_ *testing.T, k *testLake, _ string) *testLake { return k },
		"other marts": func(_ *testing.T, k *testLake, _ string) *testLake {
			return k.reopen(patching, func(o *Options) { o.Views = o.Views[:1] })
		},
		"other descriptions": func(_ *testing.T, k *testLake, _ string) *testLake {
			return k.reopen(patching, func(o *Options) { o.Tables[1].Schema.Title = "Line" })
		},
		"a state made anew": func(t *testing.T, k *testLake, _ string) *testLake {
			if err := k.state.Reset(t.Context(), "asked for"); err != nil {
				t.Fatal(err)
			}
			k.apply(0, 3)
			return k
		},
		"a rewritten state": func(t *testing.T, k *testLake, _ string) *testLake {
			if err := k.state.rewrite(t.Context()); err != nil {
				t.Fatal(err)
			}
			return k
		},
		"many changes": func(_ *testing.T, k *testLake, _ string) *testLake {
			var large []version
			for _, v := range some(400, 600, "paid") {
				v.Row["raw"] = `"` + strings.Repeat("x", 9000) + `"`
				large = append(large, v)
			}
			k.sync(large...)
			return k
		},
		"damage": func(t *testing.T, k *testLake, base string) *testLake {
			spoil(t, base, 64<<10)
			return k
		},
		"a damaged header": func(t *testing.T, k *testLake, base string) *testLake {
			spoil(t, base, 0)
			return k
		},
		"another file": func(t *testing.T, k *testLake, base string) *testLake {
			if err := os.Truncate(base, 1<<20); err != nil {
				t.Fatal(err)
			}
			return k
		},
		"an altered manifest": func(t *testing.T, k *testLake, base string) *testLake {
			manifest := filepath.Join(filepath.Dir(base), lakedir.ManifestName)
			text := strings.Replace(mustRead(t, manifest), `"program": "v9"`, `"program": "v8"`, 1)
			if err := os.Chmod(manifest, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(manifest, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return k
		},
		"a generation that another program published": func(t *testing.T, k *testLake, _ string) *testLake {
			if _, err := k.state.db.Exec(t.Context(), "DELETE FROM state.bases WHERE generation = 2"); err != nil {
				t.Fatal(err)
			}
			return k
		},
		"damage that was found": func(_ *testing.T, k *testLake, _ string) *testLake {
			k.state.InvalidatePublished()
			return k
		},
		"another name of the file": func(t *testing.T, k *testLake, base string) *testLake {
			other := filepath.Join(k.dir, "other")
			if err := os.Link(base, other); err != nil {
				t.Fatal(err)
			}
			before := mustRead(t, base)
			t.Cleanup(func() {
				if mustRead(t, other) != before {
					t.Error("the file under the other name changed")
				}
			})
			return k
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newLake(t, patching)
			k.sync(some(0, 100, "paid")...)
			base := k.publish()
			k.sync(some(0, 1, "failed")...)
			k.publish()
			k.sync(some(1, 2, "failed")...)
			if err := os.Chmod(k.warehouse(base), 0o600); err != nil {
				t.Fatal(err)
			}
			k = doubt(t, k, k.warehouse(base))
			if patched := k.publishSame(); patched != (name == "nothing") {
				t.Errorf("patched: %t", patched)
			}
			k.sync(some(2, 3, "failed")...)
			k.publishSame() // the state is none the worse
		})
	}
}

// spoil flips the bits of all but the end of a file from some byte on.
func spoil(t *testing.T, path string, from int) {
	t.Helper()
	data := []byte(mustRead(t, path))
	for i := from; i < len(data)-100; i++ {
		data[i] ^= 0xff
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A file that somebody reads is not changed, however they have it open and however many
// generations follow (Invariant 7).
func TestReadersKeepTheirWarehouse(t *testing.T) {
	t.Parallel()
	k := newLake(t, patching)
	k.sync(some(0, 200, "paid")...)
	first := k.publish()
	want := mustRead(t, k.warehouse(first))
	plain, err := os.Open(k.warehouse(first))
	if err != nil {
		t.Fatal(err)
	}
	k.sync(some(0, 1, "failed")...)
	second := k.publish()
	db, err := OpenWarehouse(k.warehouse(second))
	if err != nil {
		t.Fatal(err)
	}
	const count = "SELECT count(*) FROM charges WHERE status = 'failed'"
	var failed int
	for i := 1; i < 8; i++ {
		k.sync(some(i, i+1, "failed")...)
		patched := k.publishSame()
		if inUse := i < 3; patched == inUse {
			t.Errorf("publish %d patched: %t", i, patched)
		}
		if err := db.QueryRowContext(t.Context(), count).Scan(&failed); err != nil || failed != 1 {
			t.Errorf("after publish %d the reader sees %d of 1 failed charges; %v", i, failed, err)
		}
	}
	got, err := io.ReadAll(plain)
	if err != nil || string(got) != want {
		t.Error("the file changed while it was open", err)
	}
	if err := plain.Close(); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// Nobody who is erased is in the blocks of a warehouse that was patched before, nor of
// those that are patched later.
func TestErasedAreInNoPatchedWarehouse(t *testing.T) {
	t.Parallel()
	const secret = "secret_of_one_person"
	k := newLake(t, patching)
	person := charge("person", "paid")
	person.Row["customer_id"] = secret
	k.sync(append(some(0, 100, "paid"), person)...)
	publish := func(from int) (g Generation) {
		t.Helper()
		for i := from; i < from+4; i++ {
			k.sync(some(i, i+1, "failed")...)
			g = k.publish()
		}
		if g.Patched == 0 {
			t.Error("not patched: the test would prove nothing")
		}
		return g
	}
	if g := publish(0); !strings.Contains(mustRead(t, k.warehouse(g)), secret) {
		t.Fatal("the secret cannot be found: the test would prove nothing")
	}
	k.erase("person")
	if err := k.state.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	last, err := k.log.Newest("charge")
	if err != nil {
		t.Fatal(err)
	}
	k.apply(0, last.Segment)
	if g := k.publish(); g.Patched > 0 || strings.Contains(mustRead(t, k.warehouse(g)), secret) {
		t.Errorf("after the erasure it is patched with %d bytes, or has the secret", g.Patched)
	}
	if err := k.state.RemoveOtherGenerations(); err != nil {
		t.Fatal(err)
	}
	if g := publish(10); strings.Contains(mustRead(t, k.warehouse(g)), secret) {
		t.Error("a later warehouse has the secret")
	}
}

// Whenever a publish is killed, each generation is whole or gone, and the next publish
// is as good as ever (Invariant 7). The copy of the folder is what a kill leaves.
func TestKilledWhilePatching(t *testing.T) {
	t.Parallel()
	killed := map[string]string{} // folder by moment
	k := newLake(t, patching)
	k.sync(some(0, 100, "paid")...)
	k.publish()
	k.sync(some(0, 1, "failed")...)
	k.publish()
	k.sync(some(1, 2, "failed")...)
	at := func(moment string) func() {
		return func() {
			killed[moment] = filepath.Join(t.TempDir(), "lake")
			if err := os.CopyFS(killed[moment], os.DirFS(k.dir)); err != nil {
				t.Fatal(err)
			}
		}
	}
	k.state.lake.opts.Trace = Trace{BaseTaken: at("base taken"), WarehouseCopied: at("patched"), GenerationReady: at("ready"), GenerationLinked: at("linked"), DirtyCleared: at("cleared"), GenerationsSwept: at("swept")}
	if g := k.publish(); g.Patched == 0 || len(killed) != 6 {
		t.Fatalf("patched with %d bytes, killed %d times", g.Patched, len(killed))
	}
	for moment, dir := range killed {
		k := openLake(t, dir, patching)
		numbers, err := k.Generations().Numbers()
		if err != nil {
			t.Fatal(err)
		}
		linked, _ := k.Generations().Linked()
		if !slices.Contains(numbers, linked) {
			t.Errorf("%s: generations %d, linked %d", moment, numbers, linked)
		}
		for _, n := range numbers {
			g, _, err := readManifest(k.Generations().path(n))
			if defects := k.Generations().fileDefects(g, BySum); err != nil || len(defects) > 0 {
				t.Errorf("%s: generation %d: %v %v", moment, n, defects.Texts(), err)
			}
		}
		k.publishSame()
		k.sync(some(2, 3, "failed")...)
		k.publishSame()
		k.close()
	}
}
