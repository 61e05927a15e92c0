package schemas

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// reporter collects every mistake of a load, so that an author sees them at once.
type reporter struct{ problems Problems }

func (r *reporter) report(pos Pos, code, format string, args ...any) {
	r.problems = append(r.problems, Problem{Pos: pos, Code: code, Message: fmt.Sprintf(format, args...)})
}

// err returns the problems in file order, or nil.
func (r *reporter) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	return r.inFileOrder()
}

// inFileOrder returns the problems, each once: a shared type is checked wherever
// it is used.
func (r *reporter) inFileOrder() Problems {
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col))
	})
	return slices.Compact(r.problems)
}
