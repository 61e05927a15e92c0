package transform

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
)

// forms is an expression in the languages other than the kernel's. Each is made
// on demand: compiling a plan for a sync spells nothing out.
type forms struct {
	// sql is the value in DuckDB, NULL where the kernel has none. It is one
	// operand: whatever stands around it needs no parentheses for it.
	sql func(*query) string

	// wrong is true in DuckDB where there is something that cannot be read: null
	// to all but money. A nil one never is.
	wrong func(*query) string

	// minor is the minor units of an amount of money. They may be there where the
	// amount is NULL: the exponent of the currency is not known.
	minor func(*query) string

	prep func(*dataPrep) string
}

// constantForms are the forms of what has the same text everywhere.
func constantForms(sql, prep string) forms {
	return forms{sql: func(*query) string { return sql }, prep: func(*dataPrep) string { return prep }}
}

// query is one rendering of expressions as SQL.
//
// DuckDB sees JSON through its parser and not as the bytes that were sent. The
// kernel and the query agree on every object but in what that hides:
//
//   - of a repeated key DuckDB takes the first value, the kernel the last;
//   - a map of over 1,000 keys is a map to DuckDB; the kernel refuses its row;
//   - what is not valid JSON, or has half a surrogate pair, is no row to DuckDB;
//     the kernel checks no more of an object than it needs, and reads U+FFFD for
//     half a pair;
//   - json(…) is the same value but not the same bytes: DuckDB drops blanks and
//     writes escapes and numbers in its own way, and what json finds inside a
//     map or a list likewise;
//   - a decimal with an exponent is rounded to 12 digits behind the point, and is
//     null with more than 12 of them before the exponent; the kernel has null
//     only where a digit would be lost;
//   - upper makes ẞ of ß, which the kernel leaves as it is; no other letter of
//     Unicode differs.
type query struct {
	whole   bool            // a whole query: paths are read once, into columns of their own
	sent    []sentColumn    // those columns, in order of first use
	named   map[string]bool // by name
	found   []foundPaths    // the JSON values those are made from, by what they are found in
	indexed map[*scope]bool // of these elements the number is used
}

// foundPaths are the paths that are wanted from one JSON value. They are found
// together, so that DuckDB parses each object once.
type foundPaths struct {
	in    string // "raw.object", "raw.digits", "item", …
	paths []string
}

// column is where the values are found.
func (f foundPaths) column() string {
	return strings.Trim(strings.TrimPrefix(f.in, "raw."), `"`) + "_found"
}

// find returns where the value of a path is found, or "" where it is not found
// beforehand: inside lists, and in the form of a single leaf.
func (q *query) find(s *scope, in, path string) string {
	if !q.whole || s.list != nil && s.label == "" {
		return ""
	}
	f := q.foundIn(in)
	i := slices.Index(f.paths, path)
	if i < 0 {
		i = len(f.paths)
		f.paths = append(f.paths, path)
	}
	return fmt.Sprintf("%s[%d]", f.column(), i+1)
}

func (q *query) foundIn(in string) *foundPaths {
	i := slices.IndexFunc(q.found, func(f foundPaths) bool { return f.in == in })
	if i < 0 {
		i = len(q.found)
		q.found = append(q.found, foundPaths{in: in})
	}
	return &q.found[i]
}

// foundSQL is the column of everything that is found in a value.
func (q *query) foundSQL(in string) string {
	f := q.foundIn(in)
	if len(f.paths) == 0 {
		return ""
	}
	lines := make([]string, len(f.paths))
	for i, path := range f.paths {
		lines[i] = fmt.Sprintf("\n      /* %d */ %s", i+1, sqltext.Literal(path))
	}
	return ",\n    json_extract(" + in + ", [" + strings.Join(lines, ",") + "\n    ]) AS " + f.column()
}

// sentColumn is a path's value, read once.
type sentColumn struct{ name, sql string }

// once reads a path into a column, or where it stands inside a list in place.
func (q *query) once(s *scope, name, sql string) string {
	if !q.whole || s.list != nil && s.label == "" {
		return sql
	}
	if !q.named[name] {
		q.named[name] = true
		q.sent = append(q.sent, sentColumn{name, sql})
	}
	return sqltext.Ident(name)
}

// truth is an operand of and, or, not and WHERE: null is not true.
func (q *query) truth(x expression) string {
	if x.certain {
		return x.sql(q)
	}
	return "(" + x.sql(q) + " IS TRUE)"
}

// comparison is two-valued.
func (q *query) comparison(operator string, a, b expression) string {
	x, y := a.sql(q), b.sql(q)
	switch {
	case operator == "==" && b.class == classNil:
		return "(" + x + " IS NULL)"
	case operator == "!=" && b.class == classNil:
		return "(" + x + " IS NOT NULL)"
	case operator == "==":
		return "(" + x + " IS NOT DISTINCT FROM " + y + ")"
	case operator == "!=":
		return "(" + x + " IS DISTINCT FROM " + y + ")"
	case a.class == classNil || b.class == classNil:
		return "false" // nothing is in order with null
	}
	return "((" + x + " " + operator + " " + y + ") IS TRUE)"
}

// sqlTemplate fills arguments into a template, see Function.
func sqlTemplate(template string, xs ...expression) func(*query) string {
	return func(q *query) string {
		return fillTemplate(template, len(xs), func(i int) string { return xs[i].sql(q) }).Replace(template)
	}
}

// fillTemplate replaces $1, $2, … and $*; only those that the template has are spelled.
func fillTemplate(template string, n int, argument func(int) string) *strings.Replacer {
	var pairs []string
	add := func(name, separator string) {
		if strings.Contains(template, name) {
			all := make([]string, n)
			for i := range all {
				all[i] = argument(i)
			}
			pairs = append(pairs, name, strings.Join(all, separator))
		}
	}
	add("$*", ", ")
	add("$|", " || ")
	for i := range n {
		if name := fmt.Sprintf("$%d", i+1); strings.Contains(template, name) {
			pairs = append(pairs, name, argument(i))
		}
	}
	return strings.NewReplacer(pairs...)
}

// anyOf is true where one of several conditions is; nil ones never are.
func anyOf(conditions ...func(*query) string) func(*query) string {
	var some []func(*query) string
	for _, c := range conditions {
		if c != nil {
			some = append(some, c)
		}
	}
	switch len(some) {
	case 0:
		return nil
	case 1:
		return some[0]
	}
	return func(q *query) string {
		parts := make([]string, len(some))
		for i, c := range some {
			parts[i] = c(q)
		}
		return "(" + strings.Join(parts, " OR ") + ")"
	}
}

// wrongResult is true where an argument was unreadable, or there and its result is not.
func wrongResult(x expression, sql func(*query) string) func(*query) string {
	return anyOf(x.wrong, func(q *query) string {
		return "(" + x.sql(q) + " IS NOT NULL AND " + sql(q) + " IS NULL)"
	})
}
