package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// amiss says what is wrong with what people read, as far as that shows without
// reading it through: a file that is missing, of another size than it was made
// with, or without the marks of its format; a warehouse that does not open. It
// opens each file once: some 30 µs each, and 10 ms for the warehouse.
func (l *Lake) amiss() []string {
	if _, linked := l.linked(); !linked {
		return []string{cmp.Or(l.inPlaceOfLink(), linkName+" is missing")}
	}
	g, _, ok := l.manifest()
	if !ok {
		return []string{"current/" + manifestName + " is missing or damaged"}
	}
	found := l.filesAmiss(g, true)
	if !slices.ContainsFunc(found, func(what string) bool { return strings.HasPrefix(what, "current/"+warehouseName) }) {
		found = append(found, l.warehouseAmiss(l.generationPath(g.Number, warehouseName))...)
	}
	return found
}

// filesAmiss says what is wrong with the files of a generation, by their names
// and sizes; closely, by the marks of their format too.
func (l *Lake) filesAmiss(g Generation, closely bool) (found []string) {
	for _, f := range g.Files {
		if what := fileAmiss(l.generationPath(g.Number, filepath.FromSlash(f.Path)), f.Bytes, closely); what != "" {
			found = append(found, "current/"+f.Path+" "+what)
		}
	}
	path := l.generationPath(g.Number, warehouseName)
	what := fileAmiss(path, g.Warehouse, false)
	// Nothing stops root from writing: what it wrote shows to readers from its log.
	if _, err := os.Stat(path + ".wal"); what == "" && err == nil {
		what = "was written to"
	}
	if what != "" {
		found = append(found, "current/"+warehouseName+" "+what)
	}
	return found
}

func (l *Lake) warehouseAmiss(path string) []string {
	db, err := OpenWarehouse(path)
	if err == nil {
		_, err = db.ExecContext(context.Background(), "SELECT count(*) FROM meta.tables")
		_ = db.Close() // only read from
	}
	if err == nil || passing(err) {
		return nil
	}
	return []string{"current/" + warehouseName + " does not open: " + strings.TrimPrefix(firstLine(err), "open warehouse "+path+": ")}
}

// fileAmiss says what is wrong with a file, or nothing.
func fileAmiss(path string, size int64, parquet bool) string {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "is missing"
	case info.Size() != size:
		return fmt.Sprintf("has %d bytes, and was made with %d", info.Size(), size)
	case parquet && !marked(path, size):
		return "is damaged"
	}
	return ""
}

// marked reports whether a file begins and ends as Parquet does.
func marked(path string, size int64) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // only read from
	head, err1 := hasMark(f, 0)
	tail, err2 := hasMark(f, size-int64(len(parquetMark)))
	return err1 == nil && err2 == nil && head && tail
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
	found := s.lake.amiss()
	if g, sum, ok := s.lake.manifest(); ok {
		known, err := s.remembered(ctx, "work")
		if err != nil {
			return nil, err
		}
		if _, says := stray(g, sum, known); says != "" {
			found = append([]string{linkName + ": " + says}, found...)
		}
	}
	s.distrusted = s.distrusted || len(found) > 0
	return found, nil
}

// Distrust has the next Publish write every file anew: an unchanged one would
// else be linked from generation to generation, with whatever is wrong in it.
func (s *State) Distrust() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.distrusted = true
}
