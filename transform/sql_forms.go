package transform

import (
	"fmt"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/schemas"
)

// forms returns a function's forms over its arguments.
func (f *Function) forms(xs ...expression) forms {
	return forms{sql: sqlTemplate(f.SQL, xs...), prep: f.prep(xs...)}
}

// A decimal is read from text in JSON's number grammar with at most twelve
// digits behind the point, and an integer from a decimal without a fraction.
// Where regexp_extract finds nothing it returns an empty text, which no cast
// accepts.
const (
	decimalSQL = `TRY_CAST(regexp_extract($1, '^-?(0|[1-9][0-9]*)(\.[0-9]{1,12}0*)?([eE][+-]?[0-9]+)?$') AS DECIMAL(38,12))`
	wholeSQL   = `TRY_CAST(regexp_extract(CAST(` + decimalSQL + ` AS VARCHAR), '^(-?[0-9]+)\.0+$', 1) AS BIGINT)`
)

// An amount is its minor units times the worth of one minor unit, exactly
// (Invariant 10). A currency that is not three letters may have any exponent:
// the amount is NULL, and not wrong.
const (
	moneySQL = `CASE WHEN regexp_full_match($2, '[A-Za-z]{3}') THEN TRY_CAST($1 * CASE $3 END AS DECIMAL(18,3)) WHEN $1 = 0 AND $2 IS NULL THEN 0.000 END`
	wrongSQL = `($1 IS NOT NULL AND CASE WHEN regexp_full_match($2, '[A-Za-z]{3}') THEN TRY_CAST($1 * CASE $3 END AS DECIMAL(18,3)) IS NULL WHEN $2 IS NULL THEN $1 <> 0 END)`
)

func (e *expressionCompiler) moneyForms(f *Function, minor, currency expression) forms {
	xs := []expression{minor, currency, e.minorUnitValue(currency), {forms: forms{sql: currency.wrong}}}
	sql, wrong := f.SQL, wrongSQL
	if currency.wrong != nil {
		sql = strings.Replace(sql, "AND $2 IS NULL", "AND $2 IS NULL AND $4 IS NOT TRUE", 1)
		wrong = strings.Replace(wrong, "$1 <> 0", "$1 <> 0 OR $4 IS TRUE", 1)
	}
	return forms{
		sql: sqlTemplate(sql, xs...), minor: minor.sql, prep: e.moneyPrep(minor, currency),
		wrong: anyOf(minor.wrong, sqlTemplate(wrong, xs...)),
	}
}

// minorUnitValue renders WHEN … THEN … ELSE of the worth of one minor unit of a
// currency.
func (c *compiler) minorUnitValue(currency expression) expression {
	return expression{forms: forms{sql: func(q *query) string {
		out := ""
		for exponent, amount := range []string{"1.000", "0.100", "0.010", "0.001"} {
			if codes := c.currencies(exponent); len(codes) > 0 && exponent != defaultExponent {
				out += "WHEN lower(" + currency.sql(q) + ") IN (" + joinEach(codes, sqltext.Literal, ", ") + ") THEN " + amount + " "
			}
		}
		if out == "" {
			out = "WHEN false THEN 0.000 "
		}
		return out + "ELSE 0.010"
	}}}
}

// currencies returns the codes that have an exponent in the lookup, in its
// order.
func (c *compiler) currencies(exponent int) []string {
	var codes []string
	if l := c.set.Lookup(schemas.CurrencyExponents); l != nil {
		for _, r := range l.Rows {
			if r.Value == fmt.Sprint(exponent) {
				codes = append(codes, r.Key)
			}
		}
	}
	return codes
}

// exactForms returns the forms of arithmetic: exact, and NULL where the result
// overflows.
func exactForms(operator string, a, b expression) forms {
	sql := sqlTemplate("TRY_CAST(CAST($1 AS HUGEINT) "+operator+" $2 AS BIGINT)", a, b)
	return forms{
		sql: sql, prep: prepTemplate("($1 "+operator+" $2)", a, b),
		wrong: anyOf(a.wrong, b.wrong, func(q *query) string {
			return "(" + a.sql(q) + " IS NOT NULL AND " + b.sql(q) + " IS NOT NULL AND " + sql(q) + " IS NULL)"
		}),
	}
}

