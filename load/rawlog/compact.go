package rawlog

import (
	"context"
	"fmt"
	"io"

	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/trace"
)

// Tidy compacts a stream that has come to many small segments: a lake that is
// synced often would else have a file for each sync.
func (g *Log) Tidy(ctx context.Context, stream string) (merged, into int, err error) {
	runs, err := g.runs(stream)
	if err != nil {
		return 0, 0, err
	}
	small := 0
	for _, run := range runs {
		small += len(run)
	}
	if small < g.opts.CompactAfter {
		return 0, 0, nil
	}
	return g.Compact(ctx, stream)
}

// Compact merges neighbouring small segments, as many as make a full one. The
// merged segment has all their rows with their sequence numbers, the cursor of
// the last, and a range as its name that supersedes theirs: after a crash the
// stream is read as before or as it should be (Invariant 2). It returns how many
// segments became how many.
//
// Only who holds the state may call it: nobody else reads segments whose list
// is older than the compaction.
func (g *Log) Compact(ctx context.Context, stream string) (merged, into int, err error) {
	defer g.forget(stream) // what is known of its end is read again
	runs, err := g.runs(stream)
	for _, run := range runs {
		if err == nil {
			err = g.mergeRun(ctx, stream, run)
		}
		merged, into = merged+len(run), into+1
	}
	if err == nil {
		err = g.sweepSuperseded(stream) // of a compaction that was killed, too
	}
	if err != nil {
		return 0, 0, fmt.Errorf("compact %s/%s: %w", g.account, stream, err)
	}
	return merged, into, nil
}

func (g *Log) sweepSuperseded(stream string) error {
	s, err := g.stream(stream)
	if err != nil {
		return err
	}
	segments, err := ListSegments(s.dir)
	if err != nil {
		return err
	}
	return removeSuperseded(s.dir, segments)
}

// runs finds neighbours that are worth merging. A segment's size on disk stands
// for its JSON, which is some ten times as much.
func (g *Log) runs(stream string) (runs [][]SegmentFile, err error) {
	s, err := g.stream(stream)
	if err != nil {
		return nil, err
	}
	segments, err := ListSegments(s.dir)
	if err != nil {
		return nil, err
	}
	full := int64(g.opts.SegmentBytes / 10)
	var run []SegmentFile
	size := int64(0)
	end := func() {
		if len(run) > 1 {
			runs = append(runs, run)
		}
		run, size = nil, 0
	}
	for _, segment := range segments {
		if size+segment.Bytes > full {
			end()
		}
		run, size = append(run, segment), size+segment.Bytes
	}
	end()
	return runs, nil
}

func (g *Log) mergeRun(ctx context.Context, stream string, run []SegmentFile) error {
	var foot Footer
	var objects []Raw
	for i, segment := range run {
		f, _, one, err := openSegment(segment.Path, g.account, stream)
		if err == nil {
			err = f.Close()
		}
		if err == nil {
			err = readSegment(ctx, segment, g.account, stream, func(b SegmentBatch, _ error) bool {
				objects = append(objects, b.Objects...)
				return true
			})
		}
		if err != nil {
			return err
		}
		if i == 0 {
			foot = one
			continue
		}
		foot.LastSeq, foot.Cursor = one.LastSeq, one.Cursor
		foot.Forgotten, foot.Lost = foot.Forgotten+one.Forgotten, foot.Lost+one.Lost
	}
	s, err := g.stream(stream)
	if err != nil {
		return err
	}
	g.writing.Lock()
	defer g.writing.Unlock()
	t := g.opts.Trace
	err = atomicfile.Write(SegmentPath(s.dir, run[0].First, run[len(run)-1].Last), atomicfile.Hooks{Written: t.SegmentWritten, Renamed: t.SegmentRenamed, Synced: t.SegmentSynced},
		func(w io.Writer) error { return writeSegment(w, g.codec, foot, objects) })
	if err == nil {
		err = g.sweepSuperseded(stream)
	}
	if err == nil {
		trace.Hit(t.SegmentsMerged)
	}
	return err
}
