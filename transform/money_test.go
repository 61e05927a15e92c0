package transform

import (
	"fmt"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

func TestMoney(t *testing.T) {
	t.Parallel()
	e := exponents{{'j', 'p', 'y'}: 0, {'k', 'w', 'd'}: 3}
	some := func(n int64) value { return integerValue(n) }
	in := func(code string) value { return textValue([]byte(code)) }
	none, bad := value{}, value{state: wrong}
	tests := []struct {
		amount, currency value
		want             string
	}{
		{some(1099), in("usd"), "10990 1099"},
		{some(1099), in("USD"), "10990 1099"},
		{some(-1), in("eur"), "-10 -1"},
		{some(4820), in("jpy"), "4820000 4820"},
		{some(5120), in("kwd"), "5120 5120"},
		{some(500), in("isk"), "5000 500"}, // not listed: two places, as Stripe sends it
		{some(500), in("ugx"), "5000 500"},
		{none, in("usd"), "null"},
		{none, none, "null"},
		{none, bad, "null"},
		{some(0), none, "0 0"},
		{some(1), none, "the amount has no currency"},
		{some(0), in("us"), "the currency is not three letters"},
		{some(0), bad, "the currency is not three letters"},
		{some(1), in("u$d"), "the currency is not three letters"},
		{bad, in("usd"), "the amount is not an integer of minor units"},
		{some(99999999999999999), in("usd"), "999999999999999990 99999999999999999"},
		{some(100000000000000000), in("usd"), "the amount is out of the range of DECIMAL(18,3)"},
		{some(999999999999999999), in("kwd"), "999999999999999999 999999999999999999"},
		{some(1000000000000000000), in("kwd"), "the amount is out of the range of DECIMAL(18,3)"},
		{some(-9223372036854775808), in("jpy"), "the amount is out of the range of DECIMAL(18,3)"},
	}
	for _, tt := range tests {
		v := e.money(tt.amount, tt.currency)
		got := "null"
		switch v.state {
		case set:
			got = fmt.Sprint(v.num, " ", v.high)
		case wrong:
			got = string(v.text)
		}
		if got != tt.want {
			t.Errorf("money(%v, %s) = %s, want %s", tt.amount.num, tt.currency.text, got, tt.want)
		}
	}
}

// TestMoneyIsExact holds Invariant 10: whatever the amount and the currency,
// major units × 10^exponent are the minor units that were sent.
func TestMoneyIsExact(t *testing.T) {
	t.Parallel()
	e := exponents{{'j', 'p', 'y'}: 0, {'k', 'w', 'd'}: 3}
	places := map[string]int64{"usd": 100, "jpy": 1, "kwd": 1000}
	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.Int64().Draw(t, "minor")
		code := rapid.SampledFrom([]string{"usd", "jpy", "kwd"}).Draw(t, "currency")
		v := e.money(integerValue(minor), textValue([]byte(code)))
		want := new(big.Rat).SetFrac64(minor, places[code])
		limit := new(big.Rat).SetFrac64(1_000_000_000_000_000, 1)
		if fits := new(big.Rat).Abs(want).Cmp(limit) < 0; fits != (v.state == set) {
			t.Fatalf("money(%d, %s): state %d", minor, code, v.state)
		}
		if v.state == set && (new(big.Rat).SetFrac64(v.num, 1000).Cmp(want) != 0 || v.high != minor) {
			t.Fatalf("money(%d, %s) = %d/1000, %d", minor, code, v.num, v.high)
		}
	})
}

// TestDecimalIsExact compares with big.Rat: a number is read exactly or not at
// all, and it is read if it has at most 12 digits behind the point and 38 in all.
func TestDecimalIsExact(t *testing.T) {
	t.Parallel()
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(38), nil)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,16})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "number")
		want, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("%q is not a number", text)
		}
		want.Mul(want, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(decimalScale), nil)))
		fits := want.IsInt() && new(big.Int).Abs(want.Num()).Cmp(limit) < 0
		high, low, ok := parseDecimal([]byte(text))
		if ok != fits {
			t.Fatalf("parseDecimal(%q): %v, want %v", text, ok, fits)
		}
		if got := decimal128.New(high, uint64(low)).BigInt(); ok && got.Cmp(want.Num()) != 0 {
			t.Fatalf("parseDecimal(%q) = %s, want %s", text, got, want.Num())
		}
	})
}

func TestNumberGrammar(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"0": true, "-0": true, "10": true, "1.5": true, "1e3": true, "1E-03": true, "-1.25e+7": true,
		"": false, "-": false, "01": false, "1.": false, ".5": false, "1e": false, "1e+": false, "+1": false, "1 ": false, "1a": false, "--1": false,
	} {
		if isNumber([]byte(text)) != want {
			t.Errorf("isNumber(%q) = %v", text, !want)
		}
	}
}
