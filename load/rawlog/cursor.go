package rawlog

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
)

// CursorFile is the content of cursor.json: a cursor that moved past nothing new, and
// the newest segment at that time.
type CursorFile struct {
	AfterSegment uint64 `json:"after_segment"`
	Cursor       string `json:"cursor"`
}

// unreadableCursor replaces the cursor of a cursor.json that cannot be read. It also
// replaces the cursor of a stream whose folder holds a misnumbered file.
const unreadableCursor = "unreadable"

// Cursor returns the cursor at which extraction of a stream continues. It is empty
// before the stream's first page.
func (g *Log) Cursor(stream string) (string, error) {
	s, err := g.stream(stream)
	if err != nil {
		return "", fmt.Errorf("cursor of %s/%s: %w", g.account, stream, err)
	}
	return s.cursor, nil
}

// Cursors returns the cursor in the footer of each segment of a stream, newest first.
func (g *Log) Cursors(stream string) ([]string, error) {
	segments, err := ListSegments(g.opts.path(g.account, stream))
	if err != nil {
		return nil, err
	}
	var cursors []string
	for _, s := range slices.Backward(segments) {
		f, _, foot, err := openSegment(s.Path, g.account, stream)
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			return nil, err
		}
		cursors = append(cursors, foot.Cursor)
	}
	return cursors, nil
}

// readCursor prefers cursor.json over the newest segment's footer, but only while that
// segment is the newest. After a crash between an append and the removal of an older
// cursor.json the older cursor must not come back (Invariant 1).
func (s *streamLog) readCursor() error {
	var c CursorFile
	path := filepath.Join(s.dir, "cursor.json")
	if err := atomicfile.ReadJSON(path, &c); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return damaged(path, err)
	}
	if c.AfterSegment > s.newest {
		return hint.New(fmt.Sprintf("%s follows segment %d but the newest is %d", path, c.AfterSegment, s.newest),
			"restore the missing segments from a backup; without one, "+runRepair)
	}
	if c.AfterSegment == s.newest {
		s.cursor = c.Cursor
	}
	return nil
}
