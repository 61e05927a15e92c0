package rawlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/stripelake/stripelake/load/internal/atomicfile"
)

// Full reports whether a segment should end here. objects counts objects, bytes counts
// bytes of raw JSON.
func (g *Log) Full(objects, bytes int) bool {
	return objects >= g.opts.SegmentObjects || bytes >= g.opts.SegmentBytes
}

// Append makes objects and the cursor that follows them durable in one rename. After an
// error or a crash the log holds both or neither (Invariant 1). Append sets each
// object's Seq. An append without objects is an error: use MoveCursor for a cursor that
// moved past nothing new.
func (g *Log) Append(ctx context.Context, stream string, objects []Raw, cursor string) (Position, error) {
	p, err := g.append(ctx, stream, objects, cursor)
	if err != nil {
		g.forget(stream)
		return Position{}, fmt.Errorf("append %d objects to %s/%s: %w", len(objects), g.account, stream, err)
	}
	return p, nil
}

func (g *Log) append(ctx context.Context, stream string, objects []Raw, cursor string) (Position, error) {
	if err := ctx.Err(); err != nil {
		return Position{}, err
	}
	if len(objects) == 0 {
		return Position{}, errors.New("no objects: move the cursor instead")
	}
	s, err := g.stream(stream)
	if err != nil {
		return Position{}, err
	}
	if err := atomicfile.MakeDir(s.dir); err != nil {
		return Position{}, err
	}
	for i := range objects {
		objects[i].Seq = s.lastSeq + uint64(i) + 1
	}
	foot := Footer{
		Account: g.account, Stream: stream, Cursor: cursor,
		FirstSeq: s.lastSeq + 1, LastSeq: s.lastSeq + uint64(len(objects)),
	}
	g.writing.Lock()
	defer g.writing.Unlock()
	t := g.opts.Trace
	n := s.newest + 1
	err = atomicfile.Write(SegmentPath(s.dir, n, n), atomicfile.Hooks{Written: t.SegmentWritten, Renamed: t.SegmentRenamed, Synced: t.SegmentSynced},
		func(w io.Writer) error { return writeSegment(w, foot, objects) })
	if err != nil {
		return Position{}, err
	}
	s.newest, s.lastSeq, s.cursor = n, foot.LastSeq, cursor
	return Position{g.account, stream, n}, nil
}

// MoveCursor saves a cursor that advanced past nothing new in cursor.json, without a
// segment.
func (g *Log) MoveCursor(stream, cursor string) error {
	s, err := g.stream(stream)
	if err == nil && s.cursor == cursor {
		return nil
	}
	if err == nil {
		err = atomicfile.MakeDir(s.dir)
	}
	if err == nil {
		err = atomicfile.WriteJSON(filepath.Join(s.dir, "cursor.json"), atomicfile.Hooks{Synced: g.opts.Trace.CursorMoved},
			CursorFile{AfterSegment: s.newest, Cursor: cursor})
	}
	if err != nil {
		g.forget(stream)
		return fmt.Errorf("move cursor of %s/%s: %w", g.account, stream, err)
	}
	s.cursor = cursor
	return nil
}
