package rawlog

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/filelock"
	"github.com/stripelake/stripelake/load/internal/folder"
)

// Position is a position in a stream's log. It covers all segments up to and including
// Segment.
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

	// One segment is written at a time: a writer needs memory for a row group, and six
	// readers would need six.
	writing sync.Mutex

	mu      sync.Mutex // guards the map; the stream's only writer owns the entry
	streams map[string]*streamLog
}

// streamLog is the cached end of one stream.
type streamLog struct {
	dir     string
	newest  uint64 // number of the newest segment; 0 without segments
	lastSeq uint64
	cursor  string
}

// Lock takes the lock of an account's log. It waits as the options say; then it returns
// a *BusyError. It removes temporary files that a crash left. It does not check the
// segments, so damage is no error.
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
	g := &Log{opts: opts, account: account, lock: lock, streams: map[string]*streamLog{}}
	if err := atomicfile.SweepTemp(dir, folder.MaxLinks-1); err != nil {
		return nil, errors.Join(fmt.Errorf("open log of %s: %w", account, err), lock.Release())
	}
	return g, nil
}

// Open takes the lock as Lock does, and checks that every stream's segments are
// contiguous and the newest one can be opened.
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

// Account returns the account of the log.
func (g *Log) Account() string { return g.account }

// Close releases the lock.
func (g *Log) Close() error { return g.lock.Release() }

// stream returns the end of a stream. It reads it from disk on first use.
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
		s.cursor = unreadableCursor // an error only for a caller that continues from it
	} else if err != nil {
		return nil, err
	}
	if misnumbered(s.dir) != nil {
		s.cursor = unreadableCursor // likewise; verify and doctor name the file
	}
	g.streams[name] = s
	return s, nil
}

// forget drops the cached end of a stream after a failed write. The files on disk are
// the truth; the next use reads them again.
func (g *Log) forget(stream string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.streams, stream)
}
