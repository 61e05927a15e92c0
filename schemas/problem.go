package schemas

import (
	"fmt"
	"strings"
)

// Problem is one mistake in a schema, mapping or lookup file.
type Problem struct {
	Pos     Pos
	Code    string // "M1", "S3": stable, for looking up
	Message string // what is wrong and, if known, the fix
}

func (p Problem) String() string {
	return fmt.Sprintf("%s:%d:%d: %s: %s", p.Pos.File, p.Pos.Line, p.Pos.Col, p.Code, p.Message)
}

// Problems is every mistake found, in file order. Loading a set and compiling its
// mappings return it as their error, so that an author sees all mistakes at once.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}
