package load

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/schemas"
)

// Tie is a tie of a mart, as a view that nobody makes but to see whether it fits.
type Tie struct {
	schemas.Tie
	View
	Mart string
}

// Ties are the ties of a set's marts, in the marts' order.
func Ties(set *schemas.Set) []Tie {
	var ties []Tie
	for _, m := range set.Marts {
		for i, t := range m.Ties {
			ties = append(ties, Tie{t, View{Name: fmt.Sprintf("%s, tie %d", m.Name, i+1), SQL: t.SQL}, m.Name})
		}
	}
	return ties
}

// The columns that every tie has beside its amounts.
const (
	bookColumn    = "book"
	accountColumn = "account"
)

// added are the types of DuckDB that are added up, exactly; floats are those
// that cannot be (Invariant 10).
var (
	added  = regexp.MustCompile(`^(DECIMAL\(.*\)|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?)$`)
	floats = []string{"DOUBLE", "FLOAT"}
)

// Misfit says why columns of these types, by name, are not those of a tie; empty
// if they are.
func (t Tie) Misfit(types map[string]string) string {
	amounts := 0
	for name, kind := range types {
		switch {
		case slices.Contains(floats, kind):
			return fmt.Sprintf("%s is %s, which does not add up exactly: cast it to a DECIMAL", name, kind)
		case added.MatchString(kind):
			amounts++
		}
	}
	switch {
	case types[bookColumn] != "VARCHAR":
		return "a column book says in which of the two books an entry is, for example 'payments' AS book"
	case types[accountColumn] != "VARCHAR":
		return "a column account says whose an entry is"
	case amounts == 0:
		return "there is no column of whole numbers or decimals to add up"
	}
	return ""
}

// sumsTable holds a tie's sums. No mart can have its name, which begins with _.
const sumsTable = "_sums"

// sums are those of a tie's entries: a SELECT, and its columns with their types.
type sums struct {
	entries string
	columns []string
	types   map[string]string
}

// statements are one that adds the entries up into a table, one that counts the
// sums to compare and, for each amount, one that returns those that differ. A book
// without an entry comes to nothing.
func (s *sums) statements() (add, count string, differ []string) {
	var amounts, totals, by, shown []string
	for _, name := range s.columns {
		switch {
		case added.MatchString(s.types[name]):
			amounts = append(amounts, name)
			totals = append(totals, fmt.Sprintf("coalesce(sum(%[1]s), 0) AS %[1]s", sqltext.Ident(name)))
		case name != bookColumn:
			by = append(by, sqltext.Ident(name))
			shown = append(shown, sqltext.Ident(name)+"::VARCHAR")
		}
	}
	keys := strings.Join(by, ", ")
	add = fmt.Sprintf("CREATE OR REPLACE TEMP TABLE %s AS SELECT book, %s, %s FROM (%s) GROUP BY ALL", sumsTable, keys, strings.Join(totals, ", "), s.entries)
	count = fmt.Sprintf("SELECT %d * count(*) FROM (SELECT DISTINCT %s FROM temp.%s)", len(amounts), keys, sumsTable)
	for _, name := range amounts {
		differ = append(differ, fmt.Sprintf(`SELECT concat_ws(' ', %[1]s), concat(%[2]s, ' ', string_agg(book || ' ' || %[3]s, ', ' ORDER BY book))
			FROM temp.%[5]s GROUP BY %[4]s HAVING max(%[3]s) <> min(%[3]s) OR count(*) = 1 AND max(%[3]s) <> 0 ORDER BY ALL`,
			strings.Join(shown, ", "), sqltext.Literal(name+":"), sqltext.Ident(name), keys, sumsTable))
	}
	return add, count, differ
}
