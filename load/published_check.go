package load

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/internal/oserr"
	"github.com/stripelake/stripelake/load/internal/parquetfile"
)

// Defect is one defect of the published generation. A sync, doctor and verify use the
// same list of defects; they differ in how closely they look.
type Defect struct {
	Name string // the finding's name: "partition file missing"
	What string // "current/charges/…"
	Says string // "is missing"

	err error // why the condition of the file is unknown
}

// Defects is a list of defects. A published file may have more than one.
type Defects []Defect

// Unknown returns the error because of which a file's condition is unknown, for example
// that no more files can be opened; nil if there is none.
func (all Defects) Unknown() error {
	for _, d := range all {
		if d.err != nil {
			return d.err
		}
	}
	return nil
}

func (d Defect) String() string { return d.What + " " + d.Says }

// Depth says how closely files are examined. Each depth includes the ones before it.
type Depth int

// The depths.
const (
	BySize  Depth = iota // one stat of each file: before parts are linked
	ByMarks              // each file is opened once, some 30 µs, and 10 ms for the warehouse: sync, doctor
	BySum                // each file is read completely: verify
)

// Defects returns the defects of the published generation, without reading the state.
func (gs Generations) Defects(how Depth) Defects {
	if _, linked := gs.Linked(); !linked {
		if stands := gs.InPlaceOfLink(); stands != "" {
			return Defects{{Name: "generation replaced", What: lakedir.LinkName, Says: stands}}
		}
		return Defects{{Name: "generation missing", What: lakedir.LinkName, Says: "is missing"}}
	}
	g, _, ok := gs.Manifest()
	if !ok {
		return Defects{gs.manifestDefect()}
	}
	return gs.fileDefects(g, how)
}

// manifestDefect returns the defect of a manifest that cannot be read.
func (gs Generations) manifestDefect() Defect {
	d := Defect{Name: "manifest damaged", What: lakedir.LinkName + "/" + lakedir.ManifestName, Says: "is missing or damaged"}
	number, _ := gs.Linked()
	if _, _, err := readManifest(gs.path(number)); oserr.IsShortage(err) {
		d.err = err
	}
	return d
}

// fileDefects returns the defects of a generation's files.
func (gs Generations) fileDefects(g Generation, how Depth) Defects {
	found := gs.partDefects(g, how)
	if name, says, err := warehouseDefect(gs.path(g.Number, lakedir.WarehouseName), g.Warehouse, how); name != "" {
		found = append(found, Defect{"warehouse " + name, lakedir.LinkName + "/" + lakedir.WarehouseName, says, err})
	}
	return found
}

// DefectsOf returns the defects of some files of a generation, which are read completely.
func (gs Generations) DefectsOf(g Generation, files []File) Defects {
	g.Files, g.SchemasSum = files, ""
	return gs.partDefects(g, BySum)
}

// partDefects returns the defects of all files but the warehouse.
func (gs Generations) partDefects(g Generation, how Depth) (found Defects) {
	for _, f := range g.Files {
		if name, says, err := partDefect(gs.path(g.Number, filepath.FromSlash(f.Path)), f, how); name != "" {
			found = append(found, Defect{"partition file " + name, lakedir.LinkName + "/" + f.Path, says, err})
		}
	}
	if how > BySize && g.SchemasSum != "" {
		sum, err := sumFile(gs.path(g.Number, schemasName))
		if says := "is damaged"; err != nil || sum != g.SchemasSum {
			if errors.Is(err, os.ErrNotExist) {
				says = "is missing"
			}
			found = append(found, Defect{"schemas damaged", lakedir.LinkName + "/" + schemasName, says, oserr.OnlyShortage(err)})
		}
	}
	return found
}

func partDefect(path string, f File, how Depth) (name, says string, unknown error) {
	name, says, unknown = sizeDefect(path, f.Bytes)
	if name != "" || how == BySize {
		return name, says, unknown
	}
	if ok, err := parquetfile.IsMarked(path, f.Bytes); !ok {
		return "damaged", "is damaged", oserr.OnlyShortage(err)
	}
	if how == BySum && f.Sum != "" { // older versions stored no checksum
		if sum, err := sumFile(path); err != nil || sum != f.Sum {
			return "damaged", "is not as it was written", oserr.OnlyShortage(err)
		}
	}
	return "", "", nil
}

func warehouseDefect(path string, size int64, how Depth) (name, says string, unknown error) {
	name, says, unknown = sizeDefect(path, size)
	_, err := os.Stat(path + ".wal")
	switch {
	case name == "of another size":
		return "written to", says, unknown
	case name != "":
		return name, says, unknown
	case err == nil: // root may write despite the mode: readers then see its changes through the write-ahead log
		return "written to", "was written to", nil
	case how == BySize:
		return "", "", nil
	}
	db, err := OpenWarehouse(path)
	if err == nil {
		_, err = db.ExecContext(context.Background(), "SELECT count(*) FROM meta.tables")
		_ = db.Close() // opened for reading only
	}
	if err == nil || duck.IsTransient(err) && !oserr.IsShortage(err) {
		return "", "", nil
	}
	return "damaged", "does not open: " + strings.TrimPrefix(oserr.FirstLine(err), "open warehouse "+path+": "), oserr.OnlyShortage(err)
}

// sizeDefect checks whether a file exists and has the recorded size in bytes.
func sizeDefect(path string, size int64) (name, says string, unknown error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "missing", "is missing", nil //nolint:nilerr // the missing file is the finding
	case info.Size() == size:
		return "", "", nil
	}
	says = fmt.Sprintf("has %d bytes, and was made with %d", info.Size(), size)
	if cut, err := parquetfile.LacksEnd(path); info.Size() < size && (err != nil || cut) {
		return "truncated", says, oserr.OnlyShortage(err)
	}
	return "of another size", says, nil
}

// CheckPublished examines the published generation without reading its files
// completely, and returns the texts of its defects. If there are any, the next Publish
// writes every file anew. It returns none if nothing was ever published (Invariant 7).
func (s *State) CheckPublished(ctx context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, linked := s.lake.Generations().Linked(); !linked && s.lake.Generations().InPlaceOfLink() == "" {
		var published int64
		if err := s.db.One(ctx, []any{&published}, "SELECT generation FROM state.info"); err != nil || published == 0 {
			return nil, err
		}
	}
	found, err := s.lake.Generations().StrayDefects(ctx, s.db.Session)
	if err != nil {
		return nil, err
	}
	found = append(found, s.lake.Generations().Defects(ByMarks)...)
	if err := found.Unknown(); err != nil {
		return nil, err
	}
	s.distrusted = s.distrusted || len(found) > 0
	return found.Texts(), nil
}

// Texts returns the defects as texts for people.
func (all Defects) Texts() (texts []string) {
	for _, d := range all {
		texts = append(texts, d.String())
	}
	return texts
}

// InvalidatePublished makes the next Publish write every file anew. Otherwise an
// unchanged file would be linked from generation to generation, with its damage.
func (s *State) InvalidatePublished() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.distrusted = true
}
