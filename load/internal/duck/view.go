package duck

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/stripelake/stripelake/internal/sqltext"
)

// View is a mart: a SELECT over the tables and the views before it.
type View struct {
	Name, SQL string
	Comment   string    // what a row is
	Columns   []Comment // what each column is
}

// Comment is on a column.
type Comment struct{ Column, Text string }

// statements make the view and its comments.
func (v View) statements() []string {
	statements := []string{
		fmt.Sprintf("CREATE VIEW %s AS %s", sqltext.Ident(v.Name), v.SQL),
		fmt.Sprintf("COMMENT ON VIEW %s IS %s", sqltext.Ident(v.Name), sqltext.Literal(v.Comment)),
	}
	for _, c := range v.Columns {
		statements = append(statements, fmt.Sprintf("COMMENT ON COLUMN %s.%s IS %s", sqltext.Ident(v.Name), sqltext.Ident(c.Column), sqltext.Literal(c.Text)))
	}
	return statements
}

// misfits are the ways in which a view does not fit the tables.
var misfits = []duckdb.ErrorType{duckdb.ErrorTypeBinder, duckdb.ErrorTypeCatalog, duckdb.ErrorTypeParser, duckdb.ErrorTypeSyntax}

// MakeView makes a view and its comments, or returns why they do not fit the
// tables: a column that is not there, or a comment on one that the view has not.
func MakeView(ctx context.Context, q Session, v View) (misfit string, err error) {
	err = q.InTx(ctx, func() error { return q.Run(ctx, v.statements()...) })
	if duckErr := new(duckdb.Error); IsMisfit(err) && errors.As(err, &duckErr) {
		return duckErr.Msg, nil
	}
	return "", err
}

// IsNoTable reports what DuckDB says where a table, or a column of one, is not there.
func IsNoTable(err error) bool {
	duckErr := new(duckdb.Error)
	return errors.As(err, &duckErr) && duckErr.Type == duckdb.ErrorTypeCatalog
}

// IsMisfit reports what DuckDB says of SQL that does not fit the tables.
func IsMisfit(err error) bool {
	duckErr := new(duckdb.Error)
	return errors.As(err, &duckErr) && slices.Contains(misfits, duckErr.Type)
}
