package filelock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/oserr"
)

// Holder identifies the process that holds a lock.
type Holder struct {
	PID   int       `json:"pid"`
	Since time.Time `json:"since"` // UTC
}

// BusyError is the error for a lock of the lake that another process holds. The caller
// can only try again later; the kernel drops the lock when its process ends.
type BusyError struct {
	What   string // the locked thing: "log of acct_1", "state"
	Holder Holder // zero if the holder has not yet written its name
}

func (e *BusyError) Error() string { return e.Hint().Error() }

// Hint returns the holder of the lock and the advice.
func (e *BusyError) Hint() *hint.Error {
	by := "another process"
	if e.Holder.PID != 0 {
		by = fmt.Sprintf("process %d since %s", e.Holder.PID, e.Holder.Since.Format(time.RFC3339))
	}
	return hint.New(e.What+" is in use by "+by, "try again when it is done")
}

// Lock is an advisory lock. The kernel drops it when its process ends, however it ends.
// The file's content is for people; only the flock counts.
type Lock struct{ file *os.File }

// Try takes the lock at path or returns a *BusyError at once. what names the locked
// thing in the error.
func Try(path, what string) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		defer func() { _ = f.Close() }()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, &BusyError{What: what, Holder: HolderOf(path)}
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	holder, err := json.Marshal(Holder{PID: os.Getpid(), Since: time.Now().UTC().Truncate(time.Second)})
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt(holder, 0)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	return &Lock{f}, nil
}

// HolderOf reads the holder of a lock from its file. It is for messages only: it
// returns the zero Holder if the file names none.
func HolderOf(path string) (h Holder) {
	_ = atomicfile.ReadJSON(path, &h)
	return h
}

// IsHeld reports whether a process holds the lock at path. It changes no file, but
// takes the lock for a moment if it is free.
func IsHeld(path string) (held bool, err error) {
	lock, held, err := TryExisting(path)
	if lock != nil {
		err = errors.Join(err, lock.Release())
	}
	return held, err
}

// TryExisting takes the lock at path if it is free, for a caller that only reads: it
// creates no file and writes no name. It returns a nil lock if a process holds it (held
// is true) or if there is no file (held is false).
func TryExisting(path string) (lock *Lock, held bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0) // NFS refuses to lock a file that is open for reading only
	if oserr.IsReadOnly(err) {
		f, err = os.Open(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		return &Lock{f}, false, nil
	}
	if held = errors.Is(err, unix.EWOULDBLOCK); held {
		err = nil
	}
	return nil, held, errors.Join(err, f.Close())
}

// TryShared takes a shared lock, for a caller that only reads, on a lock file that it
// may not be allowed to write. The lock keeps writers out, but not other readers. It is
// nil if there is no file, and so no writer.
func TryShared(path, what string) (*Lock, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB)
	if err == nil {
		return &Lock{f}, nil
	}
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = &BusyError{What: what, Holder: HolderOf(path)}
	} else {
		err = fmt.Errorf("lock %s: %w", path, err)
	}
	return nil, errors.Join(err, f.Close())
}

// Wait takes the lock as Try does. It tries again until wait has passed or ctx is done;
// then it returns the *BusyError. After two seconds it calls told once with the holder;
// told may be nil.
func Wait(ctx context.Context, path, what string, wait time.Duration, told func(*BusyError)) (*Lock, error) {
	return WaitFor(ctx, wait, told, func() (*Lock, error) { return Try(path, what) })
}

// WaitFor waits as Wait does, and takes the lock by try.
func WaitFor(ctx context.Context, wait time.Duration, told func(*BusyError), try func() (*Lock, error)) (*Lock, error) {
	timeout := time.After(wait)
	for began := time.Now(); ; {
		lock, err := try()
		busy := new(BusyError)
		if err == nil || !errors.As(err, &busy) {
			return lock, err
		}
		if told != nil && time.Since(began) >= 2*time.Second {
			told(busy)
			told = nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-timeout:
			return nil, err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Release releases the lock; it does nothing for nil. The file stays: without it two
// processes could lock two files of one name.
func (l *Lock) Release() error {
	if l == nil {
		return nil
	}
	return l.file.Close()
}
