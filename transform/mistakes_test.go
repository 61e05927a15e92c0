package transform

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/schemas"
)

// TestMistakes plants one mistake at a time in the mapping's x and compares the
// whole message: place, code, what is wrong, and the fix.
func TestMistakes(t *testing.T) {
	t.Parallel()
	tests := []struct{ field, mapping, want string }{
		// M1: unknown paths.
		{`type: string`, `x: curency`, `8:6: M1: the source has no field "curency"; did you mean "currency"?`},
		{`type: string`, `x: upper(curency)`, `8:12: M1: the source has no field "curency"; did you mean "currency"?`},
		{
			`type: string`, `x: payment_method_details.klarna.payer_details.adress.country`,
			`8:50: M1: the source has no field "payment_method_details.klarna.payer_details.adress"; did you mean "payment_method_details.klarna.payer_details.address"?`,
		},
		{`type: string`, `x: status.code`, `8:13: M1: status is string and has no member "code"`},
		{`type: string`, `x: refunds.data.id`, `8:19: M1: refunds.data is a list: write refunds.data[0].id, or make rows or objects of its elements with each`},
		{`type: string`, `x: outcome[0].type`, `8:14: M1: outcome is an object, not a list: leave [0] out`},
		{`type: string`, `x: refunds.data[100].id`, `8:19: M1: an index is a number from 0 to 99`},
		{`type: string`, `x: $rot.status`, `8:6: M1: there is no $rot; did you mean "$root"?`},
		{`type: string`, `x: $id.x`, `8:10: M1: $id has no members`},

		// M2: types that do not fit, and what to write.
		{`type: date-time`, `x: created`, `8:6: M2: x: a Unix time does not fit date-time; Stripe times are Unix seconds: write unix(created)`},
		{`type: date`, `x: created`, `8:6: M2: x: a Unix time does not fit date; Stripe times are Unix seconds: write date(unix(created))`},
		{`type: money, unit: id`, `x: currency`, `8:6: M2: x: string does not fit money; money is an amount with its currency: write money(amount, currency)`},
		{`type: money, unit: id`, `x: amount`, `8:6: M2: x: long does not fit money; Stripe amounts are minor units: write money(amount, currency)`},
		{`type: string`, `x: customer`, `8:6: M2: x: an id or an expanded object does not fit string; the value may be an id or an expanded object: write ref(customer)`},
		{`type: json`, `x: outcome`, `8:6: M2: x: an object does not fit json; write json(outcome)`},
		{`type: string`, `x: outcome`, `8:6: M2: x: an object does not fit string; name one of its members, or write json(outcome) into a field of type json`},
		{`type: string`, `x: amount`, `8:6: M2: x: long does not fit string; write text(amount)`},
		{`type: short`, `x: status`, `8:6: M2: x: string does not fit short; write whole(status)`},
		{`type: decimal`, `x: metadata["n"]`, `8:6: M2: x: string does not fit decimal; write decimal(metadata["n"])`},
		{`type: boolean`, `x: status`, `8:6: M2: x: string does not fit boolean`},
		{`type: "list<string>"`, `x: refunds`, `8:6: M2: x: an object does not fit list; Stripe's lists keep their elements in data: write refunds.data`},
		{`type: "map<string>"`, `x: status`, `8:6: M2: x: string does not fit map`},
		{`type: string`, `x: {$from: outcome, type: type}`, `8:3: M2: x is string in the schema, which cannot be made of nested fields`},
		{
			`type: object, fields: {y: {type: string, title: Y, description: Y.}}`, `x: outcome`,
			`8:6: M2: x: an object does not fit object; nest its fields: {$from: outcome, $same: […]}`,
		},
		{
			`type: object, fields: {type: {type: string, title: Y, description: Y.}}`, `x: {$from: status, $same: [type]}`,
			`8:14: M2: x: status is string, not an object`,
		},
		{
			`type: object, fields: {type: {type: string, title: Y, description: Y.}}`, `x: {$from: outcome, $when: type, $same: [type]}`,
			`8:30: M2: x.$when: type is string, not a condition: compare it, for example type != nil`,
		},
		{`type: string`, `x: amount + 1`, `8:6: M2: x: long does not fit string; write text(amount + 1)`},
		{`type: string`, `x: id + status`, `8:9: M2: + adds integers: write concat(id, status)`},
		{`type: long`, `x: amount - status`, `8:13: M2: - needs a long, and status is string; write whole(status)`},
		{`type: boolean`, `x: status and paid`, `8:13: M2: and needs a boolean, and status is string`},
		{`type: boolean`, `x: amount == status`, `8:13: M2: == compares values of one type: amount is long, status is string`},
		{`type: boolean`, `x: outcome == billing_details`, `8:14: M2: == cannot compare an object: only whether it is nil can be asked; name one of its members, or write json(outcome) into a field of type json`},
		{`type: string`, `x: 'paid ? status : amount'`, `8:7: M2: both sides of : must be of one type: status is string, amount is long`},
		{`type: string`, `x: status ?? amount`, `8:13: M2: all choices must be of one type: status is string, amount is long`},
		{`type: string`, `x: upper(amount)`, `8:12: M2: upper: argument 1 must be a string, and amount is long; write text(amount)`},
		{`type: money, unit: id`, `x: money(status, currency)`, `8:12: M2: money: argument 1 must be a long, and status is string; write whole(status)`},
		{`type: boolean`, `x: money(amount, currency) > 99.9999`, `8:32: M2: 99.9999 is no amount: it has at most 3 digits behind the point, and 15 before it`},
		{`type: boolean`, `x: money(amount, currency) > -1000000000000000`, `8:32: M2: -1000000000000000 is no amount: it has at most 3 digits behind the point, and 15 before it`},
		{`type: boolean`, `x: money(amount, currency) > amount_refunded`, `8:30: M2: > compares values of one type: money(amount, currency) is money, amount_refunded is long`},

		// M3, M4: the target's side.
		{`type: string, required: true`, ``, `6:3: M3: x: the field is required and has no mapping`},
		{`type: string, required: true`, `x: nil`, `8:6: M3: x: the field is required and would always be null`},
		{`type: string`, `xx: status`, `8:3: M4: xx: the schema has no such field`},

		// M6: money in another currency than its unit shows.
		{`type: money, unit: id`, `x: money(amount, currency)`, `8:6: M6: x: the amount is read in the currency currency, and its unit id shows id`},
		{
			"type: money, unit: y, title: X, description: X.}\ny: {type: string", `x: money(amount, currency)`,
			`8:6: M6: x: its currency stands in y, which is not mapped: write y: upper(currency)`,
		},

		// M7: what only an expanded object knows.
		{`type: string`, `x: customer.email`, `8:15: M7: customer is an id unless Stripe sent it expanded, so it has no "email": write ref(customer) and join on it`},

		// M9, M15, M16: expressions.
		{`type: object, fields: {type: {type: string, title: Y, description: Y.}}`, `x: {$from: outcome, $when: true, $same: [type]}`, `8:30: M9: x.$when is always true: leave it out`},
		{`type: string`, `x: 'true ? status : nil'`, `8:7: M9: the condition is always true: write the one side alone`},
		{`type: boolean`, `x: paid && captured`, `8:11: M15: "&&" is not part of the mapping language: write and`},
		{`type: boolean`, `x: paid || captured`, `8:11: M15: "||" is not part of the mapping language: write or`},
		{`type: boolean`, `x: status contains "x"`, `8:13: M15: "contains" is not part of the mapping language: write matches(x, "…")`},
		{`type: boolean`, `x: status matches "x"`, `8:13: M15: matches is a function: write matches(x, "pattern")`},
		{`type: number`, `x: amount / 100`, `8:13: M15: "/" is not part of the mapping language: there is no division: an amount's decimal point is set by money(amount, currency)`},
		{`type: string`, `x: currency | upper()`, `8:15: M15: "|" is not part of the mapping language: write the function around its argument: upper(currency)`},
		{`type: string`, `x: outcome?.type`, `8:13: M15: "?." is not part of the mapping language: write . : a missing key is null already`},
		{`type: boolean`, `x: status = "failed"`, `8:13: M15: "=" is not part of the mapping language: write == to compare`},
		{`type: boolean`, `x: upper(status) == "fai\"led`, `8:23: M15: the text that begins here has no end: close it with "`},
		{`type: string`, `x: metadata[channel]`, `8:14: M15: this is not part of the mapping language: a path is a name, then .member, ["key"] or [0]: write metadata["channel"]`},
		{`type: string`, `x: upper(currency`, `8:19: M15: not readable: unexpected token EOF; a bracket or a quote is left open`},
		{`type: string`, `x: filter(refunds.data, true)`, `8:6: M16: there is no function filter; there are coalesce, concat, date, decimal, first, json, last, left, lookup, lower, matches, money, ref, sha256, size, starts_with, text, trim, unix, upper, whole`},
		{`type: string`, `x: uper(currency)`, `8:6: M16: there is no function uper; did you mean "upper"?`},
		{`type: string`, `x: upper(currency, status)`, `8:6: M16: write upper(string) string: 2 arguments are given`},
		{`type: string`, `x: lookup("bnpl_provider", status)`, `8:13: M16: lookup needs the name of a lookup file: write lookup(bnpl_provider, payment_method_details.type)`},
		{`type: string`, `x: lookup(bnpl_providers, status)`, `8:13: M16: there is no lookup "bnpl_providers"; did you mean "bnpl_provider"?`},
		{`type: string`, `x: ref(upper(status))`, `8:10: M16: ref needs a path: write ref(customer)`},
		{`type: string`, `x: currency.upper()`, `8:15: M15: this is not part of the mapping language: values have no methods: write the function around its argument`},
	}
	for _, tt := range tests {
		t.Run(tt.mapping, func(t *testing.T) {
			field := "x: {" + tt.field + ", title: X, description: X.}"
			if strings.Contains(tt.field, "title") && strings.Contains(tt.field, "\n") {
				field = "x: {" + tt.field + ", title: Y, description: Y.}"
			}
			_, err := Compile(small(t, field, charges+"  "+tt.mapping+"\n"))
			var problems schemas.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("error = %v, want Problems", err)
			}
			got := strings.TrimPrefix(problems[0].String(), "mappings/stripe/t.yaml:")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(problems) > 1 {
				t.Errorf("more than one problem: %v", problems)
			}
		})
	}
}

