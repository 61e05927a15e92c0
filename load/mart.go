package load

import (
	"context"
	"fmt"
	"strings"

	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/schemas"
)

// Views returns the marts of a schema set as views, each after those that it reads.
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

// makeMarts creates the views. It leaves out a view that does not fit, because the
// schemas lack a column, and records why: the data is published without it.
func (p *publisher) makeMarts(ctx context.Context, w duck.Session) error {
	for _, v := range p.lake.opts.Views {
		misfit, err := duck.MakeView(ctx, w, v)
		if err != nil {
			return fmt.Errorf("mart %s: %w", v.Name, err)
		}
		if misfit != "" {
			why, _, _ := strings.Cut(misfit, "\n")
			p.SkippedMarts = append(p.SkippedMarts, fmt.Sprintf("mart %s is left out: %s", v.Name, why))
		}
	}
	return nil
}
