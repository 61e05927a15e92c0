package extract

import (
	stdjson "encoding/json"
	"testing"

	"github.com/go-json-experiment/json"
)

// TestReference reads an id from each form in which Stripe may send it, with both of
// Go's JSON readers.
func TestReference(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Reference{
		`"cus_1"`:                                 "cus_1",
		`{"id":"cus_1","name":"Ada"}`:             "cus_1",
		"{\"id\":\"cus_1\",\"name\":\"\xff\"}":    "cus_1", // not UTF-8
		`{"id":"cus_1","name":"a","name":"b"}`:    "cus_1",
		`{"id":"cus_1","id":"cus_2"}`:             "cus_2",
		`{"id":"cus_1","metadata":{"a":1,"a":2}}`: "cus_1",
		`null`: "", `5`: "", `[]`: "", `{"id":null}`: "", `{"id":5}`: "", `{}`: "",
	} {
		var got, std struct{ Customer Reference }
		whole := []byte(`{"Customer":` + text + `}`)
		err1, err2 := json.Unmarshal(whole, &got, lenientJSON), stdjson.Unmarshal(whole, &std)
		if err1 != nil || err2 != nil || got.Customer != want || std.Customer != want {
			t.Errorf("%s is %q and %q, want %q (%v, %v)", text, got.Customer, std.Customer, want, err1, err2)
		}
	}
}
