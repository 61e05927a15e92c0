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

// Rewriting selects what a rewrite removes from a stream.
type Rewriting struct {
	Erase  func(*Raw) bool            // whether to remove a version
	Cursor func(cursor string) string // returns a cursor without what must not be in it; called for every cursor of the stream
}

// Rewrite removes versions from a stream for good. It is the one exception to immutable
// segments. Erasures and [Log.DropSuperseded] use it.
//
// A segment that holds such a version is written again under its number, with its range
// of sequence numbers and a checksum of the remaining rows. Its footer counts the
// missing rows, so that readers do not take the gap for damage. A segment that loses
// all rows stays, for its number, its range and its cursor. One rename replaces each
// segment: after a crash it is as before or as intended (Invariant 2), and a second
// rewrite does the rest.
//
// Rewrite also removes segments that a compaction superseded; [Lock] removes temporary
// files in a stream's folder. It returns the number of segments that it rewrote.
func (g *Log) Rewrite(ctx context.Context, stream string, r Rewriting) (rewritten int, err error) {
	defer g.forget(stream) // the end of the stream is read from disk again
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
	if err := misnumbered(dir); err != nil { // a misnumbered file may hold anybody's objects
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

// rewriteSegment rewrites a segment if it holds versions to remove. It keeps one
// segment in memory. It reports whether it rewrote it.
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
		func(w io.Writer) error { return writeSegment(w, foot, kept) })
}

// rewriteCursor rewrites cursor.json as rewriteSegment rewrites footers.
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

// removeSuperseded removes the segment files that a wider range replaced. segments are
// those to keep.
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
