package duck

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/stripelake/stripelake/internal/sqltext"
)

// Open starts a DuckDB instance that never touches the network. memory is its limit,
// such as "96MB"; it spills into the folder tmp. Databases are attached by SQL, where a
// path can hold any character. Every new connection is in UTC and runs setup.
func Open(memory string, threads int, tmp string, setup ...string) (*sql.DB, error) {
	oneArena()
	settings := url.Values{
		// json, parquet and icu are linked in. A typo must not cause a download.
		"autoinstall_known_extensions": {"false"},
		"autoload_known_extensions":    {"false"},
		"memory_limit":                 {memory},
		"threads":                      {strconv.Itoa(threads)},
		// A wide table keeps one block open for each of its few hundred leaf columns.
		// DuckDB's default of 256 KiB each is more than a sync may use.
		"default_block_size": {"65536"},
		// In the older format, DuckDB's default, a checkpoint reads the metadata of
		// every row group again, even if one row changed (measured: a tenth of a second
		// and 50 MB with ten million rows, now next to none).
		"storage_compatibility_version": {"v1.4.0"},
		"temp_directory":                {tmp},
		// Nothing here relies on the order of unordered reads, and keeping it costs
		// memory.
		"preserve_insertion_order": {"false"},
	}
	connector, err := duckdb.NewConnector("?"+settings.Encode(), func(conn driver.ExecerContext) error {
		for _, statement := range append([]string{inUTC}, setup...) {
			if _, err := conn.ExecContext(context.Background(), statement, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("start duckdb: %w", err)
	}
	return sql.OpenDB(connector), nil
}

// OfState are the options for ATTACH of a state or its copy, whoever writes to it. Row
// groups are small: a checkpoint merges row groups that are not full, up to three, and
// has them in memory as they are before compression. With DuckDB's 122,880 rows of a
// wide table that is more than its limit, and it spills thousands of small files
// (docs/adr/0052).
const OfState = " (ROW_GROUP_SIZE 8192)"

// Attach returns the statements that attach a database file under a name and make it
// the connection's default. options is SQL, such as " (READ_ONLY)".
func Attach(path, name, options string) []string {
	return []string{
		fmt.Sprintf("ATTACH IF NOT EXISTS %s AS %s%s", sqltext.Literal(path), sqltext.Ident(name), options),
		"USE " + sqltext.Ident(name),
	}
}

// OpenWarehouse opens a published warehouse, or any DuckDB file, for reading only. It
// uses little memory and loads no extensions that are not linked in. The warehouse is
// the connection's default, so no catalog needs to be named.
func OpenWarehouse(path string) (*sql.DB, error) {
	db, err := Open("160MB", 2, "", Attach(path, "warehouse", " (READ_ONLY)")...)
	if err != nil {
		return nil, err
	}
	if err := db.PingContext(context.Background()); err != nil {
		if disk := AsDiskError(err); disk != nil {
			err = disk
		}
		return nil, errors.Join(fmt.Errorf("open warehouse %s: %w", path, err), db.Close())
	}
	return db, nil
}

// Session runs statements on one connection, inside or outside a transaction.
type Session struct {
	Conn *sql.Conn
	Lost error // why the connection is gone; nil while it exists
}

// Exec runs a statement and returns the number of rows it changed.
func (q Session) Exec(ctx context.Context, statement string, args ...any) (int64, error) {
	if q.Lost != nil {
		return 0, q.Lost
	}
	res, err := q.Conn.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, statementError(err, statement)
	}
	return res.RowsAffected()
}

// Run runs statements one after the other.
func (q Session) Run(ctx context.Context, statements ...string) error {
	for _, s := range statements {
		if _, err := q.Exec(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// RunTogether runs statements in one call, which takes a third less for many small ones.
func (q Session) RunTogether(ctx context.Context, statements ...string) error {
	return q.Run(ctx, strings.Join(statements, ";\n"))
}

// One reads a single row into dest. Without a row it returns sql.ErrNoRows.
func (q Session) One(ctx context.Context, dest []any, query string, args ...any) error {
	if q.Lost != nil {
		return q.Lost
	}
	err := q.Conn.QueryRowContext(ctx, query, args...).Scan(dest...)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return statementError(err, query)
	}
	return err
}

// Each scans every row of a query into dest and calls f after each.
func (q Session) Each(ctx context.Context, dest []any, f func() error, query string, args ...any) (err error) {
	if q.Lost != nil {
		return q.Lost
	}
	rows, err := q.Conn.QueryContext(ctx, query, args...)
	if err != nil {
		return statementError(err, query)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		if err := f(); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return statementError(err, query)
	}
	return nil
}

// InTx runs f in a transaction. It commits when f returns nil, and rolls back
// otherwise. BEGIN and COMMIT are statements of our own because the one connection also
// has the table function and the temporary tables.
func (q Session) InTx(ctx context.Context, f func() error) error {
	if _, err := q.Exec(ctx, "BEGIN TRANSACTION"); err != nil {
		return err
	}
	err := f()
	if err == nil {
		_, err = q.Exec(ctx, "COMMIT")
	}
	if err != nil {
		// The caller's context may have ended the transaction.
		_, rollbackErr := q.Exec(context.WithoutCancel(ctx), "ROLLBACK")
		if duckErr := new(duckdb.Error); errors.As(rollbackErr, &duckErr) && duckErr.Type == duckdb.ErrorTypeTransaction {
			rollbackErr = nil // a failed COMMIT has already rolled back
		}
		if errors.As(err, new(*DiskError)) {
			rollbackErr = nil // DuckDB has closed the database and only repeats its error
		}
		return errors.Join(err, rollbackErr)
	}
	return nil
}

// clip shortens a statement for an error message.
func clip(statement string) string {
	const most = 300
	if len(statement) <= most {
		return statement
	}
	return statement[:most] + " …"
}

// RemoveDatabase removes a DuckDB file and its write-ahead log. A missing file is no
// error.
func RemoveDatabase(path string) error {
	for _, p := range []string{path, path + ".wal"} {
		if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
