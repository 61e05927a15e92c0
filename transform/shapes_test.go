package transform

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestShapes maps one charge into a column of a nested type.
func TestShapes(t *testing.T) {
	t.Parallel()
	const (
		outcome = "x: {type: object, title: X, description: X., fields: {type: {type: string, title: T, description: T.}, n: {type: long, title: N, description: N.}}}"
		refunds = "x: {type: list<object>, title: X, description: X., fields: {id: {type: string, title: T, description: T.}, object: {type: string, title: S, description: S.}}}"
		texts   = "x: {type: list<string>, title: X, description: X.}"
		entries = "x: {type: map<string>, title: X, description: X.}"
	)
	tests := []struct{ name, fields, mapping, charge, want string }{
		{"from", outcome, "x: {$from: outcome, $same: [type], n: risk_score}", `{"outcome":{"type":"t","risk_score":3}}`, `{"n":3,"type":"t"}`},
		{"from null", outcome, "x: {$from: outcome, $same: [type]}", `{"outcome":null}`, `null`},
		{"from missing", outcome, "x: {$from: outcome, n: $root.amount}", `{"amount":1}`, `null`},
		{"from empty list", outcome, "x: {$from: outcome, $same: [type]}", `{"outcome":[ ]}`, `{}`},
		{"from another type", outcome, "x: {$from: outcome, $same: [type]}", `{"outcome":[1]}`, `null`},
		{"root inside from", outcome, "x: {$from: outcome, n: $root.amount}", `{"outcome":{},"amount":1}`, `{"n":1}`},
		{"no from", outcome, "x: {type: status}", `{}`, `{}`},
		{"when", outcome, "x: {$when: paid, type: status}", `{"paid":true,"status":"s"}`, `{"type":"s"}`},
		{"when not", outcome, "x: {$when: paid, type: status}", `{"status":"s"}`, `null`},
		{"when inside from", outcome, "x: {$from: outcome, $when: type != nil, n: risk_score}", `{"outcome":{"risk_score":1}}`, `null`},

		{"each", refunds, "x: {$each: refunds.data, $same: [id, object]}", `{"refunds":{"data":[{"id":"a","object":"s"},{"id":"b"}]}}`, `[{"id":"a","object":"s"},{"id":"b"}]`},
		{"each null", refunds, "x: {$each: refunds.data, $same: [id]}", `{"refunds":{"data":null}}`, `null`},
		{"each missing", refunds, "x: {$each: refunds.data, $same: [id]}", `{}`, `null`},
		{"each empty", refunds, "x: {$each: refunds.data, $same: [id]}", `{"refunds":{"data":[ ]}}`, `[]`},
		{"each with null elements", refunds, "x: {$each: refunds.data, $same: [id]}", `{"refunds":{"data":[null,{"id":"a"},null]}}`, `[null,{"id":"a"},null]`},
		{"each with other elements", refunds, "x: {$each: refunds.data, $same: [id]}", `{"refunds":{"data":["re_1",{"id":"a"}]}}`, `[null,{"id":"a"}]`},
		{"each with root and let", refunds, "x: {$each: refunds.data, $same: [id], object: $root.status}", `{"status":"r","refunds":{"data":[{"id":"a","object":"s"}]}}`, `[{"id":"a","object":"r"}]`},
		{"each when", refunds, "x: {$each: refunds.data, $when: object == nil, $same: [id]}", `{"refunds":{"data":[{"id":"a","object":"s"},{"id":"b"}]}}`, `[null,{"id":"b"}]`},
		{"each twice given", refunds, "x: {$each: refunds.data, $same: [id]}", `{"refunds":{"data":[{"id":"a"},{"id":"b"}]},"refunds":{"data":[{"id":"c"}]}}`, `[{"id":"c"}]`},
		{"each given, then gone", refunds, "x: {$each: refunds.data, $same: [id]}", `{"refunds":{"data":[{"id":"a"}]},"refunds":{}}`, `null`},

		{"map", entries, "x: metadata", `{"metadata":{"b":"1","a":"","q4DH==":"\u00e9"}}`, `[{"key":"b","value":"1"},{"key":"a","value":""},{"key":"q4DH==","value":"é"}]`},
		{"map of other values", entries, "x: metadata", `{"metadata":{"n":1.50,"t":true,"x":null,"o":{"a": 1}}}`, `[{"key":"n","value":"1.50"},{"key":"t","value":"true"},{"key":"x"},{"key":"o","value":"{\"a\": 1}"}]`},
		{"map with a repeated key", entries, "x: metadata", `{"metadata":{"a":"1","b":"2","\u0061":"3"}}`, `[{"key":"a","value":"3"},{"key":"b","value":"2"}]`},
		{"map empty", entries, "x: metadata", `{"metadata":{}}`, `[]`},
		{"map as empty list", entries, "x: metadata", `{"metadata":[]}`, `[]`},
		{"map null", entries, "x: metadata", `{"metadata":null}`, `null`},
		{"map of another type", entries, "x: metadata", `{"metadata":"a"}`, `null`},
		{"list null", texts, "x: nil", `{}`, `null`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := mapOne(t, small(t, tt.fields, charges+"  "+tt.mapping+"\n"), "charge", withID(tt.charge))
			got := "null"
			if _, rest, ok := strings.Cut(rows(t, b)[0], `"x": `); ok {
				got, _, _ = strings.Cut(rest, `, "deleted"`)
			}
			if got != tt.want {
				t.Errorf("x = %s, want %s", got, tt.want)
			}
		})
	}
}

