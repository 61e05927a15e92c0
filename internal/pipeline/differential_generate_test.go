package pipeline_test

import (
	"encoding/json"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/stripelake/stripelake/schemas"
)

// generator writes random objects as the catalog describes them, and sometimes
// not. What it never writes is what DuckDB cannot see, see query in package
// transform: a key twice, text that is not JSON or not UTF-8, half a surrogate
// pair, a decimal with an exponent and a digit behind its twelfth place, and ß.
type generator struct {
	t     *rapid.T
	wild  int // of a hundred values so many are not what the catalog says
	depth int
}

// object generates an object of a type whose id is number.
func object(catalog *schemas.Catalog, number int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		g := &generator{t: t}
		g.wild = []int{0, 0, 1, 1, 5, 25}[g.below(6)]
		members := []string{
			fmt.Sprintf(`"id":%s`, g.oneOf(90, fmt.Sprintf(`"obj_%d"`, number), g.anything())),
			`"created":` + g.oneOf(90, fmt.Sprint(rapid.Int64Range(-1e10, 1e12).Draw(t, "created")), g.integer()),
		}
		for _, f := range catalog.Fields {
			if f.Name != "id" && f.Name != "created" && !g.happens(15) {
				members = append(members, g.quoted(f.Name)+g.blank()+":"+g.blank()+g.value(f))
			}
		}
		return g.blank() + "{" + strings.Join(members, g.blank()+","+g.blank()) + g.blank() + "}" + g.blank()
	})
}

func (g *generator) happens(percent int) bool {
	return g.below(100) < percent
}

// below draws evenly: rapid's own choices prefer the first ones, which suits
// shrinking and would leave most of a large object out.
func (g *generator) below(n int) int {
	u := 0
	for range bits.Len(uint(n)) + 3 {
		u <<= 1
		if rapid.Bool().Draw(g.t, "bit") {
			u++
		}
	}
	return u % n
}

func (g *generator) oneOf(percent int, usual, otherwise string) string {
	if g.happens(percent) {
		return usual
	}
	return otherwise
}

func (g *generator) pick(from ...string) string { return from[g.below(len(from))] }

func (g *generator) blank() string { return g.pick("", "", "", "", " ", "\n\t", "\r\n  ") }

func (g *generator) value(f *schemas.SourceField) string {
	switch {
	case f == nil || g.happens(g.wild):
		return g.anything()
	case g.happens(10):
		return "null"
	case f.Expandable && g.happens(30):
		return g.pick(`{"id":"x_1","object":"x"}`, `{"id":"x_2","deleted":true}`, `{"object":"no id"}`, `{"id":7}`, `{"id":null}`)
	}
	switch f.Type {
	case schemas.SourceString:
		return g.text(f)
	case schemas.SourceBoolean:
		return g.pick("true", "false")
	case schemas.SourceInteger, schemas.SourceUnixTime:
		return g.integer()
	case schemas.SourceNumber:
		return g.number()
	case schemas.SourceDecimal:
		return `"` + g.number() + `"`
	case schemas.SourceObject:
		return g.nested(f)
	case schemas.SourceList:
		return g.list(f.Elem)
	case schemas.SourceMap:
		return g.entries(f.Elem)
	}
	return g.anything()
}

func (g *generator) text(f *schemas.SourceField) string {
	switch {
	case strings.HasSuffix(f.Name, "currency"):
		return g.oneOf(90, g.pick(`"usd"`, `"jpy"`, `"kwd"`, `"KWD"`, `"eur"`), g.pick(`"us"`, `"u$d"`, `""`, `"dollars"`, `"usdc"`, `"PYUSD"`, `"éé"`, `"bhd\n"`))
	case f.Name == "type" && g.happens(50):
		return g.pick(`"klarna"`, `"alma"`, `"card"`, `"o'brien"`, `""`)
	case len(f.Enum) > 0 && g.happens(80):
		return g.quoted(g.pick(f.Enum...))
	}
	return g.anyText()
}

