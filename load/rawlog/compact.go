package rawlog

import (
	"context"
	"fmt"
	"io"

	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/trace"
)

// Tidy compacts a stream once it has CompactAfter small segments. Without it a lake
// that is synced often would have a file for each sync. merged and into are as for
// [Log.Compact].
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

// Compact merges neighbouring small segments into segments of full size. A merged
// segment has all their rows with their sequence numbers, and the cursor of the last
// one. Its name is a range that supersedes theirs: after a crash the stream reads as it
// did before the merge or as after it (Invariant 2). Compact returns the number of
// segments that it merged, and the number that it merged them into.
//
// Only the holder of the state's lock may call it. That way no other process reads
// segments from a list that is older than the compaction.
func (g *Log) Compact(ctx context.Context, stream string) (merged, into int, err error) {
	defer g.forget(stream) // the end of the stream is read from disk again
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

// runs returns the ranges of neighbouring segments that are worth merging. It estimates
// a segment's JSON from its size on disk, which is about a tenth of it.
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
		func(w io.Writer) error { return writeSegment(w, foot, objects) })
	if err == nil {
		err = g.sweepSuperseded(stream)
	}
	if err == nil {
		trace.Hit(t.SegmentsMerged)
	}
	return err
}
