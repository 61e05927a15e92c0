package pipeline

import "testing"

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
