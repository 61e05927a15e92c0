package authoring

import (
	"context"
	"fmt"
	"strings"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
)

// CheckMarts makes a set's marts over its tables, empty, and returns those that
// do not fit. What only follows from another one that does not fit is not said.
func CheckMarts(ctx context.Context, set *schemas.Set) (schemas.Problems, error) {
	fitted, err := load.Fit(ctx, set.Schemas, load.Views(set))
	if err != nil {
		return nil, err
	}
	var problems schemas.Problems
	var unfit []string
	for i, f := range fitted {
		mart := set.Marts[i]
		if f.Unfit == "" {
			continue
		}
		follows := false
		for _, name := range unfit {
			follows = follows || strings.Contains(f.Unfit, "Table with name "+name+" does not exist")
		}
		unfit = append(unfit, mart.Name)
		if !follows {
			problems = append(problems, schemas.Problem{
				Pos: schemas.Pos{File: mart.Pos.File, Line: f.Line, Col: f.Col}, Code: "V4", Message: "the mart does not fit the tables: " + f.Unfit,
			})
		}
	}
	return problems, nil
}

// martsPage describes every mart, one after the other. A mart that does not fit
// has no types.
func martsPage(ctx context.Context, set *schemas.Set) (string, error) {
	fitted, err := load.Fit(ctx, set.Schemas, load.Views(set))
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
