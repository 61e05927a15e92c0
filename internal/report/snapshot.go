package report

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
)

// snapshot is one connection to a warehouse. It copies what the report reads of
// the marts into temporary tables of the same names. These shadow the views, so
// the SQL on the page is the SQL that runs here, and each view is evaluated
// once.
type snapshot struct{ conn *sql.Conn }

// martColumns are the marts and the columns that are read of them.
// bnpl_customers comes first: it reads payments itself, which must still be the
// view then.
var martColumns = []struct{ mart, columns string }{
	{"bnpl_customers", "account, currency, first_method, last_method, repeats, switches, first_paid_at, gross, segment"},
	{"payments", "account, created, method, pays_later, country, succeeded, currency, gross, refunded, disputed, cost"},
}

func openSnapshot(ctx context.Context, db *sql.DB) (_ *snapshot, err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	s := &snapshot{conn}
	defer func() {
		if err != nil {
			err = errors.Join(err, conn.Close())
		}
	}()
	var database string
	if err := s.one(ctx, "SELECT current_database()", &database); err != nil {
		return nil, err
	}
	for _, mart := range []string{"payments", "bnpl_customers"} { // the second reads the first
		var there bool
		err := s.one(ctx, "SELECT count(*) > 0 FROM information_schema.tables WHERE table_schema = 'main' AND table_name = "+sqltext.Literal(mart), &there)
		if err != nil {
			return nil, err
		}
		if !there {
			return nil, fmt.Errorf("the warehouse has no mart %s: bring back marts/%[1]s.sql in the schemas (`stripelake init` writes the shipped one) and run `stripelake rebuild`", mart)
		}
	}
	if _, err := conn.ExecContext(ctx, "SET preserve_insertion_order = true"); err != nil {
		return nil, err
	}
	for _, r := range martColumns {
		statement := fmt.Sprintf("CREATE TEMP TABLE %s AS SELECT %s FROM %s.main.%s", r.mart, r.columns, sqltext.Ident(database), r.mart)
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			why, _, _ := strings.Cut(err.Error(), "\n")
			return nil, fmt.Errorf("read mart %s: %s: compare marts/%s.sql in the schemas with the shipped one, which `stripelake init` writes", r.mart, why, r.mart)
		}
	}
	return s, nil
}

func (s *snapshot) close() error {
	var errs []error
	for _, r := range martColumns {
		_, err := s.conn.ExecContext(context.Background(), "DROP TABLE IF EXISTS temp."+r.mart)
		errs = append(errs, err)
	}
	return errors.Join(append(errs, s.conn.Close())...)
}

func (s *snapshot) one(ctx context.Context, query string, dest ...any) error {
	return s.conn.QueryRowContext(ctx, query).Scan(dest...)
}

// texts returns the rows of a query as texts, with "" for NULL.
func (s *snapshot) texts(ctx context.Context, query string) (rows [][]string, err error) {
	answer, err := s.conn.QueryContext(ctx, "SELECT COLUMNS(*)::VARCHAR FROM (\n"+query+"\n)")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, answer.Close()) }()
	names, err := answer.Columns()
	if err != nil {
		return nil, err
	}
	cells, dest := make([]sql.NullString, len(names)), make([]any, len(names))
	for i := range cells {
		dest[i] = &cells[i]
	}
	for answer.Next() {
		if err := answer.Scan(dest...); err != nil {
			return nil, err
		}
		row := make([]string, len(cells))
		for i, cell := range cells {
			row[i] = cell.String
		}
		rows = append(rows, row)
	}
	return rows, answer.Err()
}

// list returns the first column of a query's rows.
func (s *snapshot) list(ctx context.Context, query string) ([]string, error) {
	rows, err := s.texts(ctx, query)
	list := make([]string, len(rows))
	for i, row := range rows {
		list[i] = row[0]
	}
	return list, err
}
