package transform

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
)

// forms is an expression in the other languages than the kernel's. Each form is
// rendered on demand, so that compiling for a sync costs no rendering.
type forms struct {
	// sql renders the value in DuckDB, NULL where the kernel's value is null.
	// The text is one operand, which needs no parentheses around it.
	sql func(*query) string

	// wrong renders a condition that is true where a value is there and cannot
	// be read. Only money tells that from null. nil means that this never
	// happens.
	wrong func(*query) string

	// minor renders the minor units of an amount of money. They can be there
	// although the amount is NULL, because the exponent of its currency is not
	// known.
	minor func(*query) string

	prep func(*dataPrep) string
}

// constantForms returns the forms of a constant.
func constantForms(sql, prep string) forms {
	return forms{sql: func(*query) string { return sql }, prep: func(*dataPrep) string { return prep }}
}

// query renders expressions of one mapping as SQL.
//
// DuckDB reads JSON through its own parser, not as the bytes that were sent.
// The kernel and the query agree on every object but for these differences:
//
//   - of a repeated key DuckDB takes the first value, the kernel the last;
//   - a map of over 1,000 keys is a map to DuckDB; the kernel rejects its row;
//   - what is not valid JSON, or has half a surrogate pair, is no row to DuckDB;
//     the kernel checks no more of an object than it needs, and reads U+FFFD for
//     half a pair;
//   - json(…) is the same value but not the same bytes: DuckDB drops blanks and
//     writes escapes and numbers in its own way. So are the values that json finds
//     inside a map or a list;
//   - DuckDB rounds a decimal with an exponent to 12 digits behind the point, and
//     makes it null with more than 12 digits before the exponent; the kernel has
//     null only where a digit would be lost;
//   - DuckDB's upper turns ß into ẞ, the kernel leaves it; no other letter of
//     Unicode differs.
type query struct {
	whole   bool            // the query of a whole mapping: each path is read once, into a column of its own
	sent    []sentColumn    // those columns, in order of first use
	named   map[string]bool // names of these columns
	found   []foundPaths    // the paths that these columns need, by the JSON value that they are in
	indexed map[*scope]bool // scopes whose element's number is used
}

// foundPaths are the paths that a query needs from one JSON value. They are
// extracted together, so that DuckDB parses each object once.
type foundPaths struct {
	in    string // "raw.object", "raw.digits", "item", …
	paths []string
}

// column is the name of the column that holds the extracted values.
func (f foundPaths) column() string {
	return strings.Trim(strings.TrimPrefix(f.in, "raw."), `"`) + "_found"
}

// find returns the SQL of a path's extracted value, or "" where nothing is
// extracted beforehand: inside lists, and for a single expression.
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

// foundSQL renders the column with everything that is extracted from a value.
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

// sentColumn is a column with the value of a path.
type sentColumn struct{ name, sql string }

// once reads a path into a column and returns the column's name. Inside a list,
// and for a single expression, it returns the SQL itself.
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

// truth renders an operand of and, or, not or WHERE, to which null is not true.
func (q *query) truth(x expression) string {
	if x.certain {
		return x.sql(q)
	}
	return "(" + x.sql(q) + " IS TRUE)"
}

// comparison renders a comparison, which is always true or false.
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
		return "false" // no order holds with null
	}
	return "((" + x + " " + operator + " " + y + ") IS TRUE)"
}

// sqlTemplate fills the arguments' SQL into a template, see Function.
func sqlTemplate(template string, xs ...expression) func(*query) string {
	return func(q *query) string {
		return fillTemplate(template, len(xs), func(i int) string { return xs[i].sql(q) }).Replace(template)
	}
}

// fillTemplate replaces $1, $2, …, $* and $|. It renders only those that the
// template has.
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

// anyOf renders a condition that is true where one of several is. A nil
// condition is never true.
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

// wrongResult renders a condition that is true where the argument x cannot be
// read, or where x has a value and the function's result, sql, is NULL.
func wrongResult(x expression, sql func(*query) string) func(*query) string {
	return anyOf(x.wrong, func(q *query) string {
		return "(" + x.sql(q) + " IS NOT NULL AND " + sql(q) + " IS NULL)"
	})
}
