package strictyaml

import (
	"cmp"
	"slices"
	"strings"
)

// Reporter collects every mistake of a load, so that an author sees them at once.
type Reporter struct{ Problems Problems }

// Report adds a mistake. The code is one of those in Problem.
func (r *Reporter) Report(pos Pos, code, format string, args ...any) {
	r.Problems = append(r.Problems, NewProblem(pos, code, format, args...))
}

// Err returns the problems in file order, or nil.
func (r *Reporter) Err() error {
	if len(r.Problems) == 0 {
		return nil
	}
	return r.InFileOrder()
}

// InFileOrder returns the problems, each once: a shared type is checked wherever
// it is used.
func (r *Reporter) InFileOrder() Problems {
	slices.SortStableFunc(r.Problems, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col))
	})
	return slices.Compact(r.Problems)
}
