package rawlog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/oserr"
	"github.com/stripelake/stripelake/load/internal/trace"
)

// Losses finds the ranges of segments of a stream that are missing or cannot be read.
// It derives their sequence numbers from their neighbours. It reads the whole stream.
// seen is the newest segment that any record mentions. applied is the segment up to
// which the state holds the stream, 0 without a usable state. highest is the highest
// sequence number in the state.
//
// Some segments are an error, not damaged: one that a newer program wrote, and one that
// this process is not allowed to or cannot open. Intact segments with swapped numbers
// are an error too: it is enough to rename them.
func (g *Log) Losses(ctx context.Context, stream string, seen, applied, highest uint64) ([]Loss, error) {
	dir := g.opts.path(g.account, stream)
	files, err := SegmentFiles(dir, refuseForeign)
	if err != nil {
		return nil, fmt.Errorf("find losses: %w", err)
	}
	f := damageFinder{Log: g, dir: dir, stream: stream, found: time.Now().UTC().Truncate(time.Second)}
	for _, s := range files {
		if s.Last < f.next() {
			continue // compacted into an earlier segment
		}
		f.missing(s.First - 1)
		if err := f.look(ctx, s); err != nil {
			return nil, fmt.Errorf("find losses: %w", err)
		}
	}
	var cursor CursorFile
	if err := atomicfile.ReadJSON(filepath.Join(dir, "cursor.json"), &cursor); oserr.IsShortage(err) { // a damaged one holds no information
		return nil, fmt.Errorf("find losses: %w", err)
	}
	f.missing(max(seen, applied, cursor.AfterSegment))
	f.close(0)
	return f.number(applied, highest), nil
}

// damageFinder walks the segments of a stream and collects the losses.
type damageFinder struct {
	*Log
	dir, stream string
	found       time.Time
	last        uint64 // number of the last segment that was examined
	lastSeq     uint64 // last seq of the last intact segment
	run         *Loss  // the loss that is not closed yet; nil if none
	losses      []Loss
}

func (f *damageFinder) next() uint64 { return f.last + 1 }

// missing records that the segments from next up to upTo are missing.
func (f *damageFinder) missing(upTo uint64) {
	if upTo < f.next() {
		return
	}
	f.lose(f.next(), upTo, Damage{File: f.opts.relative(SegmentPath(f.dir, f.next(), upTo)), Says: "it is missing"})
}

func (f *damageFinder) lose(first, last uint64, d Damage) {
	if f.run == nil {
		f.run = &Loss{Account: f.account, Stream: f.stream, First: first, FirstSeq: f.lastSeq + 1, Found: f.found}
	}
	f.run.Last, f.last = last, last
	f.run.Damage = append(f.run.Damage, d)
}

// close ends the open loss before an intact segment that begins with firstSeq. A
// firstSeq of 0 means the end of the stream.
func (f *damageFinder) close(firstSeq uint64) {
	if f.run == nil {
		return
	}
	f.run.Newest, f.run.LastSeq = firstSeq == 0, f.lastSeq
	if !f.run.Newest {
		f.run.LastSeq = firstSeq - 1
	}
	f.losses = append(f.losses, *f.run)
	f.run = nil
}

// look reads a segment and records a loss if it is damaged.
func (f *damageFinder) look(ctx context.Context, s SegmentFile) error {
	foot, err := f.readThrough(ctx, s)
	switch {
	case ctx.Err() != nil || errors.Is(err, ErrNewerFormat) || errors.Is(err, fs.ErrPermission) || oserr.IsShortage(err):
		return cmp.Or(ctx.Err(), err)
	case err == nil && foot.FirstSeq <= f.lastSeq && foot.LastSeq <= f.lastSeq && foot.Rows() > 0:
		err = fmt.Errorf("it holds what another segment holds, seq %d to %d", foot.FirstSeq, foot.LastSeq)
	case err == nil && f.run == nil && foot.FirstSeq != f.lastSeq+1:
		return hint.New(fmt.Sprintf("%s begins with seq %d, and what is before it ends with %d", s.Path, foot.FirstSeq, f.lastSeq), "run stripelake verify, which says which files to rename")
	}
	if err != nil {
		f.lose(s.First, s.Last, Damage{
			File: f.opts.relative(s.Path), Says: oserr.FirstLine(Cause(err)), Kept: f.opts.relative(s.Path) + atomicfile.DamagedSuffix,
		})
		return nil
	}
	f.close(foot.FirstSeq)
	f.last, f.lastSeq = s.Last, foot.LastSeq
	return nil
}

// readThrough reads a segment to its end and returns its footer.
func (f *damageFinder) readThrough(ctx context.Context, s SegmentFile) (Footer, error) {
	file, _, foot, err := openSegment(s.Path, f.account, f.stream)
	if err != nil {
		return Footer{}, err
	}
	if err := file.Close(); err != nil {
		return Footer{}, err
	}
	return foot, readSegment(ctx, s, f.account, f.stream, func(SegmentBatch, error) bool { return true })
}

