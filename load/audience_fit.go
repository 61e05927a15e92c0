package load

import (
	"context"
	"errors"
	"fmt"

	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/schemas"
)

// FitSegments makes the declared tables, empty and in memory, and runs each of
// the set's segments as [AskAudience] would. It returns what became of each.
func FitSegments(ctx context.Context, set *schemas.Set) (_ []Fitted, err error) {
	i, err := duck.Start(ctx, "64MB", 1, "")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, i.Close()) }()
	q := &audienceQuery{built: set, warehouse: "warehouse", left: map[string]string{}}
	q.Set, q.Query = set, &Query{db: i}
	statements := []string{"ATTACH ':memory:' AS warehouse", "USE warehouse", "CREATE SCHEMA meta", disputeCharges}
	for _, t := range set.Schemas {
		statements = append(statements, duck.CreateTable(t))
	}
	if err := q.db.Run(ctx, append(statements, "USE memory", "SET enable_external_access = false", "SET lock_configuration = true")...); err != nil {
		return nil, fmt.Errorf("make empty tables: %w", err)
	}
	if err := q.makeViews(ctx); err != nil {
		return nil, err
	}
	fitted := make([]Fitted, len(set.Segments))
	for i, s := range set.Segments {
		q.Segment = s
		if fitted[i], err = q.fitSegment(ctx); err != nil {
			return nil, fmt.Errorf("segment %s: %w", s.Name, err)
		}
	}
	return fitted, nil
}

func (q *audienceQuery) fitSegment(ctx context.Context) (Fitted, error) {
	statement, err := q.oneSelect(q.Segment.SQL)
	wrong := new(QueryError)
	var f Fitted
	switch {
	case errors.As(err, &wrong):
		f.Unfit, f.Line, f.Col = placed(wrong.Message)
	case err != nil:
		return f, err
	default:
		if f, err = fitView(ctx, q.db.Session, View{Name: "segment " + q.Segment.Name, SQL: statement}); err != nil {
			return f, err
		}
	}
	if f.Unfit != "" {
		f.Unfit += q.hint(f.Unfit)
	}
	return f, nil
}
