package authoring

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/query"
	"github.com/stripelake/stripelake/schemas"
)

// CheckMarts creates a set's marts over its tables without rows, and the SELECTs of
// their ties. It returns those that do not fit, but not the marts that only fail
// because another one does.
func CheckMarts(ctx context.Context, set *schemas.Set) (schemas.Problems, error) {
	views := load.Views(set)
	ties := query.Ties(set)
	for _, t := range ties {
		views = append(views, t.View)
	}
	fitted, err := query.CheckViews(ctx, set.Schemas, views)
	if err != nil {
		return nil, err
	}
	var problems schemas.Problems
	follows := func(unfit string, of []string) bool {
		return slices.ContainsFunc(of, func(name string) bool {
			return strings.Contains(unfit, "Table with name "+name+" does not exist")
		})
	}
	var unfit []string
	for i, f := range fitted[:len(set.Marts)] {
		mart := set.Marts[i]
		if f.Problem == "" {
			continue
		}
		if !follows(f.Problem, unfit) {
			problems = append(problems, schemas.Problem{
				Pos: schemas.Pos{File: mart.Pos.File, Line: f.Line, Col: f.Col}, Code: "V4", Message: "the mart does not fit the tables: " + f.Problem,
			})
		}
		unfit = append(unfit, mart.Name)
	}
	for i, f := range fitted[len(set.Marts):] {
		at, why := ties[i].Pos, cmp.Or(ties[i].Misfit(f.Types), ties[i].Lacking(set))
		if f.Problem != "" {
			at, why = schemas.Pos{File: at.File, Line: at.Line + f.Line - 1, Col: f.Col}, "it does not fit the tables: "+f.Problem
		}
		if why != "" && !follows(f.Problem, unfit) {
			problems = append(problems, schemas.Problem{Pos: at, Code: "V5", Message: "tie of " + ties[i].Mart + ": " + why})
		}
	}
	return problems, nil
}

// martsPage returns the page with the description of every mart. A mart that does not
// fit has no types.
func martsPage(ctx context.Context, set *schemas.Set) (string, error) {
	fitted, err := query.CheckViews(ctx, set.Schemas, load.Views(set))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(generated + "# Marts\n\nViews over the tables, in the warehouse only. No sum in them mixes currencies: each row has one, or names what each amount is in.\n\n" +
		"| mart | what a row is |\n|---|---|\n")
	for _, m := range set.Marts {
		fmt.Fprintf(&b, "| [%s](#%s) | %s |\n", m.Name, m.Name, cell(m.Title))
	}
	for i, m := range set.Marts {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", m.Name, m.Title)
		if m.Description != "" {
			fmt.Fprintf(&b, "\n%s\n", m.Description)
		}
		b.WriteString("\n| column | type | meaning |\n|---|---|---|\n")
		for _, c := range m.Columns {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.Name, cell(fitted[i].Types[c.Name]), cell(c.Description))
		}
	}
	return b.String(), nil
}
