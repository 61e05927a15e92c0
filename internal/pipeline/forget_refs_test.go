package pipeline

import (
	"testing"

	"github.com/stripelake/stripelake/schemas"
)

func TestWithoutIDs(t *testing.T) {
	t.Parallel()
	gone := idSet{"cus_1": {}, "after": {}, `odd"id`: {}}
	for _, tc := range []struct{ cursor, want string }{
		{``, ``},
		{`{"v":1,"after":"cus_1","last":7}`, `{"v":1,"after":"forgotten","last":7}`},
		{`{"after":"cus_10"}`, `{"after":"cus_10"}`},
		{`{"after" : "after"}`, `{"after" : "forgotten"}`}, // the key stays
		{`["\u0063us_1","odd\"id","see cus_1"]`, `["forgotten","forgotten","see cus_1"]`},
		{`no JSON`, `no JSON`},
	} {
		if got := withoutIDs(tc.cursor, gone.has); got != tc.want {
			t.Errorf("%s became %s, want %s", tc.cursor, got, tc.want)
		}
	}
}

func TestMentions(t *testing.T) {
	t.Parallel()
	m := idMatcher{words: idSet{}}
	m.add("cus_1")
	m.add("a@b.c")
	for text, want := range map[string]bool{
		"":                      false,
		"cus_1":                 true,
		"/v1/customers/cus_1/x": true,
		`{"customer":"cus_1"}`:  true,
		"cus_10":                false,
		"xcus_1":                false,
		"cus_1-":                true,
		"by a@b.c.":             true,
		"by a@b":                false,
	} {
		if m.in([]byte(text)) != want {
			t.Errorf("%q names an id: %t, want %t", text, !want, want)
		}
	}
}

// Of an object whose owner is unknown, the ids of what it belongs to stay, so that its
// owner can be learned. Nothing that names a person does, a customer's id included.
func TestWithoutText(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{"id":"txn_1","object":"balance_transaction","amount":5,"source":"ch_1","description":"Ada"}`:                                                                      `{"id":"txn_1","object":"balance_transaction","amount":5,"source":"ch_1","description":null}`,
		`{"id":"re_1","charge":{"id":"ch_1","receipt_email":"a@b.c"},"customer":"cus_1","metadata":{"name":"Ada"}}`:                                                         `{"id":"re_1","charge":"ch_1","customer":null,"metadata":null}`,
		`{"type":"charge.dispute.updated","data":{"object":{"id":"dp_1","charge":"ch_1","customer":"cus_1","price":"price_1"},"previous_attributes":{"customer":"cus_1"}}}`: `{"type":"charge.dispute.updated","data":{"object":{"id":"dp_1","charge":"ch_1","customer":null,"price":null},"previous_attributes":{"customer":null}}}`,
	} {
		got, err := withoutText(schemas.ShippedResources(), []byte(raw))
		if err != nil || string(got) != want {
			t.Errorf("%s:\n%s, %v; want\n%s", raw, got, err, want)
		}
	}
}
