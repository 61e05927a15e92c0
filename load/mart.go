package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// View is a mart: a SELECT over the tables and the views before it.
type View struct {
	Name, SQL string
	Comment   string    // what a row is
	Columns   []Comment // what each column is
}

// Comment is on a column.
type Comment struct{ Column, Text string }

// unfit are the ways in which a view does not fit the tables.
var unfit = []duckdb.ErrorType{duckdb.ErrorTypeBinder, duckdb.ErrorTypeCatalog, duckdb.ErrorTypeParser, duckdb.ErrorTypeSyntax}

// makeMarts makes the views. One that does not fit, because the schemas have
// another column or none, is left out and noted: the data goes on without it.
func (p *publisher) makeMarts(ctx context.Context, w querier) error {
	for _, v := range p.lake.opts.Views {
		err := w.run(ctx, v.statements()...)
		duck := new(duckdb.Error)
		switch {
		case err == nil:
		case errors.As(err, &duck) && slices.Contains(unfit, duck.Type):
			why, _, _ := strings.Cut(duck.Msg, "\n")
			p.Unmade = append(p.Unmade, fmt.Sprintf("mart %s is left out: %s", v.Name, why))
			if err := w.run(ctx, "DROP VIEW IF EXISTS "+ident(v.Name)); err != nil {
				return err
			}
		default:
			return fmt.Errorf("mart %s: %w", v.Name, err)
		}
	}
	return nil
}

// statements make the view and its comments.
func (v View) statements() []string {
	statements := []string{
		fmt.Sprintf("CREATE VIEW %s AS %s", ident(v.Name), v.SQL),
		fmt.Sprintf("COMMENT ON VIEW %s IS %s", ident(v.Name), literal(v.Comment)),
	}
	for _, c := range v.Columns {
		statements = append(statements, fmt.Sprintf("COMMENT ON COLUMN %s.%s IS %s", ident(v.Name), ident(c.Column), literal(c.Text)))
	}
	return statements
}
