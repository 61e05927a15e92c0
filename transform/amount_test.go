package transform

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMinorUnitsBesideANumber holds which comparisons of an amount with a number warn:
// those in which nothing says what currency the number is in.
func TestMinorUnitsBesideANumber(t *testing.T) {
	t.Parallel()
	const unit = ", of which %s are another amount in each currency: write %s, or say which currency you mean"
	warns := func(at int, amount, number, fix string) string {
		return fmt.Sprintf("8:%d: M17: %s is in minor units"+unit, at, amount, number, fix)
	}
	for expression, want := range map[string]string{
		"amount > 10000":                                    warns(14, "amount", "10000", "money(amount, currency) > 100"),
		"amount >= 9995":                                    warns(14, "amount", "9995", "money(amount, currency) >= 99.95"),
		"amount == -5":                                      warns(14, "amount", "-5", "money(amount, currency) == -0.05"),
		"10000 < amount":                                    warns(13, "amount", "10000", "100 < money(amount, currency)"),
		"amount - amount_refunded > 100":                    warns(32, "amount - amount_refunded", "100", "money(amount - amount_refunded, currency) > 1"),
		"(amount ?? 0) > 500":                               warns(21, "amount", "500", "money(amount, currency) > 5"),
		"transfer_data.amount > 500":                        warns(28, "transfer_data.amount", "500", "money(transfer_data.amount, currency) > 5"),
		"paid and amount > 500":                             warns(23, "amount", "500", "money(amount, currency) > 5"),
		"amount > 0":                                        "",
		"amount > amount_refunded":                          "",
		"created > 10000":                                   "",
		"refunds.total_count > 10":                          "",
		"amount > 500 and currency == \"usd\"":              "",
		"lower(currency) in bnpl_provider and amount > 500": "",
		"money(amount, currency) > 100":                     "",
	} {
		p, err := Compile(small(t, "x: {type: boolean, title: X, description: X.}", charges+"  x: '"+expression+"'\n"))
		if err != nil {
			t.Fatal(expression, err)
		}
		got := ""
		for _, w := range p.Warnings() {
			if w.Code == "M17" {
				got = strings.TrimPrefix(w.String(), "mappings/stripe/t.yaml:")
				if w.Fix == "" {
					t.Errorf("%s: no fix", expression)
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", expression, diff)
		}
	}
	for where, mapping := range map[string]string{
		"where":          strings.Replace(charges, "fields:", "where: currency == \"usd\"\nfields:", 1) + "  x: amount > 500\n",
		"$when":          charges + "  o: {$when: 'currency == \"usd\"', x: amount > 500}\n",
		"$when, further": charges + "  o: {$when: 'currency == \"usd\"', p: {x: amount > 500}}\n",
	} {
		const inside = "fields: {x: {type: boolean, title: X, description: X.}, p: {type: object, title: P, description: P., fields: {x: {type: boolean, title: X, description: X.}}}}"
		p, err := Compile(small(t, "x: {type: boolean, title: X, description: X.}\no: {type: object, title: O, description: O., "+inside+"}", mapping))
		if err != nil || strings.Contains(p.Warnings().Error(), "M17") {
			t.Errorf("one currency by %s: %v, %v", where, p.Warnings(), err)
		}
	}
}

// TestMoneyBesideANumber holds that a number beside money is an exact amount in major
// units, whatever the currency's decimal places (Invariant 10).
func TestMoneyBesideANumber(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		"money(amount, currency) > 100":     "usd 10001, kwd 100001, jpy 101",
		"money(amount, currency) >= 100":    "usd 10000, usd 10001, kwd 100000, kwd 100001, jpy 100, jpy 101",
		"money(amount, currency) == 99.99":  "usd 9999, kwd 99990",
		"99.999 == money(amount, currency)": "kwd 99999",
		"money(amount, currency) < -0.05":   "usd -10001, kwd -10001, jpy -10001",
	} {
		m, err := Compile(small(t, "x: {type: boolean, title: X, description: X.}", charges+"  x: "+expression+"\n"))
		if err != nil {
			t.Fatal(expression, err)
		}
		var got []string
		for _, sent := range []string{
			"usd 9999", "usd 10000", "usd 10001", "usd -10001", "kwd 99990", "kwd 99999", "kwd 100000", "kwd 100001", "kwd -10001",
			"jpy 99", "jpy 100", "jpy 101", "jpy -10001", "usdc 10001", "usdc 9999", "usd null", "usd 1.5",
		} {
			currency, amount, _ := strings.Cut(sent, " ")
			b := m.Mapper("charge").Map([]Object{objectOf(fmt.Appendf(nil, `{"id":"ch_1","amount":%s,"currency":%q}`, amount, currency))})[0]
			if strings.Contains(rows(t, b)[0], `"x": true`) {
				got = append(got, sent)
			}
			b.Rows.Release()
		}
		if diff := cmp.Diff(want, strings.Join(got, ", ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", expression, diff)
		}
	}
}
