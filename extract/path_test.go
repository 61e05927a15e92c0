package extract

import (
	"slices"
	"strings"
	"testing"
)

func TestReferences(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ object, path, want string }{
		{`{"customer":"cus_1"}`, "customer", "cus_1"},
		{`{"customer":{"id":"cus_1","name":"Ada"}}`, "customer", "cus_1"},
		{`{"customer":{"id":"cus_1","name":"Ada"}}`, "customer.id", "cus_1"},
		{`{"customer":"cus_1"}`, "customer.id", ""},
		{`{"customer":null}`, "customer", ""},
		{`{"customer":17}`, "customer", ""},
		{`{"customer":["cus_1"]}`, "customer", ""},
		{`{"customer":["cus_1"]}`, "customer[]", "cus_1"},
		{`{"customers":"cus_1"}`, "customer", ""},
		{`{"metadata":{"customer":"cus_1"}}`, "customer", ""},
		{`{"id":"ch_1"}`, "", "ch_1"},
		{`{"items":{"data":[{"price":{"id":"price_1"}},{"price":"price_2"},{},7]}}`, "items.data[].price", "price_1 price_2"},
		{`{"items":[{"price":"price_1"}]}`, "items.data[].price", ""},
		{`{"a":[["x"],["y"]]}`, "a[][]", "x y"},
		{`{"a":{"[]":{"b":"x"}}}`, "a[].b", ""},
		{`{"a.b":"x"}`, "a.b", ""},
		{`{"":"x"}`, "a", ""},
		{`{"customer":"cus_1","customer":"cus_2"}`, "customer", "cus_1 cus_2"},
		{"{\"name\":\"\xff\",\"customer\":\"cus_1\"}", "customer", "cus_1"}, // not UTF-8
		{`{"customer":"cus_1"`, "customer", "cus_1"},
		{`"cus_1"`, "customer", ""},
		{`["cus_1"]`, "customer", ""},
		{``, "customer", ""},
	} {
		if got := strings.Join(References([]byte(tc.object), tc.path)[0], " "); got != tc.want {
			t.Errorf("%s has at %q %q, want %q", tc.object, tc.path, got, tc.want)
		}
	}
}

// Several paths are followed together, even if one ends on the way of another.
func TestReferencesOfSeveralPaths(t *testing.T) {
	t.Parallel()
	object := `{"id":"evt_1","data":{"object":{"id":"ch_1","charge":{"id":"ch_2","customer":"cus_1"}}}}`
	paths := []string{"data.object.charge.customer", "data.object", "id", "data.object.charge", "data.object.id"}
	want := [][]string{{"cus_1"}, {"ch_1"}, {"evt_1"}, {"ch_2"}, {"ch_1"}}
	if got := References([]byte(object), paths...); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("found %q, want %q", got, want)
	}
}
