package transform

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/google/go-cmp/cmp"
)

func TestMoney(t *testing.T) {
	t.Parallel()
	e := exponents{{'j', 'p', 'y'}: 0, {'k', 'w', 'd'}: 3}
	some := func(n int64) value { return integerValue(n) }
	in := func(code string) value { return textValue([]byte(code)) }
	none, bad := value{}, value{state: stateWrong}
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
		{some(1), bad, "the currency is not a text"},
		{some(0), bad, "the currency is not a text"},
		{some(1234567), in("usdc"), "minor units 1234567 of usdc"},
		{some(0), in("us"), "minor units 0 of us"},
		{some(1), in("u$d"), "minor units 1 of u$d"},
		{some(-9223372036854775808), in(""), "minor units -9223372036854775808 of "},
		{none, in("usdc"), "null"},
		{bad, in("usdc"), "the amount is not an integer of minor units"},
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
		case stateSet:
			got = fmt.Sprint(v.num, " ", v.high)
		case stateWrong:
			got = moneyFaults[v.num]
		case stateUnscaled:
			got = fmt.Sprintf("minor units %d of %s", v.high, v.text)
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
		if fits := new(big.Rat).Abs(want).Cmp(limit) < 0; fits != (v.state == stateSet) {
			t.Fatalf("money(%d, %s): state %d", minor, code, v.state)
		}
		if v.state == stateSet && (new(big.Rat).SetFrac64(v.num, 1000).Cmp(want) != 0 || v.high != minor) {
			t.Fatalf("money(%d, %s) = %d/1000, %d", minor, code, v.num, v.high)
		}
	})
}

// TestUnknownExponent holds that an amount in a currency that is not three
// letters is null beside its minor units, rejects no row, and is counted.
func TestUnknownExponent(t *testing.T) {
	t.Parallel()
	mappings, err := Compile(small(t, strings.Join([]string{
		"currency: {type: string, title: C, description: C.}",
		"x: {type: money, unit: currency, required: true, title: X, description: X.}",
		"y: {type: money, unit: currency, minor: false, title: Y, description: Y.}",
		"either: {type: money, unit: currency, title: E, description: E.}",
		"chosen: {type: money, unit: currency, title: C, description: C.}",
		"is_nil: {type: boolean, title: N, description: N.}",
		"same: {type: boolean, title: S, description: S.}",
		"more: {type: boolean, title: M, description: M.}",
		"o: {type: object, title: O, description: O., fields: {z: {type: money, unit: currency, required: true, title: Z, description: Z.}}}",
	}, "\n"), charges+strings.Join([]string{
		"  currency: upper(currency)", "  x: money(amount, currency)", "  y: money(amount, currency)",
		"  either: money(amount, currency) ?? money(amount_captured, currency)",
		"  chosen: 'paid ? money(amount_captured, currency) : money(amount, currency)'",
		"  is_nil: money(amount, currency) == nil",
		"  same: money(amount, currency) == money(amount_captured, currency)",
		"  more: money(amount, currency) > money(amount_captured, currency)",
		"  o: {z: 'money(amount, currency)'}", "",
	}, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	m := mappings.Mapper("charge")
	for raw, want := range map[string]string{
		`"amount":1234567,"amount_captured":9,"currency":"usdc"`: `"currency": "USDC", "x_minor": 1234567, "either_minor": 1234567, "chosen_minor": 1234567, "is_nil": true, "same": true, "more": false, "o": {"z_minor":1234567}`,
		`"amount":5,"currency":"eurc","paid":true`:               `"currency": "EURC", "x_minor": 5, "either_minor": 5, "is_nil": true, "same": true, "more": false, "o": {"z_minor":5}`,
		`"amount":5,"currency":"isk"`:                            `"currency": "ISK", "x": "0.05", "x_minor": 5, "y": "0.05", "either": "0.05", "either_minor": 5, "chosen": "0.05", "chosen_minor": 5, "is_nil": false, "same": false, "more": false, "o": {"z":"0.05","z_minor":5}`,
		`"amount_captured":5,"currency":"usdc"`:                  `x required there is no value, and the field is required`,
		`"amount":5`:                                             `x money the amount has no currency`,
		`"amount":5,"currency":7`:                                `x money the currency is not a text`,
		`"amount":5.5,"currency":"usdc"`:                         `x money the amount is not an integer of minor units`,
	} {
		b := m.Map([]Object{objectOf([]byte(`{"id":"ch_1",` + raw + "}"))})[0]
		got := ""
		if len(b.Rejects) > 0 {
			r := b.Rejects[0]
			got = r.Field + " " + r.Rule + " " + r.Reason
		} else {
			_, got, _ = strings.Cut(rows(t, b)[0], `"created": "2024-07-26T13:20:00", `)
			got, _, _ = strings.Cut(got, `, "deleted"`)
		}
		b.Rows.Release()
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", raw, got, want)
		}
	}
	for _, f := range ArrowSchema(mappings.Tables("charge")[0]).Fields() {
		if strings.HasPrefix(f.Name, "x") && !f.Nullable {
			t.Errorf("%s may not be null", f.Name)
		}
	}
}

// TestUnknownExponentWithoutMinorUnits holds that a required amount that keeps
// no minor units rejects the row: nothing of it would be left.
func TestUnknownExponentWithoutMinorUnits(t *testing.T) {
	t.Parallel()
	set := small(t, "currency: {type: string, title: C, description: C.}\nx: {type: money, unit: currency, minor: false, required: true, title: X, description: X.}",
		charges+"  currency: upper(currency)\n  x: money(amount, currency)\n")
	b := mapOne(t, set, "charge", `{"id":"ch_1","amount":5,"currency":"usdc"}`)
	if len(b.Rejects) != 1 || b.Rejects[0].Rule != "required" || !strings.Contains(b.Rejects[0].Reason, "no known exponent") {
		t.Error(b.Rejects)
	}
}

// TestUnknownCurrencyIsOneKind holds that drift counts objects by currency, and
// that those whose currency is no code, or is beyond the bound, are counted
// together without a name.
func TestUnknownCurrencyIsOneKind(t *testing.T) {
	t.Parallel()
	m := embedded(t).Mapper("charge")
	send := func(id, currency string) {
		raw := fmt.Sprintf(`{"id":%q,"created":1,"amount":1,"amount_captured":2,"amount_refunded":0,"currency":%q}`, id, currency)
		for _, b := range m.Map([]Object{objectOf([]byte(raw))}) {
			if len(b.Rejects) > 0 {
				t.Error(b.Rejects)
			}
			b.Rows.Release()
		}
	}
	for i, currency := range []string{"usdc", "usdc", "pyusd", "Ann Secret", "ann@example.com", strings.Repeat("x", maxCode+1), "u\t[31m"} {
		send(fmt.Sprint("ch_", i), currency)
	}
	var got []string
	for _, d := range m.Drift() {
		if d.Path == "charge.currency" {
			got = append(got, fmt.Sprint(d.Found, " ", d.Count, " ", d.FirstID))
		}
	}
	want := []string{
		"a currency without a known exponent 4 ch_3", `a currency without a known exponent: "pyusd" 1 ch_2`, `a currency without a known exponent: "usdc" 2 ch_0`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for i := range 3 * maxUnlisted {
		send("ch_x", fmt.Sprint("code", i))
	}
	count := 0
	for _, d := range m.Drift() {
		if d.Path == "charge.currency" {
			count++
		}
	}
	if count != maxUnlisted+1 {
		t.Errorf("%d kinds of drift, want %d", count, maxUnlisted+1)
	}
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
