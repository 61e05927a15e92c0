package duck

import (
	"context"
	"database/sql"
	"errors"
	"os"
)

// Instance is a DuckDB with its one connection. The zero Instance is closed.
type Instance struct {
	DB *sql.DB
	Session
}

// Start starts a DuckDB as [Open] does, and connects to it.
func Start(ctx context.Context, memory string, threads int, tmp string) (i Instance, err error) {
	if i.DB, err = Open(memory, threads, tmp); err != nil {
		return Instance{}, err
	}
	if i.Conn, err = i.DB.Conn(ctx); err != nil {
		return Instance{}, errors.Join(err, i.DB.Close())
	}
	return i, nil
}

// soloBytes is the size of a database below which a second thread costs more than it
// gains.
const soloBytes = 32 << 20

// ThreadsFor returns the number of threads to start DuckDB with for a database file:
// most, or 1 for a small file. DuckDB gives threads whole row groups, 122,880 rows, of
// which each table of a small file has one; every statement would start the threads for
// nothing (measured: a seventh of a verification of a small lake, and a fifth with
// 20,000 charges).
func ThreadsFor(most int, file string) int {
	if info, err := os.Stat(file); err == nil && info.Size() < soloBytes {
		return 1
	}
	return most
}

// Close closes the connection and DuckDB.
func (i *Instance) Close() error {
	var errs []error
	if i.Conn != nil {
		errs = append(errs, i.Conn.Close())
	}
	if i.DB != nil {
		errs = append(errs, i.DB.Close())
	}
	i.Conn, i.DB = nil, nil
	return errors.Join(errs...)
}

// With starts a DuckDB, calls f with its session, and closes it.
func With(ctx context.Context, memory string, threads int, tmp string, f func(Session) error) error {
	i, err := Start(ctx, memory, threads, tmp)
	if err != nil {
		return err
	}
	return errors.Join(f(i.Session), i.Close())
}
