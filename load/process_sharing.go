package load

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/filelock"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/internal/oserr"
)

// Processes that sync different accounts of one lake take turns with its state: one of
// them has the database open. A process that wants the state waits in a queue for the
// lock, so that the one that yields does not get it back first.

// turn is the shortest time that a process keeps the state before it yields. Closing
// and opening the database takes a twentieth of it.
const turn = time.Second

// ErrRebuilt is the error if another process rebuilt the tables after this one yielded.
// Nothing is lost: the objects that were read are in the log.
var ErrRebuilt error = hint.New("another process made the tables anew meanwhile", "run again")

// acquire takes the state's lock, in the order in which processes asked for it. After
// wait it returns a *BusyError that names the holder.
func (l *Lake) acquire(ctx context.Context, wait time.Duration) (*filelock.Lock, error) {
	const what = "state"
	path := l.path(lakedir.StateDir, "lock")
	queue, err := filelock.Wait(ctx, l.path(lakedir.StateDir, "queue"), what, wait, l.opts.Waiting)
	if busy := new(BusyError); errors.As(err, &busy) {
		busy.Holder = filelock.HolderOf(path) // not the first in the queue
	}
	if err != nil {
		return nil, err
	}
	lock, err := filelock.Wait(ctx, path, what, wait, l.opts.Waiting)
	return lock, errors.Join(err, queue.Release())
}

// LockToLook takes the state's lock for a caller that changes nothing. If the lake
// cannot be written, readOnly is true, the lock is a shared one, and nothing is
// written.
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

// Yield lets other processes use the state between calls, until done is closed. Calls
// wait meanwhile. If the tables are no longer those that this process works on, Yield
// and every later call return ErrRebuilt.
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

// yield closes the database, queues for the lock and opens the database again.
func (s *State) yield(ctx context.Context) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.comparing.Lock()
	defer s.comparing.Unlock()
	defer func() {
		if err != nil {
			s.db.Lost = err
		}
	}()
	before, err := storedTables(ctx, s.db.Session)
	if err == nil {
		err = s.closeDatabase()
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

// reacquire attaches the state again. It returns ErrRebuilt if its tables have changed.
func (s *State) reacquire(ctx context.Context, before []storedTable) error {
	path := s.lake.databasePath()
	if _, err := os.Stat(path); err != nil {
		return ErrRebuilt
	}
	var lineage string
	err := s.db.Run(ctx, duck.Attach(path, "work", duck.OfState)...)
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

// lockNames are the locks in the private folder. They are never removed: otherwise two
// processes could lock two files of one name.
var lockNames = []string{"lake.lock", "lock", "members", "queue"}

const forever = 100 * 365 * 24 * time.Hour

// AtWork reports whether any process works on the state of the lake in dir, even while
// another one has its turn. If none does, a run that has not ended never will. AtWork
// changes nothing. At worst a run that begins at the same moment does not mark an older
// run as killed, and the next run does. The error is fs.ErrPermission if this user may
// not open the lock.
func AtWork(dir string) (bool, error) {
	held, err := filelock.IsHeld((&Lake{dir: dir}).path(lakedir.StateDir, "members"))
	if err != nil {
		return false, fmt.Errorf("ask who works on %s: %w", dir, err)
	}
	return held, nil
}

// register records, as long as the process lives, that it works on the state, even
// while another one has its turn. alone reports that no other process does. The caller
// must hold the lock.
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