// withID gives an object of a test the id that its table requires.
func withID(object string) string {
	return strings.Replace(strings.Replace(object, "{", `{"id":"ch_1",`, 1), ",}", "}", 1)
}

func TestTextList(t *testing.T) {
	t.Parallel()
	set := small(t, "x: {type: list<string>, title: X, description: X.}", strings.ReplaceAll(charges, "charge", "customer")+"  x: preferred_locales\n")
	for raw, want := range map[string]string{
		`["de",null,"en"]`: `["de",null,"en"]`,
		`["de",1]`:         `["de",null]`,
		`[]`:               `[]`,
		`null`:             `null`,
		`"de"`:             `null`,
	} {
		b := mapOne(t, set, "customer", `{"id":"cus_1","preferred_locales":`+raw+`}`)
		got := "null"
		if _, rest, ok := strings.Cut(rows(t, b)[0], `"x": `); ok {
			got, _, _ = strings.Cut(rest, `, "deleted"`)
		}
		if got != want {
			t.Errorf("%s gives %s, want %s", raw, got, want)
		}
	}
}

// TestEach makes one row an item: paths without the item's name are the
// object's, and same copies from the item.
func TestEach(t *testing.T) {
	t.Parallel()
	const head = "source: {system: stripe, object: subscription, api_version: 2023-10-16, each: items.data, as: item}\ntarget: stripe.t@1\n"
	set := small(t, "quantity: {type: long, title: Q, description: Q.}\nowner: {type: string, title: O, description: O.}\nprice: {type: string, title: P, description: P.}\n"+
		"tiers: {type: list<object>, title: T, description: T., fields: {up_to: {type: long, title: U, description: U.}, quantity: {type: long, title: Q, description: Q.}}}\n"+
		"own: {type: object, title: O, description: O., fields: {quantity: {type: long, title: Q, description: Q.}}}",
		head+"where: item.quantity != 0\nlet: {price: item.price}\nsame: [id, quantity]\nfields:\n  created: $synced_at\n  owner: ref(customer)\n  price: price.id\n"+
			"  tiers: {$each: price.tiers, $same: [up_to], quantity: item.quantity}\n"+
			"  own: {$same: [quantity]}\n")
	b := mapOne(t, set, "subscription", `{"id":"sub_1","customer":"cus_1","items":{"data":[
		{"id":"si_1","quantity":2,"price":{"id":"p1","tiers":[{"up_to":10},{"up_to":null}]}},
		{"id":"si_2","quantity":0},
		null,
		{"id":"si_3","price":{"id":"p3"}},
		{"quantity":1}]}}`)
	want := []string{
		`{"account": "acct_1", "id": "si_1", "created": "2024-07-26T13:20:00", "quantity": 2, "owner": "cus_1", "price": "p1", "tiers": [{"quantity":2,"up_to":10},{"quantity":2}], "own": {"quantity":2}, "deleted": false, "_source_id": "sub_1", "_seq": 7}`,
		`{"account": "acct_1", "id": "si_3", "created": "2024-07-26T13:20:00", "owner": "cus_1", "price": "p3", "own": {}, "deleted": false, "_source_id": "sub_1", "_seq": 7}`,
	}
	if diff := cmp.Diff(want, rows(t, b)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if b.LeftOut != 1 || len(b.Rejects) != 1 || b.Rejects[0].Rule != "required" || b.Rejects[0].Field != "id" {
		t.Errorf("left out %d, rejects %+v", b.LeftOut, b.Rejects)
	}
	for _, none := range []string{`{"id":"sub_1"}`, `{"id":"sub_1","items":null}`, `{"id":"sub_1","items":{"data":[]}}`} {
		if b := mapOne(t, set, "subscription", none); b.Rows.NumRows() != 0 || len(b.Rejects) != 0 || b.Objects != 1 {
			t.Errorf("%s: %d rows, %+v", none, b.Rows.NumRows(), b.Rejects)
		}
	}
}

// TestRejects holds which values reject a row.
func TestRejects(t *testing.T) {
	t.Parallel()
	set := small(t, strings.Join([]string{
		"currency: {type: string, title: C, description: C.}",
		"amount: {type: money, unit: currency, title: A, description: A.}",
		"status: {type: string, title: S, description: S., enum: {ok: OK, no: No}, closed: true}",
		"open: {type: string, title: S, description: S., enum: {ok: OK}, pattern: '^[a-z]{2}$', maxLength: 3}",
		"parts: {type: list<object>, title: P, description: P., fields: {id: {type: string, title: I, description: I., required: true}}}",
	}, "\n"),
		"source: {system: stripe, object: charge, api_version: 2023-10-16}\ntarget: stripe.t@1\nwhere: description != \"skip\"\nsame: [id, status]\nfields:\n"+
			"  created: $synced_at\n  currency: upper(currency)\n  amount: money(amount, currency)\n  open: failure_code\n  parts: {$each: refunds.data, $same: [id]}\n")
	mappings, err := Compile(set)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ raw, want string }{
		{`{"id":"ch_1"}`, ""},
		{` {"id":"ch_1"} ` + "\n", ""},
		{`{"id":"ch_1","description":"skip","amount":"x"}`, "left out"},
		{`{"id":"ch_1","status":"ok","failure_code":"unknown"}`, ""},
		{`{"id":"ch_1","status":null}`, ""},
		{`{"id":"ch_1","status":"maybe"}`, `status enum "maybe" is not one of ok, no`},
		{`{"id":"ch_1","amount":1,"currency":"usd"}`, ""},
		{`{"id":"ch_1","amount":1}`, `amount money the amount has no currency`},
		{`{"id":"ch_1","amount":"1","currency":"usd"}`, `amount money the amount is not an integer of minor units`},
		{`{"id":"ch_1","amount":1,"currency":7}`, `amount money the currency is not a text`},
		{`{"id":"ch_1","amount":1,"currency":"us"}`, ""},
		{`{"id":"ch_1","amount":1,"currency":"usdc"}`, ""},
		{`{"id":null}`, `id required there is no value, and the field is required`},
		{`{"id":7}`, `id required the value is not of its type, and the field is required`},
		{`{"id":"ch_1","refunds":{"data":[{"id":"a"},{}]}}`, `parts.id required there is no value, and the field is required`},
		{`{"id":"ch_1","refunds":{"data":[{"id":"a"},null]}}`, ""},
		{``, ` json not one JSON object: byte 0 of 0`},
		{`null`, ` json not one JSON object: byte 0 of 4`},
		{`[]`, ` json not one JSON object: byte 0 of 2`},
		{`{"id":"ch_1"`, ` json not one JSON object: byte 12 of 12`},
		{`{"id":"ch_1"} x`, ` json not one JSON object: byte 14 of 15`},
		{`{"id":"ch_1",}`, ` json not one JSON object: byte 13 of 14`},
		{`{"id":"ch_1" "a":1}`, ` json not one JSON object: byte 13 of 19`},
		{`{"id":"ch_1","a":[1,2}}`, ` json not one JSON object: byte 21 of 23`},
		{`{"id":"ch_1","a":nul}`, ` json not one JSON object: byte 17 of 21`},
		{`{"id":"ch_1","a":"open}`, ` json not one JSON object: byte 23 of 23`},
		{`{"id":"ch_1","a":"open\`, ` json not one JSON object: byte 23 of 23`},
		{`{"id":"ch_1","refunds":{"data":[{"id":"a"}`, ` json not one JSON object: byte 42 of 42`},
	}
	for _, tt := range tests {
		b := mappings.Mapper("charge").Map([]Object{{Raw: []byte(tt.raw), Account: "acct_1", ID: "ch_1", Seq: 7}})[0]
		got := ""
		switch {
		case len(b.Rejects) > 0:
			r := b.Rejects[0]
			got = r.Field + " " + r.Rule + " " + r.Reason
			if r.Account != "acct_1" || r.ID != "ch_1" || r.Seq != 7 || r.Table != "ts" || !strings.HasPrefix(r.Mapping, "mappings/stripe/t.yaml:") {
				t.Errorf("%s: reject %+v", tt.raw, r)
			}
		case b.LeftOut > 0:
			got = "left out"
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.raw, got, tt.want)
		}
		// Invariant 3: the object ended as a row, a reject, or left out.
		if n := int(b.Rows.NumRows()) + len(b.Rejects) + b.LeftOut; n != 1 || b.Objects != 1 {
			t.Errorf("%s: %d of %d objects accounted for", tt.raw, n, b.Objects)
		}
		b.Rows.Release()
	}
	for _, id := range []string{"", "noid:4e07"} {
		b := mappings.Mapper("charge").Map([]Object{{Raw: []byte(`{}`), ID: id}})[0]
		if len(b.Rejects) != 1 || b.Rejects[0].Rule != "id" {
			t.Errorf("id %q: %+v", id, b.Rejects)
		}
	}
	if b := mappings.Mapper("charge").Map([]Object{{Raw: []byte(`{"id":"ch_1","deleted":true}`), ID: "ch_1", Deleted: true}})[0]; b.Objects != 0 || b.Rows.NumRows() != 0 || len(b.Rejects) != 0 {
		t.Errorf("a tombstone's stub made %+v", b)
	}
	if mappings.Mapper("refund") != nil {
		t.Error("a Mapper of an object that no mapping reads")
	}
}

// TestDrift holds that an unexpected value counts once an object, and at which
// path.
func TestDrift(t *testing.T) {
	t.Parallel()
	set := small(t, "open: {type: string, title: S, description: S., enum: {ok: OK}, pattern: '^[a-z]{2}$', maxLength: 3}\nscore: {type: short, title: S, description: S.}\nscore2: {type: short, title: S, description: S.}",
		charges+"  open: status\n  score: outcome.risk_score\n  score2: outcome.risk_score\n")
	mappings, err := Compile(set)
	if err != nil {
		t.Fatal(err)
	}
	m := mappings.Mapper("charge")
	for i, raw := range []string{
		`{"id":"a","status":"ok","outcome":{"risk_score":1}}`,
		`{"id":"b","status":"Long","outcome":{"risk_score":"1"}}`,
		`{"id":"c","status":"xx","outcome":{"risk_score":"2"}}`,
		`{"id":"d","outcome":[7]}`,
		`{"id":"e","outcome":{"risk_score":70000}}`,
	} {
		m.Map([]Object{{Raw: []byte(raw), ID: string(rune('a' + i))}})[0].Rows.Release()
	}
	want := []Drift{
		{Path: "charge.outcome", Found: "list", Count: 1, FirstID: "d", Example: "list, 3 bytes"},
		{Path: "charge.outcome.risk_score", Found: "a value out of range", Count: 1, FirstID: "e", Example: "70000"},
		{Path: "charge.outcome.risk_score", Found: "string", Count: 2, FirstID: "b", Example: `"1"`},
		{Path: "ts.open", Found: "a value that does not match the pattern", Count: 1, FirstID: "b", Example: `"Long"`},
		{Path: "ts.open", Found: "a value that is too long", Count: 1, FirstID: "b", Example: `"Long"`},
		{Path: "ts.open", Found: `an unknown value: "Long"`, Count: 1, FirstID: "b", Example: `"Long"`},
		{Path: "ts.open", Found: `an unknown value: "xx"`, Count: 1, FirstID: "c", Example: `"xx"`},
	}
	if diff := cmp.Diff(want, m.Drift()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if again := m.Drift(); len(again) > 0 {
		t.Errorf("told twice: %v", again)
	}
}

// TestIterationInsideItself iterates a list inside the iteration of the same
// list: the inner one must not overwrite the item that the row is made from.
func TestIterationInsideItself(t *testing.T) {
	t.Parallel()
	set := small(t, "all: {type: list<object>, title: A, description: A., fields: {id: {type: string, title: I, description: I.}, of: {type: string, title: O, description: O.}}}\n"+
		"last: {type: string, title: L, description: L.}",
		"source: {system: stripe, object: subscription, api_version: 2023-10-16, each: items.data, as: item}\ntarget: stripe.t@1\nsame: [id]\nfields:\n"+
			"  created: $synced_at\n  all: {$each: $root.items.data, $same: [id], of: upper(item.id)}\n  last: upper(item.id)\n")
	b := mapOne(t, set, "subscription", `{"id":"sub_1","items":{"data":[{"id":"a"},{"id":"b"}]}}`)
	want := []string{
		`{"account": "acct_1", "id": "a", "created": "2024-07-26T13:20:00", "all": [{"id":"a","of":"A"},{"id":"b","of":"A"}], "last": "A", "deleted": false, "_source_id": "sub_1", "_seq": 7}`,
		`{"account": "acct_1", "id": "b", "created": "2024-07-26T13:20:00", "all": [{"id":"a","of":"B"},{"id":"b","of":"B"}], "last": "B", "deleted": false, "_source_id": "sub_1", "_seq": 7}`,
	}
	if diff := cmp.Diff(want, rows(t, b)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestMoneyIsNotMadeUpFor holds that a choice between amounts takes the next
// one for a missing amount, never for an unreadable one.
func TestMoneyIsNotMadeUpFor(t *testing.T) {
	t.Parallel()
	set := small(t, "currency: {type: string, title: C, description: C.}\nx: {type: money, unit: currency, title: X, description: X.}",
		charges+"  currency: upper(currency)\n  x: money(amount_captured, currency) ?? money(amount, currency)\n")
	for raw, want := range map[string]string{
		`{"id":"ch_1","currency":"usd","amount_captured":5,"amount":7}`:    `5`,
		`{"id":"ch_1","currency":"usd","amount":7}`:                        `7`,
		`{"id":"ch_1","currency":"usd","amount_captured":"5","amount":7}`:  `money`,
		`{"id":"ch_1","currency":"usd","amount_captured":0.5,"amount":7}`:  `money`,
		`{"id":"ch_1","currency":"usd","amount_captured":null,"amount":0}`: `0`,
		`{"id":"ch_1","currency":"usdc","amount_captured":5,"amount":7}`:   `5`,
		`{"id":"ch_1","currency":"usdc","amount":7}`:                       `7`,
	} {
		b := mapOne(t, set, "charge", raw)
		got := ""
		if len(b.Rejects) > 0 {
			got = b.Rejects[0].Rule
		} else {
			_, rest, _ := strings.Cut(rows(t, b)[0], `"x_minor": `)
			got, _, _ = strings.Cut(rest, ",")
		}
		if got != want {
			t.Errorf("%s: %s, want %s", raw, got, want)
		}
	}
}
