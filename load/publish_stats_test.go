package load

import (
	"crypto/sha512"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The stats of a generation agree with its files: exactly the files that are not hard
// links to those of the previous generation were written for it.
func TestPublishStats(t *testing.T) {
	t.Parallel()
	k := newLake(t, func(o *Options) { o.PartRows = 4 })
	written := func(g, before Generation) (files int, bytes int64) {
		for _, f := range g.Files {
			info, err := os.Stat(k.Generations().path(g.Number, filepath.FromSlash(f.Path)))
			if err != nil {
				t.Fatal(err)
			}
			old, err := os.Stat(k.Generations().path(before.Number, filepath.FromSlash(f.Path)))
			if err != nil || !os.SameFile(old, info) {
				files, bytes = files+1, bytes+info.Size()
			}
		}
		return files, bytes
	}
	var before Generation
	publish := func(what string, most int, history ...version) PublishStats {
		t.Helper()
		if len(history) > 0 {
			k.sync(history...)
		}
		g := k.publish()
		files, bytes := written(g, before)
		if g.Stats.Files != files || g.Stats.Partitions != bytes || files > most {
			t.Errorf("%s: says %d files of %d bytes, wrote %d of %d, where %d do", what, g.Stats.Files, g.Stats.Partitions, files, bytes, most)
		}
		if w := g.Stats.Written() - g.Stats.State; w < bytes || w > bytes+g.Warehouse+(1<<20) {
			t.Errorf("%s: says it wrote %d bytes beside the state, %d of them files, for a warehouse of %d", what, w, bytes, g.Warehouse)
		}
		for _, step := range []string{"state", "partitions", "copy", "warehouse"} {
			if _, ok := g.Stats.Seconds[step]; !ok {
				t.Errorf("%s: says not how long %s took", what, step)
			}
		}
		read, ok := ReadPublished(k.dir)
		if diff := cmp.Diff(g.Stats, read.Stats); !ok || diff != "" {
			t.Errorf("%s: generation.json says otherwise (-returned +read):\n%s", what, diff)
		}
		before = g
		return g.Stats
	}
	var history []version
	for i := range 14 {
		history = append(history, on(fmt.Sprintf("2024-01-%02d", i+1), charge(fmt.Sprintf("ch_%02d", i), "paid")))
	}
	all := publish("a first publish", 99, history...)
	one := publish("a changed charge", 1, on("2024-01-03", charge("ch_02", "failed")))
	if one.Files != 1 || one.Changed <= 0 || one.Changed >= all.Changed {
		t.Errorf("a changed charge: %d files, %d bytes of JSON changed, of all %d", one.Files, one.Changed, all.Changed)
	}
	if none := publish("nothing", 0); none.Changed != 0 {
		t.Errorf("nothing: %d bytes of JSON changed", none.Changed)
	}
}

// Publishing one changed row writes as much into the warehouse of a large lake as into
// that of a small one: what changed, and not the whole state. The test runs alone,
// because the system counts what the process writes.
func TestPatchWritesWhatChanged(t *testing.T) {
	if bytesWritten() == 0 {
		t.Skip("the system does not count what is written")
	}
	const few, many = 300, 3000
	small, large := costOfOneRow(t, few, byPatch), costOfOneRow(t, many, byPatch)
	if large.Warehouse > small.Warehouse*3/2 || large.Written() > small.Written()*3/2 { // whole blocks of 64 KiB
		t.Errorf("one row costs %d bytes of the warehouse and %d in all among %d rows, %d and %d among %d",
			small.Warehouse, small.Written(), few, large.Warehouse, large.Written(), many)
	}
	if copied := costOfOneRow(t, many, byCopy); copied.Warehouse < 2*large.Warehouse {
		t.Errorf("a copy costs %d bytes, a patch %d: the test would prove nothing", copied.Warehouse, large.Warehouse)
	}
}

// costOfOneRow returns the stats of publishing one changed charge of some.
func costOfOneRow(t *testing.T, charges int, by string) PublishStats {
	t.Helper()
	k := newLake(t, patching, func(o *Options) { o.warehouseBy, o.PartRows = by, 64 })
	all := some(0, charges, "paid")
	for _, v := range all {
		v.Row["raw"] = fmt.Sprintf(`"%x"`, sha512.Sum512([]byte(v.ID))) // does not compress well
	}
	k.sync(all...)
	var g Generation
	for i := range 3 {
		k.sync(on("2024-01-05", charge("ch_000", fmt.Sprint(i))))
		g = k.publish()
	}
	if (g.Patched > 0) != (by == byPatch) {
		t.Errorf("%d charges by %s: patched with %d bytes", charges, by, g.Patched)
	}
	return g.Stats
}