// number computes how many versions each loss has, as far as that is known.
func (f *damageFinder) number(applied, highest uint64) []Loss {
	for i := range f.losses {
		x := &f.losses[i]
		x.Known = applied >= x.Last
		if x.Newest && x.Known {
			x.LastSeq = max(x.FirstSeq-1, highest)
		}
		x.Versions = x.LastSeq + 1 - x.FirstSeq
	}
	return f.losses
}

// Quarantine replaces the range of a loss by one segment without rows, with the same
// numbers and the same range of sequence numbers (Invariant 2). It renames the damaged
// files. It does the same with cursor.json if that follows a lost segment or cannot be
// read: extraction then continues from the segment before the loss. A second call after
// a crash does the remaining steps.
func (g *Log) Quarantine(ctx context.Context, x Loss) error {
	defer g.forget(x.Stream)
	if err := g.quarantine(ctx, x); err != nil {
		return fmt.Errorf("set aside %s/%s %s: %w", x.Account, x.Stream, RangeText(x.First, x.Last), err)
	}
	return nil
}

func (g *Log) quarantine(ctx context.Context, x Loss) error {
	dir := g.opts.path(x.Account, x.Stream)
	place := SegmentPath(dir, x.First, x.Last)
	f := damageFinder{Log: g, dir: dir, stream: x.Stream}
	foot, err := f.readThrough(ctx, SegmentFile{First: x.First, Last: x.Last, Path: place})
	if err != nil || foot.FirstSeq != x.FirstSeq || foot.LastSeq != x.LastSeq || foot.Lost == 0 && x.Versions > 0 {
		if err := g.replace(x, dir, place); err != nil {
			return err
		}
	}
	return g.dropCursor(x, dir)
}

func (g *Log) replace(x Loss, dir, place string) error {
	for _, d := range x.Damage {
		if d.Kept == "" {
			continue
		}
		from, to := filepath.Join(g.opts.Lake, filepath.FromSlash(d.File)), filepath.Join(g.opts.Lake, filepath.FromSlash(d.Kept))
		if err := os.Rename(from, to); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	trace.Hit(g.opts.Trace.LossSetAside)
	cursor, err := g.cursorBefore(x, dir)
	if err != nil {
		return err
	}
	foot := Footer{
		Account: x.Account, Stream: x.Stream, FirstSeq: x.FirstSeq, LastSeq: x.LastSeq, Cursor: cursor,
		Forgotten: x.Versions, Lost: x.Versions,
	}
	g.writing.Lock()
	defer g.writing.Unlock()
	t := g.opts.Trace
	return atomicfile.Write(place, atomicfile.Hooks{Written: t.SegmentWritten, Renamed: t.SegmentRenamed, Synced: t.SegmentSynced},
		func(w io.Writer) error { return writeSegment(w, foot, nil) })
}

// cursorBefore returns the cursor of the segment before a loss. It ignores damage after
// the loss. Extraction from there reads the content of the newest segment again.
func (g *Log) cursorBefore(x Loss, dir string) (string, error) {
	if x.First == 1 {
		return "", nil
	}
	files, err := SegmentFiles(dir, func(string, error) error { return nil })
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(files, func(s SegmentFile) bool { return s.Last == x.First-1 })
	if i < 0 {
		return "", fmt.Errorf("segment %d, before it, is not there", x.First-1)
	}
	file, _, foot, err := openSegment(files[i].Path, x.Account, x.Stream)
	if err != nil {
		return "", err
	}
	return foot.Cursor, file.Close()
}

// QuarantineMisnumbered renames the files of a stream that have an impossible segment
// number. It returns their new names, as paths relative to the lake.
func (g *Log) QuarantineMisnumbered(stream string) (kept []string, err error) {
	defer g.forget(stream)
	_, err = SegmentFiles(g.opts.path(g.account, stream), func(path string, err error) error {
		if !errors.As(err, new(*misnumberedError)) {
			return err
		}
		kept = append(kept, g.opts.relative(path)+atomicfile.DamagedSuffix)
		return os.Rename(path, path+atomicfile.DamagedSuffix)
	})
	if err != nil {
		return kept, fmt.Errorf("set aside: %w", err)
	}
	return kept, nil
}

// dropCursor puts cursor.json into quarantine if the log no longer holds the objects
// that it follows (Invariants 1 and 9).
func (g *Log) dropCursor(x Loss, dir string) error {
	var c CursorFile
	path := filepath.Join(dir, "cursor.json")
	err := atomicfile.ReadJSON(path, &c)
	if oserr.IsShortage(err) {
		return err
	}
	if errors.Is(err, fs.ErrNotExist) || err == nil && (!x.Newest || x.Known || c.AfterSegment < x.First) {
		return nil
	}
	return os.Rename(path, path+atomicfile.DamagedSuffix)
}

// QuarantineCursor puts a cursor.json that cannot be read into quarantine. The newest
// segment has a cursor too.
func (g *Log) QuarantineCursor(stream string) error {
	defer g.forget(stream)
	path := g.opts.path(g.account, stream, "cursor.json")
	if err := os.Rename(path, path+atomicfile.DamagedSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("set aside: %w", err)
	}
	return nil
}
