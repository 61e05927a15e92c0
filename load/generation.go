package load

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/folder"
	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// Generation is one published, immutable state of the lake: the content of its
// generation.json.
type Generation struct {
	Format     int              `json:"format"`
	Number     uint64           `json:"number"`
	Lineage    string           `json:"lineage"`                // of the state it was made from
	Revision   int64            `json:"revision"`               // of that state
	Built      time.Time        `json:"built"`                  // UTC
	Warehouse  int64            `json:"warehouse"`              // size of warehouse.duckdb in bytes
	SchemasSum string           `json:"schemas_xxh3,omitempty"` // xxh3 of schemas.json, in hex
	Files      []File           `json:"files"`                  // sorted by table, account, partition, part
	Rows       map[string]int64 `json:"rows"`                   // by table

	Derived map[string]string `json:"derived"` // by table: the derivation that its rows come from
	Export  int               `json:"export"`  // exportVersion of its files

	SkippedMarts []string `json:"unmade,omitempty"`  // marts that do not fit the tables, with the reasons
	Layout       string   `json:"layout,omitempty"`  // hash of the warehouse's views and comments
	Patched      int64    `json:"patched,omitempty"` // bytes of raw JSON that were patched into the warehouse since it was a copy of the state

	Positions []Position   `json:"positions"` // the last segment of each stream that it holds
	Stats     PublishStats `json:"cost"`

	// For users who may read nothing else of the lake. Empty, nil and 0 in generations
	// of older versions, which the next Publish replaces.
	Mode      string     `json:"mode,omitempty"`           // of the lake: "live" or "test"
	Program   string     `json:"program,omitempty"`        // version of the program that published it
	Summary   *Summary   `json:"summary,omitempty"`        // of the state it was made from
	Forgotten []Customer `json:"forgotten,omitempty"`      // its customers who are on the list of the forgotten
	ListBytes int64      `json:"forgotten_list,omitempty"` // size of that list at that time, in bytes; 0 if nobody was ever forgotten
}

// File is one Parquet file of a generation.
type File struct {
	Table     string     `json:"table"`
	Account   string     `json:"account"`
	Partition string     `json:"partition"` // "2024-01"; empty for a table without a timestamp
	Part                 // which rows of the partition
	Rows      int64      `json:"rows"`
	Bytes     int64      `json:"bytes"`
	Sum       string     `json:"xxh3"`            // of the whole file, in hex
	Path      string     `json:"path"`            // relative to the generation, slash-separated
	First     *time.Time `json:"first,omitempty"` // earliest and latest timestamp, UTC
	Last      *time.Time `json:"last,omitempty"`
}

// Generations gives access to a lake's generations on disk, and to the link to the
// published one.
type Generations struct{ lake *Lake }

// Generations returns the generations of the lake.
func (l *Lake) Generations() Generations { return Generations{l} }

// path returns the path of a generation's folder, or of a file in it.
func (gs Generations) path(number uint64, elem ...string) string {
	return lakedir.Generation(gs.lake.dir, number, elem...)
}

// Manifest reads the linked generation's generation.json. sum is its checksum. ok is
// false if it is missing or cannot be read: that is no error, because the next publish
// replaces it.
func (gs Generations) Manifest() (g Generation, sum string, ok bool) {
	number, linked := gs.Linked()
	if !linked {
		return g, "", false
	}
	g, sum, err := readManifest(gs.path(number))
	if err != nil || g.Format != Format || g.Number != number {
		return Generation{}, "", false
	}
	return g, sum, true
}

// Linked returns the number of the generation of this lake to which `current` points.
// Its folder need not exist.
func (gs Generations) Linked() (uint64, bool) {
	target, err := os.Readlink(gs.lake.path(lakedir.LinkName))
	if err != nil {
		return 0, false
	}
	if !filepath.IsAbs(target) {
		target = gs.lake.path(target)
	}
	number, err := strconv.ParseUint(filepath.Base(target), 10, 63)
	in, own := filepath.Dir(target), gs.lake.path(lakedir.StateDir, lakedir.GenerationsDir)
	return number, err == nil && (in == own || sameFolder(in, own))
}

func sameFolder(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

// Numbers returns the numbers of the generations on disk, oldest first.
func (gs Generations) Numbers() ([]uint64, error) {
	names, err := folder.Subdirs(gs.lake.path(lakedir.StateDir, lakedir.GenerationsDir))
	if err != nil {
		return nil, err
	}
	var numbers []uint64
	for _, name := range names {
		if n, err := strconv.ParseUint(name, 10, 63); err == nil {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// newest returns the highest number in use; 0 if there is none.
func (gs Generations) newest() (int64, error) {
	numbers, err := gs.Numbers()
	linked, _ := gs.Linked()
	return int64(slices.Max(append(numbers, linked))), err
}

// sweep removes generations that a crash left before they were linked. Those have
// higher numbers than the linked one, because numbers only go up (Invariant 7).
func (gs Generations) sweep() error {
	numbers, err := gs.Numbers()
	if err != nil {
		return err
	}
	linked, _ := gs.Linked()
	for _, n := range numbers {
		if n > linked {
			err = errors.Join(err, os.RemoveAll(gs.path(n)))
		}
	}
	return err
}

// dropOld removes old generations. It keeps the linked one and the KeepGenerations
// before it, which readers may still have open.
func (gs Generations) dropOld(linked uint64) error {
	numbers, err := gs.old(linked)
	for _, n := range numbers {
		err = errors.Join(err, os.RemoveAll(gs.path(n)))
	}
	return err
}

// old returns the numbers of the generations that go when a generation is linked.
func (gs Generations) old(linked uint64) ([]uint64, error) {
	numbers, err := gs.Numbers()
	numbers = slices.DeleteFunc(numbers, func(n uint64) bool { return n >= linked })
	return numbers[:max(0, len(numbers)-gs.lake.opts.KeepGenerations)], err
}

// link makes a complete generation the published one, by one rename (Invariant 7): a
// reader gets all of the old one or all of the new one. If something other than a link
// is in its place, link first sets it aside.
func (gs Generations) link(number uint64) error {
	if err := gs.setLinkAside(); err != nil {
		return err
	}
	tmp := gs.lake.path(lakedir.LinkName + atomicfile.TempSuffix)
	if err := os.RemoveAll(tmp); err != nil {
		return err
	}
	target := filepath.Join(lakedir.StateDir, lakedir.GenerationsDir, fmt.Sprintf("%06d", number))
	if err := os.Symlink(target, tmp); err != nil {
		return err
	}
	return atomicfile.Rename(tmp, gs.lake.path(lakedir.LinkName), atomicfile.Hooks{Synced: gs.lake.opts.Trace.GenerationLinked})
}

// seal makes a generation read-only, and its names durable (Invariant 7).
func seal(dir string) error {
	var dirs []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			dirs = append(dirs, path)
			return nil
		}
		if info, err := d.Info(); err != nil || info.Mode().Perm() == 0o440 {
			return err // linked from the previous generation
		}
		return os.Chmod(path, 0o440)
	})
	if err != nil {
		return err
	}
	for _, d := range dirs {
		if err := os.Chmod(d, 0o750); err != nil {
			return err
		}
	}
	return atomicfile.SyncAll(append(dirs, filepath.Dir(dir)))
}