func conditionalForms(when, a, b expression) forms {
	choose := func(pick func(expression) func(*query) string, otherwise string) func(*query) string {
		return func(q *query) string {
			render := func(x expression) string {
				if f := pick(x); f != nil {
					return f(q)
				}
				return otherwise
			}
			return "CASE WHEN " + when.sql(q) + " THEN " + render(a) + " ELSE " + render(b) + " END"
		}
	}
	f := forms{
		sql:   choose(func(x expression) func(*query) string { return x.sql }, ""),
		minor: choose(func(x expression) func(*query) string { return x.minor }, "NULL"),
		prep:  prepTemplate("iif($1, $2, $3)", when, a, b),
	}
	if a.wrong != nil || b.wrong != nil {
		f.wrong = choose(func(x expression) func(*query) string { return x.wrong }, "false")
	}
	return f
}

// coalesceForms returns the forms of a choice of the first value that can be
// read. Money is different, see coalescedMoney.
func coalesceForms(c class, xs []expression) forms {
	f := forms{sql: sqlTemplate("coalesce($*)", xs...), prep: prepTemplate("coalesce($*)", xs...)}
	if c == classMoney {
		return f.coalescedMoney(xs)
	}
	var wrongs []func(*query) string
	for _, x := range xs {
		wrongs = append(wrongs, x.wrong)
	}
	if some := anyOf(wrongs...); some != nil {
		f.wrong = func(q *query) string { return "(" + some(q) + " AND " + f.sql(q) + " IS NULL)" }
	}
	return f
}

// coalescedMoney returns the forms of the first amount that was sent. No other
// amount replaces one that cannot be read, or one that is NULL because its
// exponent is not known.
func (f forms) coalescedMoney(xs []expression) forms {
	first := func(pick func(expression) func(*query) string, whenWrong string) func(*query) string {
		return func(q *query) string {
			var out strings.Builder
			out.WriteString("CASE")
			for _, x := range xs {
				if x.minor == nil {
					continue // the literal nil
				}
				if x.wrong != nil {
					out.WriteString(" WHEN " + x.wrong(q) + " THEN " + whenWrong)
				}
				out.WriteString(" WHEN " + x.minor(q) + " IS NOT NULL THEN " + pick(x)(q))
			}
			return out.String() + " END"
		}
	}
	f.sql = first(func(x expression) func(*query) string { return x.sql }, "NULL")
	f.minor = first(func(x expression) func(*query) string { return x.minor }, "NULL")
	f.wrong = first(func(expression) func(*query) string { return func(*query) string { return "false" } }, "true")
	return f
}

// joinEach renders each element and joins the texts.
func joinEach[T any](xs []T, text func(T) string, separator string) string {
	all := make([]string, len(xs))
	for i, x := range xs {
		all[i] = text(x)
	}
	return strings.Join(all, separator)
}

func membershipForms(x expression, listed []string) forms {
	return forms{
		sql: func(q *query) string {
			if len(listed) == 0 {
				return "false"
			}
			return "((" + x.sql(q) + " IN (" + joinEach(listed, sqltext.Literal, ", ") + ")) IS TRUE)"
		},
		prep: func(p *dataPrep) string { return "matches_regex(" + x.prep(p) + ", " + alternatives(listed) + ")" },
	}
}

func lookupForms(f *Function, x expression, l *schemas.Lookup) forms {
	rows := func(quote func(string) string, before, between, behind string) string {
		return joinEach(l.Rows, func(r schemas.LookupRow) string { return before + quote(r.Key) + between + quote(r.Value) }, behind)
	}
	cases := expression{forms: forms{
		sql:  func(*query) string { return rows(sqltext.Literal, "WHEN ", " THEN ", " ") },
		prep: func(*dataPrep) string { return rows(prepText, "", ", ", ", ") },
	}}
	return f.forms(x, cases)
}

func patternForms(f *Function, x expression, pattern string) forms {
	return f.forms(x, expression{forms: forms{
		sql:  func(*query) string { return sqltext.Literal(pattern) },
		prep: func(*dataPrep) string { return prepText(prepPattern(pattern)) },
	}})
}

func prefixForms(f *Function, x, prefix expression) forms {
	return f.forms(x, expression{forms: forms{sql: prefix.sql, prep: func(p *dataPrep) string {
		if prefix.fixed == nil {
			return p.without("the beginning is no text in quotes, and Data Prep has no starts_with")
		}
		return prepText("^" + quotedPattern(string(prefix.fixed)) + ".*$")
	}}})
}
