package transform

import (
	"fmt"

	"github.com/stripelake/stripelake/schemas"
)

// Function describes one function of the mapping language. Its entry holds
// everything about it: documentation, checks, the kernel (the result of
// compile) and its forms in the two other languages.
//
// In SQL and DataPrep $1, $2, … are the arguments, $* is all of them with
// commas between and $| all of them with the operator || between. A function of
// a path, rather than of a value, writes $object and $path in SQL for the JSON
// value and the path in it, and $id for the path of the id below. $digits is
// the object with its numbers between quotes, as they were sent. $first and
// $last are the elements at the ends of a list. $3 of money is the worth of a
// minor unit, $2 of lookup the rows of the lookup.
type Function struct {
	Name      string
	Signature string
	Nulls     string // its result for null
	Example   string
	Doc       string
	SQL       string // DuckDB
	DataPrep  string // Adobe Experience Platform's Data Prep; "" where it has no equivalent
	Reason    string // why it has none

	arguments int // how many it needs; the last one may be repeated if many is set
	many      bool
	compile   func(e *expressionCompiler, c *call) expression
}

// Functions returns the functions of the mapping language, by name.
func Functions() []Function {
	return []Function{
		{
			Name: "coalesce", Signature: "coalesce(a, b, …)", Nulls: "skipped", arguments: 1, many: true, compile: coalesceCall,
			Example: "coalesce(current_period_end, items.data[0].current_period_end)", Doc: "The first value that is not null. a ?? b is the same for two.",
			SQL: "coalesce($*)", DataPrep: "coalesce($*)",
		},
		{
			Name: "concat", Signature: "concat(string, …) string", Nulls: "null if any is null", arguments: 1, many: true, compile: concatCall,
			Example: `concat("https://dashboard.stripe.com/", id)`, Doc: "The texts one after the other.",
			SQL: "($|)", DataPrep: "concat($*)",
		},
		{
			Name: "date", Signature: "date(date-time) date", Nulls: "null", arguments: 1, compile: dateCall,
			Example: "date(unix(available_on))", Doc: "The day in UTC.",
			SQL: "CAST($1 AS DATE)", DataPrep: "format(date($1), \"yyyy-MM-dd\")",
		},
		{
			Name: "decimal", Signature: "decimal(number or string) decimal", Nulls: "null", arguments: 1, compile: decimalCall,
			Example: "decimal(unit_amount_decimal)", Doc: "The number exactly, as DECIMAL(38,12). More than 12 digits behind the point, or more than 26 before it, is null and counted as drift.",
			SQL: decimalSQL, DataPrep: "to_decimal($1)",
		},
		{
			Name: "first", Signature: "first(list)", Nulls: "null; also of an empty list", arguments: 1, compile: firstCall,
			Example: "first(preferred_locales)", Doc: "The first element of a list of values.",
			SQL: "$first", DataPrep: "first($1)",
		},
		{
			Name: "json", Signature: "json(path) json", Nulls: "null", arguments: 1, compile: jsonCall,
			Example: "json(outcome)", Doc: "The value as Stripe sent it, byte for byte.",
			SQL: "CASE WHEN json_type($object, $path) <> 'NULL' THEN $object -> $path END", Reason: "Data Prep has no text of an object as it was sent",
		},
		{
			Name: "last", Signature: "last(list)", Nulls: "null; also of an empty list", arguments: 1, compile: lastCall,
			Example: "last(preferred_locales)", Doc: "The last element of a list of values.",
			SQL: "$last", DataPrep: "last($1)",
		},
		{
			Name: "left", Signature: "left(string, n) string", Nulls: "null", arguments: 2, compile: leftCall,
			Example: "left(id, 3)", Doc: "The first n characters.",
			SQL: "left($1, $2)", DataPrep: "left($1, $2)",
		},
		{
			Name: "lookup", Signature: "lookup(table, string) string", Nulls: "null; also where the table has no such key", arguments: 2, compile: lookupCall,
			Example: "lookup(bnpl_provider, payment_method_details.type)", Doc: "What a lookup file has for the text.",
			SQL: "CASE $1 $2 END", DataPrep: "decode($1, $2)",
		},
		{
			Name: "lower", Signature: "lower(string) string", Nulls: "null", arguments: 1, compile: lowerCall,
			Example: "lower(billing_details.email)", Doc: "The text in lower case.",
			SQL: "lower($1)", DataPrep: "lower($1)",
		},
		{
			Name: "matches", Signature: `matches(string, "pattern") boolean`, Nulls: "false", arguments: 2, compile: matchesCall,
			Example: `matches(id, "^py_")`, Doc: "Whether the text has a part that matches the regular expression (RE2).",
			SQL: "(regexp_matches($1, $2) IS TRUE)", DataPrep: "matches_regex($1, $2)",
		},
		{
			Name: "money", Signature: "money(integer, currency) money", Nulls: "a null amount is null; a zero without a currency is zero", arguments: 2, compile: moneyCall,
			Example: "money(amount, currency)", Doc: "An amount in Stripe's minor units as an exact amount of the currency. Of a currency that is not three letters the exponent is not known: the amount is null beside its minor units, and drift counts it. What cannot be read rejects the row. Beside it in a comparison a number is in major units: money(amount, currency) > 99.95.",
			SQL: moneySQL, DataPrep: moneyPrep,
		},
		{
			Name: "ref", Signature: "ref(path) string", Nulls: "null", arguments: 1, compile: refCall,
			Example: "ref(customer)", Doc: "The id, whether Stripe sent an id, the expanded object, or the stub of a deleted one.",
			SQL: "CASE 'VARCHAR' WHEN json_type($object, $path) THEN $object ->> $path WHEN json_type($object, $id) THEN $object ->> $id END", DataPrep: "iif(is_empty($1.id), $1, $1.id)",
		},
		{
			Name: "sha256", Signature: "sha256(string) string", Nulls: "null", arguments: 1, compile: sha256Call,
			Example: "sha256(lower(billing_details.email))", Doc: "The SHA-256 of the text, in hexadecimal.",
			SQL: "sha256($1)", DataPrep: "sha256($1)",
		},
		{
			Name: "size", Signature: "size(list, map or object) long", Nulls: "null", arguments: 1, compile: sizeCall,
			Example: "size(items.data)", Doc: "How many elements or members there are.",
			SQL: "CASE json_type($object, $path) WHEN 'ARRAY' THEN json_array_length($object, $path)::BIGINT WHEN 'OBJECT' THEN len(json_keys($object, $path)) END", DataPrep: "size_of($1)",
		},
		{
			Name: "starts_with", Signature: "starts_with(string, string) boolean", Nulls: "false", arguments: 2, compile: startsWithCall,
			Example: `starts_with(id, "py_")`, Doc: "Whether the text begins with the other.",
			SQL: "(starts_with($1, $2) IS TRUE)", DataPrep: "matches_regex($1, $2)",
		},
		{
			Name: "text", Signature: "text(value) string", Nulls: "null", arguments: 1, compile: textCall,
			Example: "text(exchange_rate)", Doc: "A string, number or boolean as text; a number with the digits that were sent.",
			SQL: "CASE WHEN json_type($digits, $path) IN ('VARCHAR', 'BOOLEAN') THEN $digits ->> $path END", DataPrep: "$1",
		},
		{
			Name: "trim", Signature: "trim(string) string", Nulls: "null", arguments: 1, compile: trimCall,
			Example: "trim(description)", Doc: "The text without blanks, tabs and line ends around it.",
			SQL: "trim($1, E' \\t\\r\\n')", DataPrep: "trim($1)",
		},
		{
			Name: "unix", Signature: "unix(integer) date-time", Nulls: "null", arguments: 1, compile: unixCall,
			Example: "unix(created)", Doc: "The time that a number of Unix seconds means, in UTC; null outside the years 1 to 9999.",
			SQL: "make_timestamp(CASE WHEN $1 BETWEEN -62135596800 AND 253402300799 THEN $1 * 1000000 END)", DataPrep: "dformat($1 * 1000, \"yyyy-MM-dd'T'HH:mm:ss.SSSX\")",
		},
		{
			Name: "upper", Signature: "upper(string) string", Nulls: "null", arguments: 1, compile: upperCall,
			Example: "upper(currency)", Doc: "The text in upper case.",
			SQL: "upper($1)", DataPrep: "upper($1)",
		},
		{
			Name: "whole", Signature: "whole(number or string) long", Nulls: "null", arguments: 1, compile: wholeCall,
			Example: `whole(metadata["quantity"])`, Doc: "A number without a fraction, or text that is one; anything else is null and counted as drift.",
			SQL: wholeSQL, DataPrep: "to_bigint($1)",
		},
	}
}

