package rawlog

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load/internal/folder"
)

// SegmentFile is the file of a segment, with the range of segment numbers that it
// covers. Bytes is its size on disk.
type SegmentFile struct {
	First, Last uint64
	Path        string
	Bytes       int64
}

var segmentName = regexp.MustCompile(`^(\d{8,19})-(\d{8,19})\.parquet$`)

// SegmentPath returns the path of a range of segments in the folder of its stream.
func SegmentPath(dir string, first, last uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%08d-%08d.parquet", first, last))
}

// ListSegments returns the segments of a stream in order. It leaves out a range inside
// a wider one: that was compacted into it. It also leaves out misnumbered files: those
// stop only the extraction of their stream (see [Log.Cursor]). A missing folder is a
// stream without segments. A gap in the numbers is an error.
func ListSegments(dir string) ([]SegmentFile, error) {
	spans, err := SegmentFiles(dir, func(_ string, err error) error {
		if errors.As(err, new(*misnumberedError)) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return contiguous(dir, spans)
}

// SegmentFiles returns the segment files in a folder, sorted by First; of two with the
// same First the wider one comes first. A missing folder has none. SegmentFiles calls
// foreign for each Parquet file that is not a segment; an error of foreign ends the
// listing.
func SegmentFiles(dir string, foreign func(path string, err error) error) ([]SegmentFile, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, folder.BrokenLink(dir)
	}
	if err != nil {
		return nil, err
	}
	var spans []SegmentFile
	for _, e := range entries {
		s, ok, err := parseSegment(dir, e)
		switch {
		case err != nil:
			if err := foreign(filepath.Join(dir, e.Name()), err); err != nil {
				return nil, err
			}
		case ok:
			spans = append(spans, s)
		}
	}
	slices.SortFunc(spans, func(a, b SegmentFile) int {
		return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(b.Last, a.Last))
	})
	return spans, nil
}

// misnumbered returns the error for a misnumbered file in the folder, or nil.
func misnumbered(dir string) error {
	_, err := SegmentFiles(dir, refuseForeign)
	if errors.As(err, new(*misnumberedError)) {
		return err
	}
	return nil
}

// refuseForeign ends a listing at a file that is not a segment.
func refuseForeign(_ string, err error) error { return err }

// misnumberedError is the error for a file with an impossible segment number, such as
// 0.
type misnumberedError struct{ path string }

func (e *misnumberedError) Error() string { return e.Hint().Error() }

// Hint returns the mistake and the advice for it.
func (e *misnumberedError) Hint() *hint.Error {
	return hint.New(e.path+" is not a segment: they are numbered from 1 upwards", "move it out of the log, or run stripelake verify --stripe --repair, which sets it aside")
}

func parseSegment(dir string, e fs.DirEntry) (SegmentFile, bool, error) {
	path := filepath.Join(dir, e.Name())
	if folder.IsLink(e) {
		return SegmentFile{}, false, folder.LinkedFile(path)
	}
	if filepath.Ext(path) != ".parquet" {
		return SegmentFile{}, false, nil
	}
	m := segmentName.FindStringSubmatch(e.Name())
	if m == nil {
		return SegmentFile{}, false, hint.New(path+" is not a segment", "move it out of the log")
	}
	first, err1 := strconv.ParseUint(m[1], 10, 63)
	last, err2 := strconv.ParseUint(m[2], 10, 63)
	if err1 == nil && err2 == nil && (first == 0 || last < first) {
		return SegmentFile{}, false, &misnumberedError{path}
	}
	info, err3 := e.Info()
	return SegmentFile{first, last, path, sizeOf(info)}, true, errors.Join(err1, err2, err3)
}

func sizeOf(info fs.FileInfo) int64 {
	if info == nil {
		return 0
	}
	return info.Size()
}

// contiguous checks Invariant 2: the segments of a stream follow each other from 1
// without a gap. spans must be sorted by First, the wider one first. It returns the
// segments that no other one supersedes.
func contiguous(dir string, spans []SegmentFile) ([]SegmentFile, error) {
	var kept []SegmentFile
	next := uint64(1)
	for _, s := range spans {
		switch {
		case s.Last < next: // compacted into an earlier one
			continue
		case s.First != next || s.Last < s.First:
			return nil, hint.New(fmt.Sprintf("%s: segment %d is missing before %s", dir, next, filepath.Base(s.Path)),
				"restore it from a backup; without one, "+runRepair)
		}
		kept = append(kept, s)
		next = s.Last + 1
	}
	return kept, nil
}
