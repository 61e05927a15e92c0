package schemas

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// TestFlatColumns holds the names in a flat view: members are columns, a column of the
// table keeps its name, and whatever else would have it is numbered and warned of.
func TestFlatColumns(t *testing.T) {
	t.Parallel()
	const fields = "  currency: {type: string, title: C}\n" +
		"  a: {type: object, title: A, fields: {b: {type: money, unit: currency, title: B}, C: {type: list<string>, title: C}, d: {type: object, title: D, fields: {e: {type: string, title: E}}}}}\n" +
		"  a_d: {type: object, title: A, fields: {e: {type: string, title: E}, f: {type: map<string>, title: F}}}\n" +
		"  a_c: {type: string, title: X}\n  l: {type: list<object>, title: L, fields: {x: {type: string, title: X}}}\n"
	set, err := Load(fstest.MapFS{
		"stripe/t.yaml":                  {Data: []byte(strings.Replace(renamedTable, "table: ts", "table: ts\nnaming: sfcc", 1) + fields)},
		"lookups/currency_exponent.yaml": {Data: []byte("lookup: currency_exponent\ntitle: E\nrows: {jpy: 0}\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range set.Schemas[0].FlatColumns() {
		got = append(got, c.Flat+"="+strings.Join(c.Path, "."))
	}
	want := strings.Fields("account=account id=id created=created currency=currency a_b=a.b a_b_minor=a.b_minor a_C_2=a.C a_d_e=a.d.e a_d_e_2=a_d.e a_d_f=a_d.f a_c=a_c l=l " +
		"deleted=deleted deleted_seen_at=deleted_seen_at _source_id=_source_id _seq=_seq")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var warned []string
	for _, w := range set.Warnings() {
		if w.Code == "S16" {
			warned = append(warned, w.String())
		}
	}
	if diff := cmp.Diff([]string{
		"stripe/t.yaml:13:84: S16: a.C would be called a_C in flat.ts, as another column is, and is called a_C_2 there: rename one of them",
		"stripe/t.yaml:14:42: S16: a_d.e would be called a_d_e in flat.ts, as another column is, and is called a_d_e_2 there: rename one of them",
	}, warned); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
