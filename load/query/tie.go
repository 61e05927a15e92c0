package query

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/schemas"
)

// Tie is a tie of a mart, as a view that is created only to check whether it fits.
type Tie struct {
	schemas.Tie
	duck.View
	Mart string
}

// Ties returns the ties of a set's marts, in the marts' order.
func Ties(set *schemas.Set) []Tie {
	var ties []Tie
	for _, m := range set.Marts {
		for i, t := range m.Ties {
			ties = append(ties, Tie{t, duck.View{Name: fmt.Sprintf("%s, tie %d", m.Name, i+1), SQL: t.SQL}, m.Name})
		}
	}
	return ties
}

// The columns that every tie has besides its amounts.
const (
	bookColumn    = "book"
	accountColumn = "account"
)

// added matches the DuckDB types whose sums are exact. floats are the types whose sums
// are not (Invariant 10).
var (
	added  = regexp.MustCompile(`^(DECIMAL\(.*\)|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?)$`)
	floats = []string{"DOUBLE", "FLOAT"}
)

// Misfit returns why these columns are not those of a tie, or "" if they are. types
// maps a column's name to its DuckDB type.
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
