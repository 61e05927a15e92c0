package schemas

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/spelling"
)

// Tie declares that amounts of a mart agree with other amounts: two books with the same
// sums. It comes after the mart's SELECT, behind a line that ends in a semicolon: a
// comment that says what is equal, then a SELECT whose rows are the entries of both
// books. The column book names the book. account and all other columns that are not
// numbers identify the entry; the numbers are added up. By those columns both books
// must have the same sums.
type Tie struct {
	Claim string   // the comment: what is equal
	Needs []string // tables that must be complete; accounts that lack some of them are not added up
	SQL   string   // as written, with the comment
	Pos   Pos      // of the comment's first line
}

// needsMark begins the line of a tie's comment that lists what it needs.
const needsMark = "needs:"

// parseTie reads one of the statements below a mart's SELECT.
func (l *loader) parseTie(mart *Mart, sql string, at Pos) {
	tie := Tie{SQL: sql, Pos: at}
	var said []string
	for _, line := range headComment(sql) {
		needs, ok := strings.CutPrefix(line, needsMark)
		if !ok {
			said = append(said, line)
			continue
		}
		for name := range strings.SplitSeq(needs, ",") {
			if name = strings.TrimSpace(name); name != "" {
				tie.Needs = append(tie.Needs, name)
			}
		}
	}
	if tie.Claim = strings.TrimSpace(strings.Join(said, " ")); tie.Claim == "" {
		l.Report(at, "V5", "say in a comment above it which two books come to the same")
	}
	mart.Ties = append(mart.Ties, tie)
}

// Lacking returns a message about a table that the tie needs and the set lacks, or ""
// if it has all.
func (t Tie) Lacking(set *Set) string {
	var names []string
	for _, s := range set.Schemas {
		names = append(names, s.Table)
	}
	for _, name := range t.Needs {
		if !slices.Contains(names, name) {
			return fmt.Sprintf("there is no table %s%s", name, spelling.Suggestion(name, names))
		}
	}
	return ""
}

// statement is one of several in a SQL file.
type statement struct {
	sql  string
	line int // number of its first line, from 1
}

// sqlTokens matches the tokens inside which a semicolon ends no statement: texts,
// quoted names and comments, closed or not; and the semicolon itself.
var sqlTokens = regexp.MustCompile(`(?s)'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|--[^\n]*|/\*.*?(?:\*/|$)|;`)

// statements splits SQL at the semicolons that end a statement. It removes these
// semicolons, a comment behind one on the same line, and statements that are only
// comments.
func statements(sql string) (all []statement) {
	begin, read, code := 0, 0, false // code: from begin to read there is more than comments
	add := func(end int) {
		if !code {
			return
		}
		text := sql[begin:end]
		before := sql[:begin] + text[:len(text)-len(strings.TrimLeft(text, " \t\r\n"))]
		all = append(all, statement{strings.TrimSpace(text), strings.Count(before, "\n") + 1})
	}
	for _, at := range sqlTokens.FindAllStringIndex(sql, -1) {
		token := sql[at[0]:at[1]]
		code = code || strings.TrimSpace(sql[read:at[0]]) != ""
		switch {
		case token == ";":
			add(at[0])
			begin, code = at[1], false
		case !strings.HasPrefix(token, "--") && !strings.HasPrefix(token, "/*"):
			code = true
		case strings.TrimSpace(sql[begin:at[0]]) == "" && !strings.Contains(sql[begin:at[0]], "\n") && begin > 0 && strings.HasPrefix(token, "--"):
			begin = at[1] // the comment belongs to the line that the semicolon ends
		}
		read = at[1]
	}
	code = code || strings.TrimSpace(sql[read:]) != ""
	add(len(sql))
	return all
}
