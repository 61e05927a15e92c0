package transform

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// unknown is the drift of unknown fields after mapping charges or other objects.
func unknown(t *testing.T, object string, raws ...string) []string {
	t.Helper()
	m := embedded(t).Mapper(object)
	objects := make([]Object, len(raws))
	for i, raw := range raws {
		objects[i] = objectOf([]byte(raw))
	}
	for _, b := range m.Map(objects) {
		b.Rows.Release()
	}
	var found []string
	for _, d := range m.Drift() {
		if strings.Contains(d.Found, "does not know") {
			found = append(found, fmt.Sprintf("%s %d %s", d.Path, d.Count, d.FirstID))
		}
	}
	return found
}

func TestUnknownFields(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		object string
		raws   []string
		want   []string
	}{
		"nothing": {object: "charge", raws: []string{`{"id":"ch_1","amount":1,"metadata":{"any":"key"},"customer":{"id":"cus_1","anything":1}}`}},
		"at the top, counted by object": {
			object: "charge", raws: []string{`{"id":"ch_1","novel":1,"novel":2}`, `{"id":"ch_2","novel":null}`, `{"id":"ch_3"}`},
			want: []string{"charge.novel 2 ch_1"},
		},
		"in an object that mappings read": {
			object: "charge", raws: []string{`{"id":"ch_1","outcome":{"mood":"good"},"payment_method_details":{"type":"acme","acme":{"x":1}}}`},
			want: []string{"charge.outcome.mood 1 ch_1", "charge.payment_method_details.acme 1 ch_1"},
		},
		"in an object that nothing reads": {
			object: "charge", raws: []string{`{"id":"ch_1","payment_method_details":{"multibanco":{"novel":[{"a":1}]}}}`},
			want: []string{"charge.payment_method_details.multibanco.novel 1 ch_1"},
		},
		"in the elements of a list": {
			object: "subscription", raws: []string{`{"id":"sub_1","items":{"object":"list","data":[{"id":"si_1","novel":1},{"id":"si_2","novel":1,"price":{"id":"p","odd":1}}]}}`},
			want: []string{"subscription.items.data[].novel 1 sub_1", "subscription.items.data[].price.odd 1 sub_1"},
		},
		"keys that need quotes": {
			object: "charge", raws: []string{`{"id":"ch_1","no\u0076el":1,"a b\n":1}`},
			want: []string{"charge.novel 1 ch_1", `charge["a b\n"] 1 ch_1`},
		},
		"names that are long, or no text": {
			object: "charge", raws: []string{"{\"id\":\"ch_1\",\"" + strings.Repeat("k", 1000) + "\":1,\"\xff\\u001b[31m\":1}"},
			want: []string{`charge["\xff\x1b[31m"] 1 ch_1`, `charge["` + strings.Repeat("k", 64) + `…"] 1 ch_1`},
		},
		"not of an object that is not JSON": {object: "charge", raws: []string{`{"id":"ch_1","novel":1,`, `{"id":"ch_2"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, unknown(t, tc.object, tc.raws...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Ever new keys do not fill the memory: beyond the bound they count as one.
func TestUnknownFieldsAreBounded(t *testing.T) {
	t.Parallel()
	var keys []string
	for i := range 3 * maxUnknown {
		keys = append(keys, fmt.Sprintf(`"k%d":1`, i))
	}
	found := unknown(t, "charge", `{"id":"ch_1",`+strings.Join(keys, ",")+`}`)
	if len(found) != maxUnknown+1 || found[0] != "charge 1 ch_1" {
		t.Errorf("%d kinds, the first %q", len(found), found[0])
	}
}

// The same for values: those of one field leave room for those of another, and
// show nothing that a terminal would obey.
func TestUnknownValuesAreBounded(t *testing.T) {
	t.Parallel()
	text := func(name string) string {
		return name + ": {type: string, title: S, description: S., enum: {ok: OK}}\n"
	}
	mappings, err := Compile(small(t, text("a")+text("b"), charges+"  a: status\n  b: description\n"))
	if err != nil {
		t.Fatal(err)
	}
	m := mappings.Mapper("charge")
	for i := range 3 * maxUnlisted {
		raw := fmt.Sprintf(`{"id":"ch_%d","status":"s%[1]d","description":"ok"}`, i)
		m.Map([]Object{objectOf([]byte(raw))})[0].Rows.Release()
	}
	m.Map([]Object{objectOf([]byte(`{"id":"ch_x","status":"ok","description":"\u001b[31m"}`))})[0].Rows.Release()
	count := map[string]int{}
	for _, d := range m.Drift() {
		count[d.Path]++
		if d.Found == "an unknown value" && d.Count != 2*maxUnlisted {
			t.Errorf("%d values count as others, want %d", d.Count, 2*maxUnlisted)
		}
		if d.Path == "ts.b" && d.Found != `an unknown value: "\x1b[31m"` {
			t.Errorf("shown as %q", d.Found)
		}
	}
	if diff := cmp.Diff(map[string]int{"ts.a": maxUnlisted + 1, "ts.b": 1}, count); diff != "" {
		t.Error(diff)
	}
}
