package rawlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"

	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/filelock"
	"github.com/stripelake/stripelake/load/internal/folder"
)

// Position is a place in the log: everything of a stream up to and with a segment.
type Position struct {
	Account string `json:"account"`
	Stream  string `json:"stream"`
	Segment uint64 `json:"segment"` // from 1; 0 is before the first
}

// Log is the raw log of one account, open for appending by one process. Its
// methods may be called from any goroutine, but a stream has one writer.
type Log struct {
	opts    Options
	account string
	lock    *filelock.Lock

	// One segment is compressed at a time, and by the same encoder: each brings a
	// window of many megabytes, and six readers would bring six.
	writing sync.Mutex
	codec   *zstd.Codec

	mu      sync.Mutex // guards the map; what an entry holds belongs to the stream's writer
	streams map[string]*streamLog
}

// streamLog is what a Log knows of the end of one stream.
type streamLog struct {
	dir     string
	newest  uint64 // segment
	lastSeq uint64
	cursor  string
}

// CursorFile is cursor.json: a cursor that moved over nothing new.
type CursorFile struct {
	AfterSegment uint64 `json:"after_segment"`
	Cursor       string `json:"cursor"`
}

// Lock takes the lock of an account's log, waiting as the options say, or
// returns a *BusyError. It removes what a crash left half written, and does not
// mind what is damaged.
func Lock(ctx context.Context, opts Options, account string) (*Log, error) {
	if err := CheckAccount(account); err != nil {
		return nil, err
	}
	dir := opts.path(account)
	if err := atomicfile.MakeDir(dir); err != nil {
		return nil, fmt.Errorf("open log of %s: %w", account, err)
	}
	lock, err := filelock.Wait(ctx, filepath.Join(dir, "lock"), "log of "+account, opts.Wait, opts.Waiting)
	if err != nil {
		return nil, err
	}
	g := &Log{
		opts: opts, account: account, lock: lock, streams: map[string]*streamLog{},
		// As small as the default level on Stripe's JSON, and faster.
		codec: &zstd.Codec{Level: zstd.SpeedFastest, Concurrency: 1},
	}
	if err := atomicfile.SweepTemp(dir, folder.MaxLinks-1); err != nil {
		return nil, errors.Join(fmt.Errorf("open log of %s: %w", account, err), lock.Release())
	}
	return g, nil
}

// Open is Lock, and checks every stream's segments.
func Open(ctx context.Context, opts Options, account string) (_ *Log, err error) {
	g, err := Lock(ctx, opts, account)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open log of %s: %w", account, err), g.Close())
		}
	}()
	streams, err := g.Streams()
	if err != nil {
		return nil, err
	}
	for _, stream := range streams {
		if _, err := g.stream(stream); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// Account returns whose log it is.
func (g *Log) Account() string { return g.account }

// Close drops the lock.
func (g *Log) Close() error { return g.lock.Release() }

// Full reports whether a segment of so many objects and bytes of raw JSON
// should end here.
func (g *Log) Full(objects, bytes int) bool {
	return objects >= g.opts.SegmentObjects || bytes >= g.opts.SegmentBytes
}

// stream returns the end of a stream, read from disk on first use.
func (g *Log) stream(name string) (*streamLog, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s, ok := g.streams[name]; ok {
		return s, nil
	}
	if !streamName.MatchString(name) {
		return nil, fmt.Errorf("stream %q: only lower-case letters, digits and _", name)
	}
	s := &streamLog{dir: g.opts.path(g.account, name)}
	segments, err := ListSegments(s.dir) // Invariant 2 is checked here
	if err != nil {
		return nil, err
	}
	if len(segments) > 0 {
		last := segments[len(segments)-1]
		f, _, foot, err := openSegment(last.Path, g.account, name)
		if err != nil {
			return nil, err
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
		s.newest, s.lastSeq, s.cursor = last.Last, foot.LastSeq, foot.Cursor
	}
	err = s.readCursor()
	if errors.As(err, new(*DamagedError)) {
		s.cursor = unreadableCursor // concerns whoever goes on from it, and nobody else
	} else if err != nil {
		return nil, err
	}
	if misnumbered(s.dir) != nil {
		s.cursor = unreadableCursor // the same: verify and doctor name the file
	}
	g.streams[name] = s
	return s, nil
}

// unreadableCursor stands for the one in a cursor.json that is none, and for that of a
// stream which holds a file that is none of its segments.
const unreadableCursor = "unreadable"

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

// forget drops what is known of a stream after a failed write: what is on disk
// is the truth, and it is read again before the next use.
func (g *Log) forget(stream string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.streams, stream)
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

// Append makes objects and the cursor that follows them durable in one rename:
// after an error or a crash neither is there, or both are (Invariant 1). It
// sets each object's Seq. An empty append is an error: a cursor that moved
// over nothing goes to MoveCursor.
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
		func(w io.Writer) error { return writeSegment(w, g.codec, foot, objects) })
	if err != nil {
		return Position{}, err
	}
	s.newest, s.lastSeq, s.cursor = n, foot.LastSeq, cursor
	return Position{g.account, stream, n}, nil
}

// MoveCursor keeps a cursor that advanced over nothing new, without a segment.
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

// Cursor returns where extraction of a stream goes on; empty before its first page.
func (g *Log) Cursor(stream string) (string, error) {
	s, err := g.stream(stream)
	if err != nil {
		return "", fmt.Errorf("cursor of %s/%s: %w", g.account, stream, err)
	}
	return s.cursor, nil
}

// Newest returns the position of a stream's newest segment.
func (g *Log) Newest(stream string) (Position, error) {
	s, err := g.stream(stream)
	if err != nil {
		return Position{}, fmt.Errorf("newest segment of %s/%s: %w", g.account, stream, err)
	}
	return Position{g.account, stream, s.newest}, nil
}

// Streams returns the streams of the account that have a folder, by name.
func (g *Log) Streams() ([]string, error) { return Streams(g.opts.Lake, g.account) }

// Accounts returns the accounts that have a folder in the log of a lake, by name.
func Accounts(lake string) ([]string, error) {
	return folder.Subdirs(Options{Lake: lake}.path())
}

// Streams returns the streams of an account that have a folder, by name.
func Streams(lake, account string) ([]string, error) {
	return folder.Subdirs(Options{Lake: lake}.path(account))
}

// Newest returns the last segment of a stream; 0 if there is none.
func Newest(lake, account, stream string) (uint64, error) {
	segments, err := ListSegments(Options{Lake: lake}.path(account, stream)) // Invariant 2 is checked here
	if err != nil || len(segments) == 0 {
		return 0, err
	}
	return segments[len(segments)-1].Last, nil
}
