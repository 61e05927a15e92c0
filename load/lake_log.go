package load

import (
	"context"
	"iter"

	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/rawlog"
)

// logOptions returns the lake's options for its logs.
func (l *Lake) logOptions() rawlog.Options {
	return rawlog.Options{
		Lake:         l.dir,
		SegmentBytes: l.opts.SegmentBytes, SegmentObjects: l.opts.SegmentObjects, CompactAfter: l.opts.CompactAfter,
		Wait: l.opts.LogWait, Waiting: l.opts.Waiting,
		MemoryLimit: l.opts.MemoryLimit, Threads: l.opts.Threads, Temp: l.path(lakedir.StateDir, "tmp"),
		Trace: l.opts.Trace,
	}
}

// LockLog takes the lock of an account's log. It waits as Options say; then it returns
// a *BusyError. It removes temporary files that a crash left. Damage is no error.
func (l *Lake) LockLog(ctx context.Context, account string) (*Log, error) {
	return rawlog.Lock(ctx, l.logOptions(), account)
}

// OpenLog takes the lock as LockLog does, and checks every stream's segments.
func (l *Lake) OpenLog(ctx context.Context, account string) (*Log, error) {
	return rawlog.Open(ctx, l.logOptions(), account)
}

// LogAccounts returns the accounts that have a folder in the log, sorted by name.
func (l *Lake) LogAccounts() ([]string, error) { return rawlog.Accounts(l.dir) }

// Streams returns the streams of an account that have a folder, sorted by name.
func (l *Lake) Streams(account string) ([]string, error) { return rawlog.Streams(l.dir, account) }

// Read reads a stream as [Log.Read] does, but without the lock: segments never change,
// so any process may read them at any time. It yields the segments that exist when it
// starts.
func (l *Lake) Read(ctx context.Context, account, stream string, after uint64) iter.Seq2[SegmentBatch, error] {
	return rawlog.Read(ctx, l.dir, account, stream, after)
}

// PendingRepairs returns the pending repairs of an account's log.
func (l *Lake) PendingRepairs(account string) ([]Loss, error) {
	return rawlog.PendingRepairs(l.dir, account)
}
