package transform

import (
	"strings"
	"testing"
)

// TestLanguage evaluates one expression over one charge into a column of the
// given type. The result is the column as JSON, "null", or the reject's rule.
func TestLanguage(t *testing.T) {
	t.Parallel()
	tests := []struct{ kind, expr, charge, want string }{
		// Paths: a missing key, a null and a wrong type are all null.
		{"string", `status`, `{"status":"paid"}`, `"paid"`},
		{"string", `status`, `{}`, `null`},
		{"string", `status`, `{"status":null}`, `null`},
		{"string", `status`, `{"status":1}`, `null`},
		{"string", `status`, `{"status":"a","status":"b"}`, `"b"`},
		{"string", `outcome.type`, `{"outcome":{"type":"x"},"outcome":{}}`, `null`},
		{"string", `outcome.type`, `{"outcome":"x"}`, `null`},
		{"string", `outcome.type`, "{\"outcome\":\n {\t\"type\" : \"x\"\r\n } }", `"x"`},
		{"string", `metadata["order_id"]`, `{"metadata":{"order_id":"7"}}`, `"7"`},
		{"string", `metadata["a.b"]`, `{"metadata":{"a.b":"7","a":{"b":"8"}}}`, `"7"`},
		{"string", `metadata["-fh{0}=="]`, `{"metadata":{"-fh{0}==":"7"}}`, `"7"`},
		{"string", `refunds.data[1].id`, `{"refunds":{"data":[{"id":"a"},{"id":"b"},{"id":"c"}]}}`, `"b"`},
		{"string", `refunds.data[1].id`, `{"refunds":{"data":[{"id":"a"}]}}`, `null`},
		{"string", `description`, `{"description":"\u0041\ud83e\uddd7\n\"\/\\"}`, `"A🧗\n\"/\\"`},
		{"string", `description`, `{"description":"half \ud83e pair"}`, "\"half \ufffd pair\""},
		{"string", `description`, `{"description":"bad \x escape"}`, `null`},
		{"string", `description`, "{\"description\":\"not \xff utf8\"}", "\"not \ufffd utf8\""},
		{"string", `description`, `{"desc\u0072iption":"key"}`, `"key"`},
		{"string", `$account`, `{}`, `"acct_1"`},
		{"string", `$id`, `{}`, `"ch_1"`},
		{"long", `$seq`, `{}`, `7`},
		{"date-time", `$synced_at`, `{}`, `"2024-07-26T13:20:00"`},
		{"string", `$root.status`, `{"status":"paid"}`, `"paid"`},

		// Comparisons are two-valued.
		{"boolean", `status != "x"`, `{}`, `true`},
		{"boolean", `status == nil`, `{}`, `true`},
		{"boolean", `status == failure_code`, `{}`, `true`},
		{"boolean", `status != nil`, `{"status":"x"}`, `true`},
		{"boolean", `amount < 1`, `{}`, `false`},
		{"boolean", `amount >= 1`, `{}`, `false`},
		{"boolean", `not (amount < 1)`, `{}`, `true`},
		{"boolean", `amount < 1 or paid`, `{"paid":true}`, `true`},
		{"boolean", `paid and captured`, `{"paid":true}`, `false`},
		{"boolean", `amount <= amount_refunded`, `{"amount":5,"amount_refunded":5}`, `true`},
		{"boolean", `outcome != nil`, `{"outcome":{}}`, `true`},
		{"boolean", `customer == nil`, `{"customer":{"id":"c"}}`, `false`},
		{"boolean", `payment_method_details.type in bnpl_provider`, `{"payment_method_details":{"type":"alma"}}`, `true`},
		{"boolean", `payment_method_details.type in bnpl_provider`, `{}`, `false`},
		{"boolean", `status not in ["paid", "failed"]`, `{"status":"pending"}`, `true`},
		{"boolean", `status in ["paid", "failed"]`, `{"status":"failed"}`, `true`},

		// Integers; what does not fit is null.
		{"long", `amount - amount_refunded * 2`, `{"amount":5,"amount_refunded":2}`, `1`},
		{"long", `-amount + 1`, `{"amount":5}`, `-4`},
		{"long", `amount + 1`, `{"amount":9223372036854775807}`, `null`},
		{"long", `amount * 2`, `{"amount":-9223372036854775808}`, `null`},
		{"long", `amount`, `{"amount":9223372036854775808}`, `null`},
		{"long", `amount`, `{"amount":-9223372036854775808}`, `-9223372036854775808`},
		{"long", `amount`, `{"amount":1.0}`, `null`},
		{"long", `amount`, `{"amount":012}`, `null`},
		{"short", `outcome.risk_score`, `{"outcome":{"risk_score":32767}}`, `32767`},
		{"short", `outcome.risk_score`, `{"outcome":{"risk_score":32768}}`, `null`},
		{"integer", `amount`, `{"amount":2147483648}`, `null`},
		{"number", `amount`, `{"amount":3}`, `3`},
		{"decimal", `amount`, `{"amount":-3}`, `"-3"`},

		// Choices.
		{"string", `paid ? "yes" : "no"`, `{}`, `"no"`},
		{"string", `paid ? "yes" : nil`, `{}`, `null`},
		{"string", `failure_code ?? status`, `{"status":"s"}`, `"s"`},
		{"string", `coalesce(failure_code, failure_message, status)`, `{"failure_code":1,"status":"s"}`, `"s"`},
		{"string", `coalesce(failure_code, "x")`, `{"failure_code":""}`, `""`},

		// Functions.
		{"string", `upper(currency)`, `{"currency":"usd"}`, `"USD"`},
		{"string", `upper(description)`, `{"description":"é"}`, `"É"`},
		{"string", `lower(description)`, `{"description":"ABC"}`, `"abc"`},
		{"string", `trim(description)`, `{"description":" a b\t\n"}`, `"a b"`},
		{"string", `concat(id, "/", status)`, `{"id":"ch_1","status":"s"}`, `"ch_1/s"`},
		{"string", `concat("a", status)`, `{}`, `null`},
		{"string", `concat(upper(currency), lower("X"), upper(status))`, `{"currency":"usd","status":"ok"}`, `"USDxOK"`},
		{"string", `left(description, 2)`, `{"description":"éàü"}`, `"éà"`},
		{"string", `left(description, 9)`, `{"description":"é"}`, `"é"`},
		{"boolean", `starts_with(id, "ch_")`, `{"id":"ch_1"}`, `true`},
		{"boolean", `starts_with(status, "ch_")`, `{}`, `false`},
		{"boolean", `matches(status, "^s.c+")`, `{"status":"succeeded"}`, `true`},
		{"boolean", `paid and matches(status, "x") or not matches(status, "y")`, `{}`, `true`},
		{"string", `sha256(status)`, `{"status":"abc"}`, `"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"`},
		{"string", `lookup(bnpl_provider, payment_method_details.type)`, `{"payment_method_details":{"type":"klarna"}}`, `"klarna"`},
		{"string", `lookup(bnpl_provider, payment_method_details.type) ?? "other"`, `{"payment_method_details":{"type":"card"}}`, `"other"`},
		{"string", `ref(customer)`, `{"customer":"cus_1"}`, `"cus_1"`},
		{"string", `ref(customer)`, `{"customer":{"object":"customer","id":"cus_1","name":"A"}}`, `"cus_1"`},
		{"string", `ref(customer)`, `{"customer":{"id":"cus_1","deleted":true}}`, `"cus_1"`},
		{"string", `ref(customer)`, `{"customer":null}`, `null`},
		{"string", `ref(customer)`, `{"customer":{"name":"A"}}`, `null`},
		{"json", `json(outcome)`, `{"outcome":{"b": 1,"a":[ 1.50 ]}}`, `"{\"b\": 1,\"a\":[ 1.50 ]}"`},
		{"json", `json(status)`, `{"status":"a\n"}`, `"\"a\\n\""`},
		{"string", `text(amount)`, `{"amount":1.50e3}`, `"1.50e3"`},
		{"string", `text(paid)`, `{"paid":false}`, `"false"`},
		{"string", `text(amount - 1)`, `{"amount":3}`, `"2"`},
		{"string", `text(amount)`, `{"amount":{}}`, `null`},
		{"long", `whole(metadata["n"])`, `{"metadata":{"n":"12"}}`, `12`},
		{"long", `whole(metadata["n"])`, `{"metadata":{"n":"-12.000"}}`, `-12`},
		{"long", `whole(metadata["n"])`, `{"metadata":{"n":"12.5"}}`, `null`},
		{"long", `whole(metadata["n"])`, `{"metadata":{"n":"many"}}`, `null`},
		{"long", `whole(amount)`, `{"amount":1e3}`, `1000`},
		{"long", `whole(metadata["n"])`, `{"metadata":{"n":"-9223372036854775808"}}`, `-9223372036854775808`},
		{"long", `whole(metadata["n"])`, `{"metadata":{"n":"9223372036854775808"}}`, `null`},
		{"decimal", `decimal(metadata["n"])`, `{"metadata":{"n":"0.000000000001"}}`, `"1e-12"`},
		{"decimal", `decimal(metadata["n"])`, `{"metadata":{"n":"0.0000000000001"}}`, `null`},
		{"decimal", `decimal(metadata["n"])`, `{"metadata":{"n":"0.1000000000000"}}`, `"0.1"`},
		{"decimal", `decimal(amount)`, `{"amount":0.1}`, `"0.1"`},
		{"date-time", `unix(created)`, `{"created":0}`, `"1970-01-01T00:00:00"`},
		{"date-time", `unix(created)`, `{"created":-1}`, `"1969-12-31T23:59:59"`},
		{"date-time", `unix(created)`, `{"created":4102444800}`, `"2100-01-01T00:00:00"`},
		{"date-time", `unix(created)`, `{"created":1.5}`, `null`},
		{"date-time", `unix(created)`, `{"created":9223372036854775807}`, `null`},
		{"date", `date(unix(created))`, `{"created":86399}`, `"1970-01-01"`},
		{"date", `date(unix(created))`, `{"created":-1}`, `"1969-12-31"`},
		{"long", `size(refunds.data)`, `{"refunds":{"data":[{},{}]}}`, `2`},
		{"long", `size(metadata)`, `{"metadata":{"a":"1"}}`, `1`},
		{"long", `size(refunds.data)`, `{}`, `null`},
	}
	for _, tt := range tests {
		t.Run(tt.kind+" "+tt.expr, func(t *testing.T) {
			if got := evaluated(t, tt.kind, tt.expr, tt.charge); got != tt.want {
				t.Errorf("%s over %s = %s, want %s", tt.expr, tt.charge, got, tt.want)
			}
		})
	}
}

