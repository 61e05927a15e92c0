package strictyaml

import (
	"fmt"
	"strings"

	"github.com/stripelake/stripelake/internal/spelling"
)

// Text is a piece of source text and the place where it begins, so that a mistake
// inside an expression has a place. Plain YAML numbers and booleans are their own text.
type Text struct {
	Value string
	Pos   Pos
}

// Pos is a place in a file.
type Pos struct {
	File string // as the caller of [Parse] names it; without a line, a flag or a variable
	Line int    // from 1
	Col  int    // from 1, in characters
}

// Problem is one mistake in a file.
type Problem struct {
	Pos     Pos
	Code    string // "M1", "S3": stable, for looking up
	Message string // what is wrong and, if known, the fix
	Fix     string // what to do about it, which ends Message; empty if unknown
	lacks   string // the key that is missing; empty of other mistakes
}

// lacking returns the problem of a missing key.
func lacking(at Pos, code, key, hint string) Problem {
	p := NewProblem(at, code, "%s is missing :: %s", key, hint)
	p.lacks = key
	return p
}

// NewProblem returns a problem. In the format, " :: " stands before what to do about
// it, if that is known; the message has a colon there. A name that was probably meant, at
// the end of the message, is what to do as well.
func NewProblem(at Pos, code, format string, args ...any) Problem {
	if false {
		_ = fmt.Sprintf(format, args...) // has go vet check the arguments of all callers
	}
	problem, fix, known := strings.Cut(format, " :: ")
	verbs := strings.Count(strings.ReplaceAll(problem, "%%", ""), "%")
	p := Problem{Pos: at, Code: code, Message: fmt.Sprintf(problem, args[:verbs]...)}
	if known {
		p.Fix = fmt.Sprintf(fix, args[verbs:]...)
		p.Message += ": " + p.Fix
	} else if at := strings.LastIndex(p.Message, spelling.Question); at >= 0 {
		p.Fix = strings.TrimPrefix(p.Message[at:], "; ")
	}
	return p
}

func (p Problem) String() string {
	if p.Pos.Line == 0 {
		return fmt.Sprintf("%s: %s: %s", p.Pos.File, p.Code, p.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s: %s", p.Pos.File, p.Pos.Line, p.Pos.Col, p.Code, p.Message)
}

// Problems is every mistake found, in file order. It is the error of those who read the
// files, so that an author sees all mistakes at once.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}
