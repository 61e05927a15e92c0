package main

import (
	"strings"

	"github.com/stripelake/stripelake/load/query"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// amounts writes the amounts of a table in the form of their currency.
// Published amounts have three places, because some currencies do. Zeros beyond
// the places of the row's currency are left out, and never another digit
// (Invariant 10).
type amounts struct {
	places   func(currency string) (places int, known bool)
	currency map[int]int // by the column of an amount, the column of its currency
}

// amountsIn finds the amounts of an answer and their currencies, by name:
// amounts called settled_… are in settled_in, all others in currency
// (docs/adr/0024).
func amountsIn(columns []query.Column) (*amounts, error) {
	at := map[string]int{}
	for i, c := range columns {
		if !c.Number {
			at[strings.ToLower(c.Name)] = i
		}
	}
	a := &amounts{currency: map[int]int{}}
	for i, c := range columns {
		unit := "currency"
		if strings.HasPrefix(strings.ToLower(c.Name), "settled_") {
			unit = "settled_in"
		}
		if of, ok := at[unit]; ok && c.Amount {
			a.currency[i] = of
		}
	}
	if len(a.currency) == 0 {
		return a, nil
	}
	// The shipped exponents: a user who may only read published files has no
	// others, and here they do no more than leave zeros out.
	set, err := schemas.Load(schemas.Embedded())
	if err != nil {
		return nil, err
	}
	a.places = transform.DecimalPlaces(set)
	return a, nil
}

// shorten removes the zeros of a row's amounts that their currencies do not
// have.
func (a *amounts) shorten(row []string) {
	for i, of := range a.currency {
		if places, known := a.places(row[of]); known {
			row[i] = withoutZeros(row[i], places)
		}
	}
}

// withoutZeros removes trailing zeros of a decimal beyond a number of places.
func withoutZeros(amount string, places int) string {
	whole, fraction, ok := strings.Cut(amount, ".")
	if !ok {
		return amount
	}
	for len(fraction) > places && strings.HasSuffix(fraction, "0") {
		fraction = fraction[:len(fraction)-1]
	}
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}
