package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/schemas"
)

// View is a mart: a SELECT over the tables and the views before it.
type View struct {
	Name, SQL string
	Comment   string    // what a row is
	Columns   []Comment // what each column is
}

// Comment is on a column.
type Comment struct{ Column, Text string }

// misfits are the ways in which a view does not fit the tables.
var misfits = []duckdb.ErrorType{duckdb.ErrorTypeBinder, duckdb.ErrorTypeCatalog, duckdb.ErrorTypeParser, duckdb.ErrorTypeSyntax}

// Views are the marts of a schema set, each after those that it reads.
func Views(set *schemas.Set) []View {
	views := make([]View, len(set.Marts))
	for i, m := range set.Marts {
		views[i] = View{Name: m.Name, SQL: m.SQL, Comment: strings.TrimSpace(m.Title + " " + m.Description)}
		for _, c := range m.Columns {
			views[i].Columns = append(views[i].Columns, Comment{Column: c.Name, Text: c.Description})
		}
	}
	return views
}

// makeMarts makes the views. One that does not fit, because the schemas have
// another column or none, is left out and noted: the data goes on without it.
func (p *publisher) makeMarts(ctx context.Context, w duck.Session) error {
	for _, v := range p.lake.opts.Views {
		misfit, err := makeView(ctx, w, v)
		if err != nil {
			return fmt.Errorf("mart %s: %w", v.Name, err)
		}
		if misfit != "" {
			why, _, _ := strings.Cut(misfit, "\n")
			p.Unmade = append(p.Unmade, fmt.Sprintf("mart %s is left out: %s", v.Name, why))
		}
	}
	return nil
}

// makeView makes a view and its comments, or returns why they do not fit the
// tables: a column that is not there, or a comment on one that the view has not.
func makeView(ctx context.Context, q duck.Session, v View) (misfit string, err error) {
	err = q.InTx(ctx, func() error { return q.Run(ctx, v.statements()...) })
	if duckErr := new(duckdb.Error); isMisfit(err) && errors.As(err, &duckErr) {
		return duckErr.Msg, nil
	}
	return "", err
}

// isMisfit reports what DuckDB says of SQL that does not fit the tables.
func isMisfit(err error) bool {
	duckErr := new(duckdb.Error)
	return errors.As(err, &duckErr) && slices.Contains(misfits, duckErr.Type)
}

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