// anyText is a string with all that may be in one.
func (g *generator) anyText() string {
	return g.pick(
		`"a"`, `"abc1"`, `"skip"`, `""`, `" padded\t\r\n"`, `"it's"`, `"say \"no\""`, `"back\\slash"`, `"\u0041\u00e9\ud83e\uddd7"`, `"\/\b\f\n\r\t"`,
		`"ÀÉ ǆ İ ſ K ﬁ é́"`, `"日本語"`, `"{\"a\": 1}"`, `"[1, 2]"`, `"null"`, `"true"`, `"$1 $path"`, `"a\u0000b"`, `"\u2028"`, `"50%"`,
		`"-7"`, `"0"`, `"-0"`, `"12.500"`, `"1e3"`, `"0x10"`, `" 1"`, `"1_000"`, `"+1"`, `".5"`, `"1."`, `"01"`, `"NaN"`, `"Infinity"`, `"9223372036854775807"`,
		`"9223372036854775808"`, `"-9223372036854775808"`, `"99999999999999999999999999.999999999999"`, `"100000000000000000000000000"`, `"0.0000000000001"`, `"0.1000000000000"`,
		g.quoted(rapid.StringN(0, 8, 24).Filter(seen).Draw(g.t, "text")),
	)
}

// seen holds for text that both sides see alike, and that JSON can hold.
func seen(s string) bool { return !strings.ContainsAny(s, "ß\ufffd") }

func (g *generator) quoted(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}

func (g *generator) integer() string {
	if g.happens(70) {
		return fmt.Sprint(rapid.Int64Range(-100, 2_000_000_000).Draw(g.t, "integer"))
	}
	return g.oneOf(80, fmt.Sprint(rapid.Int64().Draw(g.t, "integer")),
		g.pick("0", "-0", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616", "32768", "2147483648",
			"1000000000000000000", "99999999999999999", "123456789012345678901234567890"))
}

func (g *generator) number() string {
	return g.oneOf(50,
		g.pick("0.5", "1.50", "-0.0", "1e3", "1.5E-03", "-2.25e+2", "12345678901234567890.123456789012", "0.123456789012", "0.1234567890123", "1.0", "1e22", "100.000000000000000", "1.5e25"),
		g.oneOf(50, fmt.Sprint(rapid.Int64Range(-1000, 1000).Draw(g.t, "number"))+"."+fmt.Sprint(rapid.IntRange(0, 9999).Draw(g.t, "fraction")), g.integer()))
}

// anything is a value of any type.
func (g *generator) anything() string {
	return g.pick("null", "true", "false", g.integer(), g.number(), "1e400", "{}", "[]", "[ ]", `{"id":"obj"}`, `["a",1,null]`, `[{"id":"x"}]`, `{"data":[{"id":"d","quantity":1}]}`, g.anyText())
}

func (g *generator) nested(f *schemas.SourceField) string {
	if g.depth++; g.depth > 6 {
		g.depth--
		return "{}"
	}
	defer func() { g.depth-- }()
	var members []string
	for _, m := range f.Fields {
		if !g.happens(30) {
			members = append(members, g.quoted(m.Name)+":"+g.blank()+g.value(m))
		}
	}
	return "{" + strings.Join(members, ",") + g.blank() + "}"
}

func (g *generator) list(elem *schemas.SourceField) string {
	n := []int{0, 1, 2, 2, 3, 11}[g.below(6)]
	items := make([]string, n)
	for i := range items {
		items[i] = g.value(elem)
	}
	return "[" + g.blank() + strings.Join(items, g.blank()+","+g.blank()) + "]"
}

func (g *generator) entries(elem *schemas.SourceField) string {
	keys := []string{"order_id", "n", "k", "a.b", `it's "odd"`, "*", `back\slash`, "é /~x", "", "q4DH==", "sf_gateway_ref"}
	keys = slices.DeleteFunc(keys, func(string) bool { return g.happens(50) })
	var members []string
	for _, k := range keys {
		members = append(members, g.quoted(k)+":"+g.value(elem))
	}
	return "{" + strings.Join(members, ", ") + "}"
}