// evaluated is column x, made by one expression, as JSON.
func evaluated(t *testing.T, kind, expr, charge string) string {
	t.Helper()
	set := small(t, "x: {type: "+kind+", title: X, description: X.}",
		strings.ReplaceAll(charges, "id: id", "id: $id")+"  x: '"+strings.ReplaceAll(expr, "'", "''")+"'\n")
	b := mapOne(t, set, "charge", charge)
	if len(b.Rejects) > 0 {
		return b.Rejects[0].Rule
	}
	_, rest, ok := strings.Cut(rows(t, b)[0], `"x": `)
	if !ok {
		return "null"
	}
	got, _, _ := strings.Cut(rest, `, "deleted"`)
	return got
}

// TestExamples compiles the example of every function, each into a column of
// some type that it fits.
func TestExamples(t *testing.T) {
	t.Parallel()
	objects := map[string]string{
		"current_period_end": "subscription", "items.data": "subscription", "unit_amount_decimal": "price",
		"available_on": "balance_transaction", "exchange_rate": "balance_transaction", "preferred_locales": "customer",
	}
	for _, f := range Functions() {
		t.Run(f.Name, func(t *testing.T) {
			object := "charge"
			for path, o := range objects {
				if strings.Contains(f.Example, path) {
					object = o
				}
			}
			for _, kind := range []string{"string", "boolean", "long", "decimal", "date", "date-time", "json", "money, unit: currency", "long"} {
				fields, more := "x: {type: "+kind+", title: X, description: X.}", ""
				if strings.HasPrefix(kind, "money") {
					fields, more = fields+"\ncurrency: {type: string, title: C, description: C.}", "  currency: upper(currency)\n"
				}
				example := f.Example
				if f.Name == "coalesce" {
					example = "unix(" + example + ")"
				}
				set := small(t, fields, strings.ReplaceAll(charges, "object: charge", "object: "+object)+"  x: '"+example+"'\n"+more)
				if _, err := Compile(set); err == nil {
					return
				}
			}
			t.Errorf("%s fits no type", f.Example)
		})
	}
}
