package pipeline_test

import (
	"testing"
	"testing/fstest"

	"github.com/stripelake/stripelake/schemas"
)

// A column that was renamed holds the same under both names, in rows and in SQL.
func TestFormerDifferential(t *testing.T) {
	t.Parallel()
	set, err := schemas.Load(fstest.MapFS{
		"lookups/currency_exponent.yaml": {Data: []byte("lookup: currency_exponent\ntitle: E\nrows: {jpy: 0}\n")},
		"stripe/t.yaml": {Data: []byte("schema: stripe.t\nversion: 1.0.0\ntitle: T\ndescription: A.\ntable: ts\nprimary_key: [id]\ntimestamp: created\nfields:\n" +
			"  id: {type: string, title: ID, required: true}\n  created: {type: date-time, title: C, required: true}\n" +
			"  n: {type: long, title: N, renamed_from: [m, l], required: true}\n" +
			"  o: {type: object, title: O, renamed_from: p, fields: {a: {type: string, title: A, renamed_from: b}}}\n" +
			"  q: {type: list<object>, title: Q, fields: {a: {type: string, title: A, renamed_from: b}}}\n" +
			"  currency: {type: string, title: C, renamed_from: iso}\n  md: {type: map<string>, title: M, renamed_from: nd}\n" +
			"  status: {type: string, title: S, renamed_from: st, enum: {ok: Ok, no: No}, closed: true}\n" +
			"  sum: {type: money, unit: currency, title: S, renamed_from: total}\n")},
		"mappings/stripe/t.yaml": {Data: []byte("mapping: stripe.t\nversion: 1.0.0\nsource: {object: charge}\ntarget: stripe.t@1\nsame: [id, status]\nfields:\n" +
			"  created: unix(created)\n  n: amount\n  o: {$from: outcome, a: type}\n  q: {$each: fee_details, a: type}\n  currency: upper(currency)\n  sum: money(amount, currency)\n  md: metadata\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	d := newDifferential(t, set)
	n := d.compare(t, "charge", [][]byte{
		[]byte(`{"id":"ch_1","created":1700000000,"amount":150,"currency":"eur","status":"ok","outcome":{"type":"t"},"fee_details":[{"type":"x"},null],"metadata":{"a":"1"}}`),
		[]byte(`{"id":"ch_2","created":1700000000,"currency":"eur"}`),
		[]byte(`{"id":"ch_3","created":1700000000,"amount":150,"currency":"jpy","status":"other"}`),
		[]byte(`{"id":"ch_4","created":1700000000,"amount":150,"currency":"jpy","status":"no"}`),
		[]byte(`{"id":"ch_5","created":1700000000,"amount":"x","currency":"jpy","status":"no"}`),
	})
	if n != 2 {
		t.Errorf("%d rows", n)
	}
}
