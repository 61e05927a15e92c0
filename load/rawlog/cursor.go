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

// CursorFile is cursor.json: a cursor that moved over nothing new.
type CursorFile struct {
	AfterSegment uint64 `json:"after_segment"`
	Cursor       string `json:"cursor"`
}

// unreadableCursor stands for the one in a cursor.json that is none, and for that of a
// stream which holds a file that is none of its segments.
const unreadableCursor = "unreadable"

// Cursor returns where extraction of a stream goes on; empty before its first page.
func (g *Log) Cursor(stream string) (string, error) {
	s, err := g.stream(stream)
	if err != nil {
		return "", fmt.Errorf("cursor of %s/%s: %w", g.account, stream, err)
	}
	return s.cursor, nil
}

// Cursors returns the cursors that the segments of a stream end with, newest first.
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

// readCursor prefers cursor.json over the newest segment's footer, but only
// while that segment is the newest: a crash between an append and the removal
// of an older cursor.json must not bring the older cursor back (Invariant 1).
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
