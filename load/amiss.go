package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// defect is one thing that is wrong with what people read. A sync, doctor and
// verify go by the same list of them; they differ in how closely they look.
type defect struct {
	name string // as a finding is called: "partition file missing"
	what string // "current/charges/…"
	says string // "is missing"
}

func (d defect) String() string { return d.what + " " + d.says }

// depth is how closely files are looked at, each level with those before it.
type depth int

const (
	bySize  depth = iota // one look at the folder a file: before parts are linked
	byMarks              // each file opened once, some 30 µs, and 10 ms for the warehouse: sync, doctor
	bySum                // each file read through: verify
)

// defects are what is wrong with what people read, without asking the state.
func (l *Lake) defects(how depth) []defect {
	if _, linked := l.linked(); !linked {
		if stands := l.inPlaceOfLink(); stands != "" {
			return []defect{{"generation replaced", linkName, stands}}
		}
		return []defect{{"generation missing", linkName, "is missing"}}
	}
	g, _, ok := l.manifest()
	if !ok {
		return []defect{{"manifest damaged", linkName + "/" + manifestName, "is missing or damaged"}}
	}
	return l.fileDefects(g, how)
}

// fileDefects are what is wrong with the files of a generation.
func (l *Lake) fileDefects(g Generation, how depth) []defect {
	found := l.partDefects(g, how)
	if name, says := warehouseDefect(l.generationPath(g.Number, warehouseName), g.Warehouse, how); name != "" {
		found = append(found, defect{"warehouse " + name, linkName + "/" + warehouseName, says})
	}
	return found
}

// partDefects are those of all files but the warehouse.
func (l *Lake) partDefects(g Generation, how depth) (found []defect) {
	for _, f := range g.Files {
		if name, says := partDefect(l.generationPath(g.Number, filepath.FromSlash(f.Path)), f, how); name != "" {
			found = append(found, defect{"partition file " + name, linkName + "/" + f.Path, says})
		}
	}
	if how > bySize && g.SchemasSum != "" {
		sum, err := sumFile(l.generationPath(g.Number, schemasName))
		if says := "is damaged"; err != nil || sum != g.SchemasSum {
			if errors.Is(err, os.ErrNotExist) {
				says = "is missing"
			}
			found = append(found, defect{"schemas damaged", linkName + "/" + schemasName, says})
		}
	}
	return found
}

func partDefect(path string, f File, how depth) (name, says string) {
	name, says = sizeDefect(path, f.Bytes)
	switch {
	case name != "" || how == bySize:
		return name, says
	case !marked(path, f.Bytes):
		return "damaged", "is damaged"
	case how == bySum && f.Sum != "": // older versions kept none
		if sum, err := sumFile(path); err != nil || sum != f.Sum {
			return "damaged", "is not as it was written"
		}
	}
	return "", ""
}

func warehouseDefect(path string, size int64, how depth) (name, says string) {
	name, says = sizeDefect(path, size)
	_, err := os.Stat(path + ".wal")
	switch {
	case name == "of another size":
		return "written to", says
	case name != "":
		return name, says
	case err == nil: // nothing stops root from writing: what it wrote shows to readers from its log
		return "written to", "was written to"
	case how == bySize:
		return "", ""
	}
	db, err := OpenWarehouse(path)
	if err == nil {
		_, err = db.ExecContext(context.Background(), "SELECT count(*) FROM meta.tables")
		_ = db.Close() // only read from
	}
	if err == nil || passing(err) {
		return "", ""
	}
	return "damaged", "does not open: " + strings.TrimPrefix(firstLine(err), "open warehouse "+path+": ")
}

// sizeDefect says whether a file is there and as large as it was made.
func sizeDefect(path string, size int64) (name, says string) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "missing", "is missing"
	case info.Size() == size:
		return "", ""
	}
	says = fmt.Sprintf("has %d bytes, and was made with %d", info.Size(), size)
	if cut, err := lacksEnd(path); info.Size() < size && (err != nil || cut) {
		return "truncated", says
	}
	return "of another size", says
}

// marked reports whether a file begins and ends as Parquet does, with a footer
// where its end says that there is one.
func marked(path string, size int64) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // only read from
	head, err1 := hasMark(f, 0)
	begins, err2 := beginsFooter(f, size)
	return err1 == nil && err2 == nil && head && begins
}

// parquetMark is what a Parquet file begins and ends with.
const parquetMark = "PAR1"

// hasMark reports whether the mark stands at a place.
func hasMark(r io.ReaderAt, at int64) (bool, error) {
	var mark [len(parquetMark)]byte
	if _, err := r.ReadAt(mark[:], at); err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return string(mark[:]) == parquetMark, nil
}

// CheckPublished looks at what people read, without reading it through, and says
// what is wrong with it; the next Publish then writes every file anew. Nothing is
// wrong where nothing was ever published.
func (s *State) CheckPublished(ctx context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, linked := s.lake.linked(); !linked && s.lake.inPlaceOfLink() == "" {
		var published int64
		if err := s.one(ctx, []any{&published}, "SELECT generation FROM state.info"); err != nil || published == 0 {
			return nil, err
		}
	}
	found, err := s.lake.strayDefects(ctx, s.querier)
	if err != nil {
		return nil, err
	}
	found = append(found, s.lake.defects(byMarks)...)
	s.distrusted = s.distrusted || len(found) > 0
	return texts(found), nil
}

func texts(found []defect) (all []string) {
	for _, d := range found {
		all = append(all, d.String())
	}
	return all
}

// Distrust has the next Publish write every file anew: an unchanged one would
// else be linked from generation to generation, with whatever is wrong in it.
func (s *State) Distrust() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.distrusted = true
}
