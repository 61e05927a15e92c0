package report

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
)

// templateValues are the values for the placeholders in texts and SQL, without
// a filter. page/sql.js does the same in the browser for any filter, and a test
// compares the two.
type templateValues struct {
	Currency  string   // of the amounts shown
	Digits    int      // its decimal places
	Unit      string   // day, week, month, quarter or year
	Middle    string   // the first day of the second half
	Edges     []string // of the baskets, ascending, in major units
	Providers []string // the one with most payments first
}

var placeholder = regexp.MustCompile(`\{([^{}]*)\}`)

// sql completes a figure's SQL. A line with {provider} is repeated for each
// provider; a line that becomes empty is removed.
func (w templateValues) sql(template string) string {
	var lines []string
	for line := range strings.Lines(template) {
		providers := []string{""}
		if strings.Contains(line, eachProvider) {
			providers = w.Providers
		}
		for _, provider := range providers {
			if done := strings.TrimRight(w.line(line, provider), " \n"); done != "" {
				lines = append(lines, done)
			}
		}
	}
	return strings.Join(lines, "\n")
}

func (w templateValues) line(line, provider string) string {
	return placeholder.ReplaceAllStringFunc(line, func(found string) string {
		name, rest, _ := strings.Cut(found[1:len(found)-1], " ")
		switch name {
		case "where", "and": // there is no filter here
			return ""
		case "low", "high":
			part, whole, _ := strings.Cut(rest, " ")
			return wilson(name, part, whole)
		case "later":
			return "pays_later"
		case "currency":
			return sqltext.Literal(w.Currency)
		case "digits":
			return strconv.Itoa(w.Digits)
		case "unit":
			return w.Unit
		case "middle":
			return "DATE " + sqltext.Literal(w.Middle)
		case "edges":
			return strings.Join(w.Edges, ", ")
		case "methods":
			return literals(append([]string{"card"}, w.Providers...))
		case "provider":
			return sqltext.Literal(provider)
		case "Provider":
			return sqltext.Ident(provider)
		}
		return found
	})
}

// wilson returns the SQL of a bound of Wilson's 95 % interval for part of
// whole, in percent. z is 1.96; 1.9208, 0.9604 and 3.8416 are z² over 2, z²
// over 4, and z².
func wilson(bound, part, whole string) string {
	sign := "-"
	if bound == "high" {
		sign = "+"
	}
	return fmt.Sprintf("(100 * (%[1]s + 1.9208 %[3]s 1.96 * sqrt(%[1]s * (%[2]s - %[1]s) / nullif(%[2]s, 0) + 0.9604)) / (%[2]s + 3.8416))::DECIMAL(5, 1)",
		part, whole, sign)
}

func literals(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = sqltext.Literal(text)
	}
	return strings.Join(quoted, ", ")
}
