package query

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/schemas"
)

// ViewCheck is the result of checking one view: the types of its columns by name, or
// the problem and its place in the view's SQL. Line and Col count from 1.
type ViewCheck struct {
	Types     map[string]string
	Problem   string // empty if the view fits
	Line, Col int
}

// CheckViews creates the declared tables in memory, without rows, and the views over
// them. It returns one ViewCheck for each view, in their order.
func CheckViews(ctx context.Context, tables []*schemas.Schema, views []duck.View) ([]ViewCheck, error) {
	fitted := make([]ViewCheck, len(views))
	return fitted, duck.With(ctx, "64MB", 1, "", func(w duck.Session) (err error) {
		if err := w.Run(ctx, load.EmptyWarehouse(tables)...); err != nil {
			return fmt.Errorf("make empty tables: %w", err)
		}
		for i, v := range views {
			if fitted[i], err = checkView(ctx, w, v); err != nil {
				return fmt.Errorf("mart %s: %w", v.Name, err)
			}
		}
		return nil
	})
}

// checkView creates one view.
func checkView(ctx context.Context, q duck.Session, v duck.View) (ViewCheck, error) {
	misfit, err := duck.MakeView(ctx, q, v)
	if err != nil {
		return ViewCheck{}, err
	}
	if misfit != "" {
		var f ViewCheck
		f.Problem, f.Line, f.Col = position(misfit)
		return f, nil
	}
	f := ViewCheck{Types: map[string]string{}}
	var name, kind string
	err = q.Each(ctx, []any{&name, &kind}, func() error {
		f.Types[name] = kind
		return nil
	}, "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ?", v.Name)
	return f, err
}

var excerpt = regexp.MustCompile(`(?s)^(.*?)\n+(LINE (\d+): )(.*)\n( *)\^`)

// position splits DuckDB's message into the problem and its place, and removes the kind
// of error. A view's SQL begins with a comment, so its lines are those of the
// statement.
func position(message string) (why string, line, col int) {
	why, line, col = message, 1, 1
	if at := excerpt.FindStringSubmatch(message); at != nil {
		why = at[1]
		line, _ = strconv.Atoi(at[3])
		if !strings.HasPrefix(at[4], "...") { // DuckDB cuts long lines at the left
			col = max(len(at[5])-len(at[2])+1, 1)
		}
	}
	if kind, rest, ok := strings.Cut(why, " Error: "); ok && !strings.Contains(kind, " ") {
		why = rest
	}
	return strings.Join(strings.Fields(why), " "), line, col
}
