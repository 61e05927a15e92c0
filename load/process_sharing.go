package load

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/filelock"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/internal/oserr"
)

// Processes that sync different accounts of one lake take turns with its state:
// one of them has the database open. Who wants it queues for the lock, so that
// who gives way is not the first to get it back.

// turn is how long a process keeps the state at least before it gives way. To
// close and open it costs a twentieth of that.
const turn = time.Second

// ErrRebuilt says that another process made the tables anew while this one had
// given way. Nothing is lost: what was read is in the log.
var ErrRebuilt = errors.New("another process made the tables anew meanwhile: run again")

// acquire gets the state's lock, in the order in which processes asked for it,
// or returns a *BusyError that names who holds it.
func (l *Lake) acquire(ctx context.Context, wait time.Duration) (*filelock.Lock, error) {
	const what = "state"
	path := l.path(lakedir.StateDir, "lock")
	queue, err := filelock.Wait(ctx, l.path(lakedir.StateDir, "queue"), what, wait, l.opts.Waiting)
	if busy := new(BusyError); errors.As(err, &busy) {
		busy.Holder = filelock.HolderOf(path) // rather than who is first in the queue
	}
	if err != nil {
		return nil, err
	}
	lock, err := filelock.Wait(ctx, path, what, wait, l.opts.Waiting)
	return lock, errors.Join(err, queue.Release())
}

// LockToLook is acquire for somebody who changes nothing. Where the lake cannot be
// written, which readOnly says, nothing is.
func (l *Lake) LockToLook(ctx context.Context) (lock *filelock.Lock, readOnly bool, err error) {
	if err = atomicfile.MakeDir(l.path(lakedir.StateDir)); err == nil {
		lock, err = l.acquire(ctx, l.opts.StateWait)
	}
	if !oserr.IsReadOnly(err) {
		return lock, false, err
	}
	lock, err = filelock.WaitFor(ctx, l.opts.StateWait, l.opts.Waiting, func() (*filelock.Lock, error) { return filelock.TryShared(l.path(lakedir.StateDir, "lock"), "state") })
	return lock, true, err
}

// Yield lets other processes have the state between calls, for as long as done
// is open. Calls made meanwhile wait. It returns ErrRebuilt, as does every call
// from then on, if the tables are no longer those that this process works on.
func (s *State) Yield(ctx context.Context, done <-chan struct{}) error {
	ticker := time.NewTicker(turn)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		waited, err := filelock.IsHeld(s.lake.path(lakedir.StateDir, "queue"))
		if err == nil && waited {
			err = s.yield(ctx)
		}
		if err != nil {
			return fmt.Errorf("share the state with another process: %w", err)
		}
	}
}

// yield closes the database, queues for it and opens it again.
func (s *State) yield(ctx context.Context) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		if err != nil {
			s.db.Lost = err
		}
	}()
	before, err := storedTables(ctx, s.db.Session)
	if err == nil {
		err = s.db.Close()
	}
	if err == nil {
		err = s.lock.Release()
		s.lock = nil
	}
	if err != nil {
		return err
	}
	if s.lock, err = s.lake.acquire(ctx, forever); err != nil {
		return err
	}
	if err := s.openInstance(ctx); err != nil {
		return err
	}
	return s.reacquire(ctx, before)
}

// reacquire attaches the state again, if its tables are still what they were.
func (s *State) reacquire(ctx context.Context, before []storedTable) error {
	path := s.lake.databasePath()
	if _, err := os.Stat(path); err != nil {
		return ErrRebuilt
	}
	var lineage string
	err := s.db.Run(ctx, duck.Attach(path, "work", "")...)
	if err == nil {
		err = s.db.One(ctx, []any{&lineage}, "SELECT lineage FROM state.info WHERE version = ?", StateVersion)
	}
	if err != nil || lineage != s.lineage {
		return errors.Join(ErrRebuilt, err)
	}
	after, err := storedTables(ctx, s.db.Session)
	if err != nil {
		return err
	}
	if !slices.EqualFunc(before, after, storedTable.builtAlike) {
		return ErrRebuilt
	}
	return s.loadPositions(ctx)
}

// lockNames are the locks in the private folder. They are never removed: two
// processes would lock two files of one name.
var lockNames = []string{"lake.lock", "lock", "members", "queue"}

const forever = 100 * 365 * 24 * time.Hour

// AtWork reports whether any process works on the state of the lake in dir, be
// it its turn or not: while none does, a run that has not ended never will. It
// makes and changes nothing; at worst a run that begins in the same moment leaves
// it to the next one to call an older run killed. An error is that the lock
// cannot be asked: fs.ErrPermission where it is closed to this user.
func AtWork(dir string) (bool, error) {
	held, err := filelock.IsHeld((&Lake{dir: dir}).path(lakedir.StateDir, "members"))
	if err != nil {
		return false, fmt.Errorf("ask who works on %s: %w", dir, err)
	}
	return held, nil
}

// register notes for as long as the process lives that it works on the state, be it
// its turn or not. alone is whether no other does; the caller holds the lock.
func (l *Lake) register() (member *os.File, alone bool, err error) {
	member, err = os.OpenFile(l.path(lakedir.StateDir, "members"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, false, err
	}
	alone = unix.Flock(int(member.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil
	if err := unix.Flock(int(member.Fd()), unix.LOCK_SH); err != nil {
		return nil, false, errors.Join(err, member.Close())
	}
	return member, alone, nil
}
