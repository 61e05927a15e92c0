package duck

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/stripelake/stripelake/internal/sqltext"
)

// View is a mart: a SELECT over the tables and earlier views.
type View struct {
	Name, SQL string
	Comment   string    // description of a row
	Columns   []Comment // descriptions of the columns
}

// Comment is the comment of a column.
type Comment struct{ Column, Text string }

// Statements returns the statements that create the view and its comments.
func (v View) Statements() []string {
	statements := []string{
		fmt.Sprintf("CREATE VIEW %s AS %s", sqltext.Ident(v.Name), v.SQL),
		fmt.Sprintf("COMMENT ON VIEW %s IS %s", sqltext.Ident(v.Name), sqltext.Literal(v.Comment)),
	}
	for _, c := range v.Columns {
		statements = append(statements, fmt.Sprintf("COMMENT ON COLUMN %s.%s IS %s", sqltext.Ident(v.Name), sqltext.Ident(c.Column), sqltext.Literal(c.Text)))
	}
	return statements
}

// misfits are the DuckDB errors for a view that does not fit the tables.
var misfits = []duckdb.ErrorType{duckdb.ErrorTypeBinder, duckdb.ErrorTypeCatalog, duckdb.ErrorTypeParser, duckdb.ErrorTypeSyntax}

// MakeView creates a view and its comments. It returns as misfit why they do not fit
// the tables: the view reads a missing column, or a comment is on a column that the
// view does not have.
func MakeView(ctx context.Context, q Session, v View) (misfit string, err error) {
	statements := v.Statements()
	err = q.InTx(ctx, func() error {
		if err := q.Run(ctx, statements[0]); err != nil { // alone: it has somebody's SQL, which may end in a comment
			return err
		}
		return q.RunTogether(ctx, statements[1:]...)
	})
	if duckErr := new(duckdb.Error); IsMisfit(err) && errors.As(err, &duckErr) {
		return duckErr.Msg, nil
	}
	return "", err
}

// IsNoTable reports whether err is DuckDB's error for a missing table or a missing
// column of one.
func IsNoTable(err error) bool {
	duckErr := new(duckdb.Error)
	return errors.As(err, &duckErr) && duckErr.Type == duckdb.ErrorTypeCatalog
}

// IsMisfit reports whether err is DuckDB's error for SQL that does not fit the tables.
func IsMisfit(err error) bool {
	duckErr := new(duckdb.Error)
	return errors.As(err, &duckErr) && slices.Contains(misfits, duckErr.Type)
}
