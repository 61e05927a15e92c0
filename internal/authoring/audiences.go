package authoring

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/load/query"
	"github.com/stripelake/stripelake/schemas"
)

// CheckSegments runs a set's segments over its tables without rows. It returns the
// segments that do not fit the fields that a segment may see, and columns whose
// comments do not fit.
func CheckSegments(ctx context.Context, set *schemas.Set) (schemas.Problems, error) {
	if len(set.Segments) == 0 {
		return nil, nil
	}
	fitted, err := query.CheckSegments(ctx, set)
	if err != nil {
		return nil, err
	}
	var problems schemas.Problems
	for i, f := range fitted {
		s := set.Segments[i]
		report := func(line, col int, format string, args ...any) {
			problems = append(problems, schemas.Problem{
				Pos: schemas.Pos{File: s.Pos.File, Line: line, Col: col}, Code: "G4", Message: fmt.Sprintf(format, args...),
			})
		}
		if f.Problem != "" {
			report(f.Line, f.Col, "the segment does not fit what it may see: %s", strings.Join(strings.Fields(f.Problem), " "))
			continue
		}
		said := map[string]bool{}
		for _, c := range s.Columns {
			said[c.Name] = true
			if _, there := f.Types[c.Name]; !there {
				report(1, 1, "there is a comment on a column %s, and no such column", c.Name)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(f.Types)) {
			if !said[name] {
				report(1, 1, "the column %s has no comment, so it is not handed out: say what it is on its line, or take it out", name)
			}
		}
	}
	return problems, nil
}
