package rawlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/stripelake/stripelake/load/internal/atomicfile"
)

// Rewriting says what to take out of a stream.
type Rewriting struct {
	Erase  func(*Raw) bool            // whether a version goes
	Cursor func(cursor string) string // a cursor without what must not be in it; every cursor of the stream passes
}

// Rewrite takes versions out of a stream for good. It is the one exception to
// segments being immutable, for an erasure and for [Log.DropSuperseded].
//
// A segment that held one is written again under its number, with its range of
// sequence numbers and a checksum of what is left; the footer counts the rows
// that are missing, so that the gap is known for what it is. A segment that loses all
// rows stays, for its number, its range and its cursor. Each is replaced by one
// rename: after a crash it is as before or as it should be (Invariant 2), and
// rewriting again does the rest.
//
// Segments that a compaction superseded are removed; so are the ones in a
// stream's folder under a temporary name, by OpenLog. It returns how many
// segments were written again.
func (g *Log) Rewrite(ctx context.Context, stream string, r Rewriting) (rewritten int, err error) {
	defer g.forget(stream) // what is known of its end is read again
	s, err := g.stream(stream)
	if err == nil {
		rewritten, err = g.rewriteSegments(ctx, s.dir, stream, r)
	}
	if err == nil {
		err = g.rewriteCursor(s.dir, r)
	}
	if err != nil {
		return rewritten, fmt.Errorf("rewrite %s/%s: %w", g.account, stream, err)
	}
	return rewritten, nil
}

func (g *Log) rewriteSegments(ctx context.Context, dir, stream string, r Rewriting) (rewritten int, err error) {
	if err := misnumbered(dir); err != nil { // nobody knows whose objects are in it
		return 0, err
	}
	segments, err := ListSegments(dir)
	if err != nil {
		return 0, err
	}
	if err := removeSuperseded(dir, segments); err != nil {
		return 0, err
	}
	for _, s := range segments {
		changed, err := g.rewriteSegment(ctx, s, stream, r)
		if err != nil {
			return rewritten, err
		}
		if changed {
			rewritten++
		}
	}
	return rewritten, nil
}

// rewriteSegment writes a segment again if it holds what must go. One segment
// is in memory at a time.
func (g *Log) rewriteSegment(ctx context.Context, s SegmentFile, stream string, r Rewriting) (bool, error) {
	f, _, foot, err := openSegment(s.Path, g.account, stream)
	if err != nil {
		return false, err
	}
	if err := f.Close(); err != nil {
		return false, err
	}
	var kept []Raw
	gone := uint64(0)
	err = readSegment(ctx, s, g.account, stream, func(b SegmentBatch, _ error) bool {
		n := len(b.Objects)
		b.Objects = slices.DeleteFunc(b.Objects, func(o Raw) bool { return r.Erase(&o) })
		gone += uint64(n - len(b.Objects))
		kept = append(kept, b.Objects...)
		return true
	})
	cursor := r.Cursor(foot.Cursor)
	if err != nil || gone == 0 && cursor == foot.Cursor {
		return false, err
	}
	foot.Forgotten += gone
	foot.Cursor = cursor
	g.writing.Lock()
	defer g.writing.Unlock()
	t := g.opts.Trace
	return true, atomicfile.Write(s.Path, atomicfile.Hooks{Written: t.SegmentWritten, Renamed: t.SegmentRenamed, Synced: t.SegmentSynced},
		func(w io.Writer) error { return writeSegment(w, g.codec, foot, kept) })
}

// rewriteCursor does for cursor.json what rewriteSegment does for footers.
func (g *Log) rewriteCursor(dir string, r Rewriting) error {
	var c CursorFile
	path := filepath.Join(dir, "cursor.json")
	err := atomicfile.ReadJSON(path, &c)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return damaged(path, err)
	}
	before := c.Cursor
	if c.Cursor = r.Cursor(before); c.Cursor == before {
		return nil
	}
	return atomicfile.WriteJSON(path, atomicfile.Hooks{}, c)
}

// removeSuperseded removes the segment files that a wider one has taken the
// place of.
func removeSuperseded(dir string, segments []SegmentFile) error {
	files, err := SegmentFiles(dir, func(string, error) error { return nil })
	if err != nil {
		return err
	}
	for _, file := range files {
		if !slices.Contains(segments, file) {
			err = errors.Join(err, os.Remove(file.Path))
		}
	}
	return err
}
