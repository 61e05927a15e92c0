package load

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/duck"
)

// makeViews makes the views of the warehouse, unless the state has them: each copy of it
// has them too. They and their eight hundred comments take longer than a copy of a small
// state. They are the last to be recorded, so after a crash they are made again.
func (p *publisher) makeViews(ctx context.Context) error {
	var layout, unmade string
	err := p.db.One(ctx, []any{&layout, &unmade}, "SELECT layout, unmade FROM state.views")
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if layout != p.Layout {
		if err := p.db.InTx(ctx, func() error { return p.replaceHistories(ctx) }); err != nil {
			return err
		}
		if unmade, err = p.makeMarts(ctx); err == nil {
			_, err = p.db.Exec(ctx, "INSERT INTO state.views VALUES (?, ?)", p.Layout, unmade)
		}
		if err != nil {
			return err
		}
	}
	if unmade != "" {
		p.SkippedMarts = strings.Split(unmade, "\n")
	}
	return nil
}

// replaceHistories removes all views and makes those of the histories. They have some
// three hundred comments, so the caller uses one transaction for all: otherwise each
// would wait for the disk.
func (p *publisher) replaceHistories(ctx context.Context) error {
	statements := []string{"DELETE FROM state.views"}
	var view string
	err := p.db.Each(ctx, []any{&view}, func() error {
		statements = append(statements, "DROP VIEW "+sqltext.Ident(view))
		return nil
	}, "SELECT view_name FROM duckdb_views() WHERE database_name = 'work' AND schema_name = 'main' AND NOT internal")
	if err != nil {
		return err
	}
	for _, t := range p.tables {
		if t.Schema.History {
			statements = append(statements, historyView(t.Schema)...)
		}
	}
	return p.db.RunTogether(ctx, statements...)
}

// makeMarts creates the marts. It leaves out one that does not fit, because the schemas
// lack a column, and returns why, one a line: the data is published without it.
func (p *publisher) makeMarts(ctx context.Context) (unmade string, err error) {
	var left []string
	for _, v := range p.lake.opts.Views {
		misfit, err := duck.MakeView(ctx, p.db.Session, v)
		if err != nil {
			return "", fmt.Errorf("mart %s: %w", v.Name, err)
		}
		if misfit != "" {
			why, _, _ := strings.Cut(misfit, "\n")
			left = append(left, fmt.Sprintf("mart %s is left out: %s", v.Name, why))
		}
	}
	return strings.Join(left, "\n"), nil
}
