package schemas

import (
	"fmt"
	"slices"
	"strings"
)

// Tie is what the amounts of a mart agree with: two books that come to the same.
// It stands below the mart's SELECT, after a line that ends in a semicolon: a
// comment that says what is equal to what, then a SELECT whose rows are the
// entries of both books. The column book says which; account and all others that
// are no numbers say of whom and of what the entry is; the numbers are added up.
// By those columns, both books have the same sums.
type Tie struct {
	Claim string   // the comment: what is equal to what
	Needs []string // tables that must be complete as far as the lake goes; an account without is not added up
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
			tie.Needs = append(tie.Needs, strings.TrimSpace(name))
		}
	}
	if tie.Claim = strings.TrimSpace(strings.Join(said, " ")); tie.Claim == "" {
		l.report(at, "V5", "say in a comment above it which two books come to the same")
	}
	mart.Ties = append(mart.Ties, tie)
}

// Lacking says which table a tie needs that the set does not have; empty where it
// has all of them.
func (t Tie) Lacking(set *Set) string {
	var names []string
	for _, s := range set.Schemas {
		names = append(names, s.Table)
	}
	for _, name := range t.Needs {
		if !slices.Contains(names, name) {
			return fmt.Sprintf("there is no table %s%s", name, suggestion(name, names))
		}
	}
	return ""
}

// statement is one of several in a file of SQL.
type statement struct {
	sql  string
	line int // of its first line, from 1
}

// statements cuts SQL after lines that end in a semicolon, and leaves those off.
func statements(sql string) []statement {
	var all []statement
	var next strings.Builder
	begin, line := 0, 0
	end := func() {
		if text := strings.TrimSpace(next.String()); text != "" {
			all = append(all, statement{strings.TrimSpace(strings.TrimSuffix(text, ";")), begin})
		}
		next.Reset()
		begin = 0
	}
	for text := range strings.Lines(sql) {
		line++
		if begin == 0 && strings.TrimSpace(text) != "" {
			begin = line
		}
		next.WriteString(text)
		if code, _, _ := strings.Cut(text, "--"); strings.HasSuffix(strings.TrimSpace(code), ";") {
			end()
		}
	}
	end()
	return all
}
