package load

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/loadtest"
)

// files returns the Parquet files of a generation with their numbers of rows.
func files(g Generation) []string {
	all := []string{}
	for _, f := range g.Files {
		all = append(all, fmt.Sprint(f.Path, " ", f.Rows))
	}
	slices.Sort(all)
	return all
}

func on(day string, v version) version {
	v.Day = day
	return v
}

func TestPublish(t *testing.T) {
	t.Parallel()
	k := newLake(t, func(o *Options) {
		o.Program, o.Views = "v9", []View{{Name: "paid", SQL: "SELECT id, amount FROM charges WHERE status = 'paid'"}}
	})
	g := k.publish()
	expect(t, "an empty lake", files(g))
	k.sync(charge("ch_1", "paid", "it_1", "it_2"), on("2024-02-01", charge("ch_2", "paid")), on("2025-01-01", charge("ch_3", "failed", "it_3")))
	if needs, err := k.state.NeedsPublish(t.Context()); !needs || err != nil {
		t.Error("nothing to publish", err)
	}
	g = k.publish()
	expect(t, "files", files(g),
		"charges/acct=acct_1/created_month=2024-01/part-00.parquet 1",
		"charges/acct=acct_1/created_month=2024-02/part-00.parquet 1",
		"charges/acct=acct_1/created_month=2025-01/part-00.parquet 1",
		"items/acct=acct_1/created_year=2024/part-00.parquet 2",
		"items/acct=acct_1/created_year=2025/part-00.parquet 1")
	if needs, err := k.state.NeedsPublish(t.Context()); needs || err != nil {
		t.Error("published, and yet there is something to publish", err)
	}

	db, err := OpenWarehouse(filepath.Join(k.dir, "current", lakedir.WarehouseName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	q := duck.Session{Conn: conn}
	expect(t, "mart", queryRows(t, q, "SELECT id FROM paid"), "ch_1", "ch_2")
	expect(t, "schemas", queryRows(t, q, "SELECT DISTINCT schema_name FROM duckdb_tables()"), "history", "main", "meta")
	expect(t, "lake", queryRows(t, q, "SELECT concat_ws(' ', mode, format, program, generation, built = TIMESTAMP '"+g.Built.Format(time.DateTime)+"') FROM meta.lake"),
		fmt.Sprintf("test %d v9 %d true", Format, g.Number))
	expect(t, "positions", queryRows(t, q, "SELECT concat_ws(' ', account, stream, segment) FROM meta.positions"), "acct_1 charge 1")
	expect(t, "partitions", queryRows(t, q, `SELECT concat_ws(' ', path, rows) FROM meta.partitions`), files(g)...)
	expect(t, "format", queryRows(t, q, "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = 'warehouse'"), "v1.4.0+")
	expect(t, "no index", queryRows(t, q, "SELECT constraint_type FROM duckdb_constraints() WHERE constraint_type != 'NOT NULL' AND database_name = 'warehouse'"))
	if _, err := db.ExecContext(t.Context(), "DELETE FROM charges"); err == nil {
		t.Error("the warehouse can be written")
	}
}

// A change exports the parts that it touches; all others are the same files.
func TestUnchangedPartsAreLinked(t *testing.T) {
	t.Parallel()
	k := newLake(t, func(o *Options) { o.PartRows = 4; o.KeepGenerations = 1 })
	var january []version
	for i := range 14 {
		january = append(january, on(fmt.Sprintf("2024-01-%02d", i+1), charge(fmt.Sprintf("ch_%02d", i), "paid")))
	}
	k.sync(append(january, on("2024-02-01", charge("ch_feb", "paid")), on("2024-02-02", charge("ch_stays", "paid")),
		on("2024-03-01", charge("ch_mar", "paid")), on("2024-04-01", charge("ch_april", "paid")))...)
	first := k.publish()
	parts := func(g Generation, month string) (n int) {
		for _, f := range g.Files {
			if f.Partition == month {
				n++
			}
		}
		return n
	}
	if n := parts(first, "2024-01"); n != 4 {
		t.Fatalf("14 rows in %d parts of at most 4", n)
	}
	inodes := func(g Generation) map[string]fs.FileInfo {
		all := map[string]fs.FileInfo{}
		for _, f := range g.Files {
			info, err := os.Stat(k.Generations().path(g.Number, filepath.FromSlash(f.Path)))
			if err != nil {
				t.Fatal(err)
			}
			all[f.Path] = info
		}
		return all
	}
	// One charge of January changes; one of February's two and the only one of April
	// move to March.
	k.sync(on("2024-01-01", charge("ch_00", "failed")), on("2024-03-05", charge("ch_feb", "paid")), on("2024-03-05", charge("ch_april", "paid")))
	before := inodes(first)
	second := k.publish()
	var changed []string
	for path, info := range inodes(second) {
		if old, ok := before[path]; !ok || !os.SameFile(old, info) {
			changed = append(changed, filepath.Base(filepath.Dir(path)))
		}
	}
	slices.Sort(changed)
	expect(t, "changed", changed, "created_month=2024-01", "created_month=2024-02", "created_month=2024-03")
	if parts(second, "2024-04") != 0 {
		t.Error("an empty partition has files")
	}
	if _, err := os.Stat(k.Generations().path(second.Number, "charges", "acct=acct_1", "created_month=2024-04")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("an empty partition has a folder", err)
	}
	if _, err := loadtest.Digest(t.Context(), k.dir); err != nil {
		t.Error(err)
	}

	// Growth splits the part in which it happens. Rows of one moment can only be
	// divided by the hash of the ids: 27 charges of 5 January need 8 files.
	var more []version
	for i := range 26 {
		more = append(more, charge(fmt.Sprintf("ch_x%02d", i), "paid"))
	}
	k.sync(more...)
	third := k.publish()
	for _, f := range third.Files {
		if fifth := f.Partition == "2024-01" && f.Rows > 0 && f.First.Day() == 5; fifth != (f.Shares == 8) {
			t.Errorf("%s: one of %d shares", f.Path, f.Shares)
		}
	}
	if _, err := loadtest.Digest(t.Context(), k.dir); err != nil {
		t.Error(err)
	}
	left, err := k.Generations().Numbers()
	if diff := cmp.Diff([]uint64{second.Number, third.Number}, left); diff != "" || err != nil {
		t.Error("generations kept:", diff, err)
	}
}

// trusting declares every key to be the object's id, so that nothing looks for two rows
// of one key before the publish.
func trusting(o *Options) {
	for i := range o.Tables {
		o.Tables[i].KeyIsID = true
	}
}

// Invariant 7: a key that occurs twice is never published.
func TestDuplicateKeyIsNotPublished(t *testing.T) {
	t.Parallel()
	k := newLake(t, trusting)
	k.sync(charge("ch_1", "paid", "it_1", "it_1"))
	if _, err := k.state.Publish(t.Context()); err == nil || !strings.Contains(err.Error(), "tell its rows apart") {
		t.Error(err)
	}
	if _, linked := k.Generations().Linked(); linked {
		t.Error("it was linked")
	}
	if left, err := k.Generations().Numbers(); len(left) != 0 || err != nil {
		t.Errorf("it left %v behind; %v", left, err)
	}
}

// Invariant 7: what does not hold all that the state holds, or is not on the disk, is
// not linked: people go on reading what was published before.
func TestIncompleteGenerationIsNotLinked(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(k *testLake)
		says  string
	}{
		"a change that was not noted": {func(k *testLake) {
			if _, err := k.state.db.Exec(k.t.Context(), "DELETE FROM state.dirty"); err != nil {
				k.t.Fatal(err)
			}
		}, "table charges: 1 rows in its files, 2 in the state"},
		"a file that vanished": {func(k *testLake) {
			k.state.lake.opts.Trace.PartRenamed = func() {
				made, err := filepath.Glob(k.Generations().path(2, "charges", "*", "*", "*.parquet"))
				if err != nil || len(made) != 1 || os.Remove(made[0]) != nil {
					k.t.Errorf("removed %v; %v", made, err)
				}
			}
		}, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newLake(t)
			k.sync(charge("ch_1", "paid"))
			k.publish()
			before, err := loadtest.Digest(t.Context(), k.dir)
			if err != nil {
				t.Fatal(err)
			}
			k.sync(charge("ch_2", "paid"))
			tc.spoil(k)
			if _, err := k.state.Publish(t.Context()); err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("published: %v, want %q", err, tc.says)
			}
			after, err := loadtest.Digest(t.Context(), k.dir)
			if after["charges"] != before["charges"] || err != nil {
				t.Error("what people read is another", err)
			}
			if left, err := k.Generations().Numbers(); len(left) != 1 || err != nil {
				t.Errorf("it left %v behind; %v", left, err)
			}
		})
	}
}