// TestLetsStandInOrder holds that a name under let is found by those below it only: so
// none needs itself.
func TestLetsStandInOrder(t *testing.T) {
	t.Parallel()
	for lets, want := range map[string]string{
		"  b: a.type\n  a: outcome\n": "mappings/stripe/t.yaml:6:6: M1: a is declared further below: move it up, before what uses it",
		"  a: b.x\n  b: a.x\n":        "mappings/stripe/t.yaml:6:6: M1: b is declared further below: move it up, before what uses it",
		"  a: outcome\n  b: a.type\n": "",
	} {
		mapping := strings.Replace(charges, "target: stripe.t@1\n", "target: stripe.t@1\nlet:\n"+lets, 1) + "  x: b\n"
		_, err := Compile(small(t, "x: {type: string, title: X, description: X.}", mapping))
		if got := errorText(err); got != want {
			t.Errorf("%s: %s, want %s", lets, got, want)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestAllMistakesAtOnce holds that the mistakes of a mapping come together, in
// file order.
func TestAllMistakesAtOnce(t *testing.T) {
	t.Parallel()
	set := small(t, "x: {type: string, title: X, description: X.}\ny: {type: date-time, title: Y, description: Y.}",
		strings.ReplaceAll(charges, "target: stripe.t@1", "target: stripe.t@1\nwhere: paied")+"  y: created\n  x: nonesuch\n")
	_, err := Compile(set)
	want := "mappings/stripe/t.yaml:5:8: M1: the source has no field \"paied\"; did you mean \"paid\"?\n" +
		"mappings/stripe/t.yaml:9:6: M2: y: a Unix time does not fit date-time; Stripe times are Unix seconds: write unix(created)\n" +
		"mappings/stripe/t.yaml:10:6: M1: the source has no field \"nonesuch\""
	if err == nil || err.Error() != want {
		t.Errorf("error:\n%v\nwant:\n%s", err, want)
	}
}

// TestWarnings holds the warnings, which stop nothing.
func TestWarnings(t *testing.T) {
	t.Parallel()
	set := small(t, "x: {type: string, title: X, description: X.}",
		strings.ReplaceAll(charges, "fields:", "let:\n  card: payment_method_details.card\nfields:"))
	p, err := Compile(set)
	if err != nil {
		t.Fatal(err)
	}
	want := "lookups/all.yaml:5:3: M10: nothing uses the lookup bnpl_provider\n" +
		"mappings/stripe/t.yaml:6:9: M10: nothing uses card\n" +
		"mappings/stripe/t.yaml:8:3: M5: x is not mapped: it is always null"
	if diff := cmp.Diff(want, p.Warnings().Error()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// A mistake suppresses only the warnings that may be its consequence.
	set = small(t, "x: {type: string, title: X, description: X.}\ny: {type: string, title: Y, description: Y.}",
		strings.ReplaceAll(charges, "fields:", "let:\n  card: payment_method_details.card\nfields:")+"  y: uper(card.brand)\n")
	p, err = Compile(set)
	if want := "mappings/stripe/t.yaml:8:3: M5: x is not mapped: it is always null"; err == nil || p.Warnings().Error() != want || p.Mapper("charge") != nil {
		t.Errorf("beside the mistake %v:\n%v\nwant:\n%s\nand a plan that maps nothing", err, p.Warnings(), want)
	}
}
