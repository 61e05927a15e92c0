package transform

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/sqltext"
)

// TestFormerNames holds that a renamed field stands under its former names too:
// with the same value at every depth, drift and mistakes counted once, and no
// way to map it to anything else.
func TestFormerNames(t *testing.T) {
	t.Parallel()
	const fields = "n: {type: long, title: N, renamed_from: [m, l]}\n" +
		"o: {type: object, title: O, renamed_from: p, fields: {a: {type: string, title: A, renamed_from: b}}}\n" +
		"q: {type: list<object>, title: Q, fields: {a: {type: string, title: A, renamed_from: b}}}\n" +
		"currency: {type: string, title: C, renamed_from: iso, maxLength: 2}\n" +
		"sum: {type: money, unit: currency, title: S, renamed_from: total}"
	const mapping = charges + "  n: amount\n  o: {$from: outcome, a: type}\n  q: {$each: refunds.data, a: id}\n  currency: upper(currency)\n  sum: money(amount, currency)\n"
	set := small(t, fields, mapping)
	mappings, err := Compile(set)
	if err != nil {
		t.Fatal(err)
	}
	m := mappings.Mapper("charge")
	b := m.Map([]Object{objectOf([]byte(`{"id": "ch_1", "amount": 150, "currency": "eur", "outcome": {"type": "t"}, "refunds": {"data": [{"id": "re_1"}]}}`))})[0]
	defer b.Rows.Release()
	got, _, _ := strings.Cut(rows(t, b)[0], `, "deleted"`)
	_, got, _ = strings.Cut(got, `"n": `)
	want := `150, "m": 150, "l": 150, "o": {"a":"t","b":"t"}, "p": {"a":"t","b":"t"}, "q": [{"a":"re_1","b":"re_1"}], ` +
		`"currency": "EUR", "iso": "EUR", "sum": "1.5", "sum_minor": 150, "total": "1.5", "total_minor": 150`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
	var drift []string
	for _, d := range m.Drift() {
		drift = append(drift, d.Path+": "+d.Found)
	}
	if len(drift) != 1 {
		t.Errorf("drift %q, want the length of currency once", drift)
	}
	sql := mappings.SQL(set.Mappings[0])
	for _, name := range []string{"m", "l", "p", "iso", "total"} {
		if !strings.Contains(sql, "AS "+sqltext.Ident(name)) {
			t.Errorf("the SQL has no column %s:\n%s", name, sql)
		}
	}
	for _, tc := range []struct{ mapping, want string }{
		{strings.Replace(mapping, "n: amount", "n: amont", 1), `mappings/stripe/t.yaml:8:6: M1: the source has no field "amont"; did you mean "amount"?`},
		{strings.Replace(mapping, "n: amount", "n: currency", 1), `mappings/stripe/t.yaml:8:6: M2: n: string does not fit long; write whole(currency)`},
		{mapping + "  m: amount\n", `mappings/stripe/t.yaml:13:3: M4: m: it is the former name of n, and filled as that is: leave it out`},
	} {
		_, err := Compile(small(t, fields, tc.mapping))
		if err == nil || err.Error() != tc.want {
			t.Errorf("mistakes:\n%v\nwant:\n%s", err, tc.want)
		}
	}
}
