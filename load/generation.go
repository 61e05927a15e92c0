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

// Generation is one published, immutable present state of the lake: what its
// generation.json says.
type Generation struct {
	Format     int              `json:"format"`
	Number     uint64           `json:"number"`
	Lineage    string           `json:"lineage"`                // of the state it was made from
	Revision   int64            `json:"revision"`               // of that state
	Built      time.Time        `json:"built"`                  // UTC
	Warehouse  int64            `json:"warehouse"`              // bytes of warehouse.duckdb
	SchemasSum string           `json:"schemas_xxh3,omitempty"` // of schemas.json, in hex
	Files      []File           `json:"files"`                  // by table, account, partition, part
	Rows       map[string]int64 `json:"rows"`                   // by table

	Derived map[string]string `json:"derived"` // by table: the derivation that its rows are of
	Export  int               `json:"export"`  // exportVersion of its files

	SkippedMarts []string `json:"unmade,omitempty"` // marts that do not fit the tables, and why

	Positions []Position   `json:"positions"` // up to which segment it holds each stream
	Stats     PublishStats `json:"cost"`

	// For whoever may read nothing else of the lake. Empty, nil and 0 in
	// generations of older versions, which the next Publish replaces.
	Mode      string     `json:"mode,omitempty"`           // of the lake: "live" or "test"
	Summary   *Summary   `json:"summary,omitempty"`        // of the state it was made from
	Forgotten []Customer `json:"forgotten,omitempty"`      // who is in it and on the list of the forgotten
	ListBytes int64      `json:"forgotten_list,omitempty"` // size of that list then, in bytes; 0 where nobody was ever forgotten
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
	Path      string     `json:"path"`            // inside the generation, slash-separated
	First     *time.Time `json:"first,omitempty"` // earliest and latest timestamp, UTC
	Last      *time.Time `json:"last,omitempty"`
}

// Generations are those of a lake on disk, and the link to the one that people read.
type Generations struct{ lake *Lake }

// Generations returns the generations of the lake.
func (l *Lake) Generations() Generations { return Generations{l} }

// path is the folder of a generation, or a file in it.
func (gs Generations) path(number uint64, elem ...string) string {
	return lakedir.Generation(gs.lake.dir, number, elem...)
}

// Manifest reads what the linked generation says of itself, and the checksum of
// that. One that is missing or cannot be read is no error: the next publish replaces
// it.
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

// Linked returns the number of the generation of this lake that `current` points
// at; it need not be there.
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

// newest returns the highest number that is in use.
func (gs Generations) newest() (int64, error) {
	numbers, err := gs.Numbers()
	linked, _ := gs.Linked()
	return int64(slices.Max(append(numbers, linked))), err
}

// sweep removes generations that were never linked (Invariant 7): a crash left them. Those are the
// ones above the linked one, for numbers only go up.
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

// dropOld keeps the linked generation and some before it, which readers may still
// hold open.
func (gs Generations) dropOld(linked uint64) error {
	numbers, err := gs.Numbers()
	if err != nil {
		return err
	}
	numbers = slices.DeleteFunc(numbers, func(n uint64) bool { return n >= linked })
	for _, n := range numbers[:max(0, len(numbers)-gs.lake.opts.KeepGenerations)] {
		err = errors.Join(err, os.RemoveAll(gs.path(n)))
	}
	return err
}

// link makes a complete generation the one that people read, by one rename
// (Invariant 7): a reader has all of the old one or all of the new one. What
// stands in the place of the link and is none goes to another name first.
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
			return err // linked from the generation before
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
