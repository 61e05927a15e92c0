package load

import (
	"context"
	"database/sql"
	"errors"
)

// instance is a DuckDB with its one connection. The zero instance is closed.
type instance struct {
	db *sql.DB
	querier
}

// startInstance starts a DuckDB as [openDuckDB] does, and connects.
func startInstance(ctx context.Context, memory string, threads int, tmp string) (i instance, err error) {
	if i.db, err = openDuckDB(memory, threads, tmp); err != nil {
		return instance{}, err
	}
	if i.conn, err = i.db.Conn(ctx); err != nil {
		return instance{}, errors.Join(err, i.db.Close())
	}
	return i, nil
}

// close ends the connection and DuckDB.
func (i *instance) close() error {
	var errs []error
	if i.conn != nil {
		errs = append(errs, i.conn.Close())
	}
	if i.db != nil {
		errs = append(errs, i.db.Close())
	}
	i.conn, i.db = nil, nil
	return errors.Join(errs...)
}

// inDuckDB calls f with a DuckDB that is closed when inDuckDB returns.
func inDuckDB(ctx context.Context, memory string, threads int, tmp string, f func(querier) error) error {
	i, err := startInstance(ctx, memory, threads, tmp)
	if err != nil {
		return err
	}
	return errors.Join(f(i.querier), i.close())
}