// Many parts go through files of groups, of which nothing is left behind, and
// the files are listed in order all the same (Invariant 7).
func TestManyPartsLeaveNothingElse(t *testing.T) {
	t.Parallel()
	k := newLake(t, func(o *Options) { o.PartRows = 1 })
	var charges []version
	for i := range 40 {
		charges = append(charges, charge(fmt.Sprintf("ch_%02d", i), "paid"))
	}
	k.sync(charges...)
	g := k.publish()
	if len(g.Files) < 16 || !slices.IsSortedFunc(g.Files, func(a, b File) int { return a.Share - b.Share }) {
		t.Errorf("files: %+v", g.Files)
	}
	var listed, found []string
	for _, f := range g.Files {
		listed = append(listed, filepath.Base(f.Path))
	}
	err := filepath.WalkDir(k.Generations().path(g.Number), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) != ".json" && filepath.Base(path) != lakedir.WarehouseName {
			found = append(found, filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(listed)
	expect(t, "files", found, listed...)
	if _, err := loadtest.Digest(t.Context(), k.dir); err != nil {
		t.Error(err) // it compares the rows of the warehouse and of the files
	}
}

// Several writers produce the same as one, in the same order, and nothing if a key
// occurs twice (Invariant 7).
func TestWritersAgree(t *testing.T) {
	t.Parallel()
	var charges []version
	for i := range 60 {
		charges = append(charges, on(fmt.Sprintf("2024-%02d-05", i%12+1), charge(fmt.Sprintf("ch_%02d", i), "paid", fmt.Sprintf("it_%02d", i))))
	}
	var made [2][]File
	var digests [2]map[string]string
	for i, writers := range []int{1, 3} {
		k := newLake(t, func(o *Options) {
			o.Writers, o.PartRows = writers, 2
			trusting(o)
		})
		k.sync(charges...)
		made[i] = k.publish().Files
		var err error
		if digests[i], err = loadtest.Digest(t.Context(), k.dir); err != nil {
			t.Fatal(err)
		}
		k.sync(charge("ch_1", "paid", "it_1", "it_1"))
		if _, err := k.state.Publish(t.Context()); err == nil || !strings.Contains(err.Error(), "tell its rows apart") {
			t.Errorf("%d writers: %v", writers, err)
		}
		if left, err := k.Generations().Numbers(); len(left) != 1 || err != nil {
			t.Errorf("%d writers left %v behind; %v", writers, left, err)
		}
	}
	if diff := cmp.Diff(made[0], made[1]); diff != "" {
		t.Errorf("files (-one +three):\n%s", diff)
	}
	if diff := cmp.Diff(digests[0], digests[1]); diff != "" {
		t.Errorf("digest (-one +three):\n%s", diff)
	}
}