func functionsByName() map[string]*Function {
	byName := map[string]*Function{}
	for _, f := range Functions() {
		byName[f.Name] = &f
	}
	return byName
}

// fixFor returns the end of a message that says how to make an expression fit a
// class, or "".
func fixFor(x expression, want class) string {
	kind, name := x.class, x.text
	switch {
	case want == classDateTime && (kind == classUnixTime || kind == classInteger):
		return fmt.Sprintf("; Stripe times are Unix seconds: write unix(%s)", name)
	case want == classDate && kind == classDateTime:
		return fmt.Sprintf("; write date(%s)", name)
	case want == classDate && (kind == classUnixTime || kind == classInteger):
		return fmt.Sprintf("; Stripe times are Unix seconds: write date(unix(%s))", name)
	case want == classMoney && kind == classInteger:
		return fmt.Sprintf("; Stripe amounts are minor units: write money(%s, currency)", name)
	case want == classMoney && kind == classText:
		return "; money is an amount with its currency: write money(amount, currency)"
	case kind == classReference && want != classJSON:
		return fmt.Sprintf("; the value may be an id or an expanded object: write ref(%s)", name)
	case want == classJSON && x.path != nil:
		return fmt.Sprintf("; write json(%s)", name)
	case want == classText && (kind == classInteger || kind == classUnixTime || kind == classNumber || kind == classBoolean || kind == classUnknown):
		return fmt.Sprintf("; write text(%s)", name)
	case want == classText && kind == classObject:
		return fmt.Sprintf("; name one of its members, or write json(%s) into a field of type json", name)
	case want == classInteger && (kind == classNumber || kind == classText || kind == classDecimalText || kind == classUnknown):
		return fmt.Sprintf("; write whole(%s)", name)
	case want == classDecimal && (kind == classNumber || kind == classText || kind == classUnknown):
		return fmt.Sprintf("; write decimal(%s)", name)
	case want == classMoney && (kind == classDecimalText || kind == classNumber || kind == classDecimal):
		return "; money comes from an integer of minor units; keep this one as a decimal"
	case want == classList && kind == classObject && x.path != nil && x.path.field.Member("data") != nil:
		return fmt.Sprintf("; Stripe's lists keep their elements in data: write %s.data", name)
	}
	return ""
}

// exponentsOf reads the lookup of the currencies' decimal places. The loader
// has checked its rows already.
func exponentsOf(set *schemas.Set) exponents {
	e := exponents{}
	if l := set.Lookup(schemas.CurrencyExponents); l != nil {
		for _, r := range l.Rows {
			if len(r.Key) == 3 && len(r.Value) == 1 && r.Value[0] >= '0' && r.Value[0] <= '0'+moneyScale {
				e[[3]byte([]byte(r.Key))] = int(r.Value[0] - '0')
			}
		}
	}
	return e
}
