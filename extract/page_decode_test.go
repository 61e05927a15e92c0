package extract

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFieldsOfAnObject(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for raw, want := range map[string]Object{
		`{}`: {},
		`{ "id" : "ch_1", "object": "charge", "created": 1700000000, "livemode": true }`: {ID: "ch_1", Type: "charge", Created: unixTime(1700000000), Livemode: &yes},
		`{"id":"cus_1","object":"customer","deleted":true}`:                              {ID: "cus_1", Type: "customer", Deleted: true},
		`{"id":"x","deleted":false,"livemode":false}`:                                    {ID: "x", Livemode: &no},
		`{"id":7,"object":null,"created":null,"livemode":null,"deleted":null}`:           {},
		`{"id":{"id":"y"},"created":[1],"livemode":"true","deleted":1}`:                  {},
		`{"created":0}`:                    {Created: time.Unix(0, 0).UTC()},
		`{"created":1.7e9}`:                {},
		`{"created":1700000000.5}`:         {},
		`{"created":"1700000000"}`:         {},
		`{"created":-1}`:                   {},
		`{"created":99999999999999999999}`: {},
		`{"created":253402300800}`:         {},
		`{"a":{"id":"inner","created":5}}`: {},
		`{"\u0069d":"escaped \u00e9"}`:     {ID: "escaped é"},
		`{"id":"first","id":"last"}`:       {ID: "last"},
		`{"id":"ch_1","m":{"a":1,"a":2}}`:  {ID: "ch_1"},
		"{\"id\":\"ch_1\",\"n\":\"\xff\"}": {ID: "ch_1"},
		`{"id":"ch_1","n":"\ud800 alone"}`: {ID: "ch_1"},
		`{"id":"ch_1","n":123456789012345678901234567890.000000000000000000001}`: {ID: "ch_1"},
	} {
		for _, around := range [][2]string{{`[`, `]`}, {"[ \n", "\n ]"}, {`[{"id":"a"} , `, `,{"id":"z"}]`}} {
			l, err := decodePage([]byte(`{"object":"list","data":`+around[0]+raw+around[1]+`,"has_more":false}`), 100)
			if err != nil {
				t.Errorf("%s: %v", raw, err)
				continue
			}
			got := l.objects[len(l.objects)/2]
			want.Raw = []byte(raw)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", raw, diff)
			}
		}
	}
}

// Invariant 8: an accepted page is accepted as a whole: every element is there, byte
// for byte as received, and an independent reader sees the same ones.
func FuzzEnvelope(f *testing.F) {
	for _, seed := range []string{
		`{"object":"list","data":[{"id":"ch_1","created":1700000000,"livemode":false},{"id":"ch_2"}],"has_more":true,"url":"/v1/charges"}`,
		"{\n  \"object\": \"list\",\n  \"data\": [\n    {\n      \"id\": \"ch_1\"\n    }\n  ],\n  \"has_more\": false\n}\n",
		`{"object":"list","data":[],"has_more":false}`,
		`{"object":"list","data":[],"has_more":true}`,
		`{"object":"list","data":[1],"has_more":false}`,
		`{"object":"list","data":[{"id":"ch_1","a":1,"a":2}],"has_more":false}`,
		`{"object":"list","data":[{"id":"ch_`,
		"{\"object\":\"list\",\"data\":[{\"n\":\"\xff\\ud800\"}],\"has_more\":false}",
		`{"has_more":false,"data":[{"data":[{}],"object":"list"}],"object":"list"}`,
		`{"error":{"message":"no"}}`, `<html>`, ``, `null`, `[]`, `{}{}`,
		`{"object":"list","data":[` + strings.Repeat(`{"a":[`, 20),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		IncompleteLists(body)
		_, _, _ = accountID(body)
		received := bytes.Clone(body)
		l, err := decodePage(body, 100)
		if !bytes.Equal(body, received) {
			t.Fatal("the body was changed")
		}
		if err != nil {
			if text := err.Error(); text == "" || strings.Contains(text, "jsontext") {
				t.Errorf("error %q", text)
			}
			return
		}
		var fields map[string]json.RawMessage
		var data []json.RawMessage
		if err := json.Unmarshal(body, &fields); err != nil {
			t.Fatalf("accepted what encoding/json does not: %v", err)
		}
		if err := json.Unmarshal(fields["data"], &data); err != nil || len(data) != len(l.objects) {
			t.Fatalf("%d objects, want %d (%v)", len(l.objects), len(data), err)
		}
		for i, o := range l.objects {
			if !bytes.Equal(o.Raw, data[i]) {
				t.Fatalf("object %d is %q, want %q", i, o.Raw, data[i])
			}
		}
	})
}

func BenchmarkEnvelope(b *testing.B) {
	object := `{"id":"ch_3MmlLrLkdIwHu7ix0snN0B15","object":"charge","amount":1099,"created":1679090539,"livemode":false,"billing_details":{"address":{"city":null,"country":"DE"}},"description":"` + strings.Repeat("x", 1800) + `"}`
	body := []byte(`{"object":"list","data":[` + strings.Repeat(object+",", 99) + object + `],"has_more":true}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodePage(body, 100); err != nil {
			b.Fatal(err)
		}
	}
}
