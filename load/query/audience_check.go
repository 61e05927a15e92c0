package query

import (
	"context"
	"errors"
	"fmt"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/schemas"
)

// CheckSegments creates the declared tables in memory, without rows, and runs each of
// the set's segments as [AskAudience] would. It returns one ViewCheck for each segment,
// in their order.
func CheckSegments(ctx context.Context, set *schemas.Set) (_ []ViewCheck, err error) {
	i, err := duck.Start(ctx, "64MB", 1, "")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, i.Close()) }()
	q := &audienceQuery{built: set, warehouse: "warehouse", left: map[string]string{}}
	q.Set, q.Query = set, &Query{db: i}
	statements := []string{"ATTACH ':memory:' AS warehouse", "USE warehouse", "CREATE SCHEMA meta", load.DisputeChargesTable}
	for _, t := range set.Schemas {
		statements = append(statements, duck.CreateTable(t))
	}
	if err := q.db.Run(ctx, append(statements, "USE memory", "SET enable_external_access = false", "SET lock_configuration = true")...); err != nil {
		return nil, fmt.Errorf("make empty tables: %w", err)
	}
	if err := q.makeViews(ctx); err != nil {
		return nil, err
	}
	fitted := make([]ViewCheck, len(set.Segments))
	for i, s := range set.Segments {
		q.Segment = s
		if fitted[i], err = q.checkSegment(ctx); err != nil {
			return nil, fmt.Errorf("segment %s: %w", s.Name, err)
		}
	}
	return fitted, nil
}

func (q *audienceQuery) checkSegment(ctx context.Context) (ViewCheck, error) {
	statement, err := q.oneSelect(q.Segment.SQL)
	wrong := new(Error)
	var f ViewCheck
	switch {
	case errors.As(err, &wrong):
		f.Problem, f.Line, f.Col = position(wrong.Message)
	case err != nil:
		return f, err
	default:
		if f, err = checkView(ctx, q.db.Session, duck.View{Name: "segment " + q.Segment.Name, SQL: statement}); err != nil {
			return f, err
		}
	}
	if f.Problem != "" {
		f.Problem += q.hint(f.Problem)
	}
	return f, nil
}
