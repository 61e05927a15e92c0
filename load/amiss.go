package load

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// amiss says what is wrong with what people read, as far as that shows without
// reading it through: a file that is missing, of another size than it was made
// with, or without the marks of its format; a warehouse that does not open. It
// opens each file once: some 30 µs each, and 10 ms for the warehouse.
func (l *Lake) amiss() []string {
	number, ok := l.linked()
	if !ok {
		return []string{"current is missing"}
	}
	var g Generation
	if err := readJSON(l.generationPath(number, manifestName), &g); err != nil || g.Format != Format || g.Number != number {
		return []string{"current/" + manifestName + " is missing or damaged"}
	}
	var found []string
	for _, f := range g.Files {
		if what := fileAmiss(l.generationPath(number, filepath.FromSlash(f.Path)), f.Bytes, parquetMarks); what != "" {
			found = append(found, "current/"+f.Path+" "+what)
		}
	}
	if what := l.warehouseAmiss(l.generationPath(number, warehouseName), g.Warehouse); what != "" {
		found = append(found, "current/"+warehouseName+" "+what)
	}
	return found
}

func (l *Lake) warehouseAmiss(path string, size int64) string {
	if what := fileAmiss(path, size, nil); what != "" {
		return what
	}
	// Nothing stops root from writing: what it wrote shows to readers from its log.
	if _, err := os.Stat(path + ".wal"); err == nil {
		return "was written to"
	}
	db, err := OpenWarehouse(path)
	if err == nil {
		_, err = db.ExecContext(context.Background(), "SELECT count(*) FROM meta.tables")
		_ = db.Close() // only read from
	}
	if err == nil || passing(err) {
		return ""
	}
	return "does not open: " + strings.TrimPrefix(firstLine(err), "open warehouse "+path+": ")
}

// fileAmiss says what is wrong with a file, or nothing.
func fileAmiss(path string, size int64, marked func(*os.File, int64) bool) string {
	f, err := os.Open(path)
	if err != nil {
		return "is missing"
	}
	defer func() { _ = f.Close() }() // only read from
	info, err := f.Stat()
	switch {
	case err != nil:
		return "is unreadable: " + err.Error()
	case info.Size() != size:
		return fmt.Sprintf("has %d bytes, and was made with %d", info.Size(), size)
	case marked != nil && !marked(f, size):
		return "is damaged"
	}
	return ""
}

// parquetMarks reports whether a file begins and ends as Parquet does.
func parquetMarks(f *os.File, size int64) bool {
	const mark = "PAR1"
	var head, tail [len(mark)]byte
	_, err1 := f.ReadAt(head[:], 0)
	_, err2 := f.ReadAt(tail[:], size-int64(len(mark)))
	return err1 == nil && err2 == nil && string(head[:]) == mark && string(tail[:]) == mark
}

// CheckPublished looks at what people read, without reading it through, and says
// what is wrong with it; the next Publish then writes every file anew. Nothing is
// wrong where nothing was ever published.
func (s *State) CheckPublished(ctx context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, linked := s.lake.linked(); !linked {
		var published int64
		if err := s.one(ctx, []any{&published}, "SELECT generation FROM state.info"); err != nil || published == 0 {
			return nil, err
		}
	}
	found := s.lake.amiss()
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
