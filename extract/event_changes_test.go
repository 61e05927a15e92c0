package extract

import (
	"slices"
	"testing"
	"time"
)

// The caller decides which events concern an object, and where its id and its created
// are.
func TestTouches(t *testing.T) {
	t.Parallel()
	at := unixTime(1700000000)
	for name, tc := range map[string]struct {
		touch  Touch
		object string
		want   []Change
	}{
		"the object itself":      {Touch{Object: "charge", ID: "id"}, `{"object":"charge","id":"ch_1","created":5}`, []Change{{ID: "ch_1", Created: unixTime(5)}}},
		"another kind":           {Touch{Object: "refund", ID: "id"}, `{"object":"charge","id":"ch_1"}`, nil},
		"any kind":               {Touch{ID: "customer"}, `{"object":"card","customer":"cus_1","created":5}`, []Change{{ID: "cus_1"}}},
		"any but one":            {Touch{Not: "card", ID: "customer"}, `{"object":"card","customer":"cus_1"}`, nil},
		"a type":                 {Touch{Types: "charge.", ID: "id"}, `{"object":"charge","id":"ch_1"}`, []Change{{ID: "ch_1"}}},
		"another type":           {Touch{Types: "refund.", ID: "id"}, `{"object":"charge","id":"ch_1"}`, nil},
		"an id elsewhere":        {Touch{ID: "charge"}, `{"object":"refund","id":"re_1","created":7,"charge":{"id":"ch_1","created":5}}`, []Change{{ID: "ch_1"}}},
		"each of a list":         {Touch{ID: "refunds.data[].id"}, `{"object":"charge","refunds":{"data":[{"id":"re_1","created":6},"re_2",{"id":"re_3"}]}}`, []Change{{ID: "re_1", Created: unixTime(6)}, {ID: "re_3"}}},
		"what to filter by":      {Touch{ID: "id", Filter: "charge"}, `{"object":"charge","id":"ch_1","created":5}`, []Change{{Of: "charge=ch_1"}}},
		"created is no number":   {Touch{ID: "id"}, `{"object":"charge","id":"ch_1","created":"5"}`, []Change{{ID: "ch_1"}}},
		"nothing is there":       {Touch{ID: "charge"}, `{"object":"refund","charge":null}`, nil},
		"no object at all":       {Touch{ID: "charge"}, `null`, nil},
		"an object of no kind":   {Touch{Object: "charge", ID: "id"}, `{"id":"ch_1"}`, nil},
		"a list that is no list": {Touch{ID: "refunds.data[].id"}, `{"refunds":7}`, nil},
	} {
		r := Resource{Name: "things", Touches: []Touch{tc.touch}}
		got, err := Changes([]byte(`{"type":"charge.updated","created":1700000000,"data":{"object":`+tc.object+`}}`), r)
		for i := range tc.want {
			tc.want[i].Stream, tc.want[i].At = "things", at
		}
		if err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, tc.want)
		}
	}
	for _, raw := range []string{``, `{`, `[]`, `{"type":"charge.updated"}`, `{"created":1}`, `<html>`, `{"type":"a","created":1,"data":{"object":"x"}}`} {
		if got, err := Changes([]byte(raw), Resource{Touches: []Touch{{ID: "id"}}}); err == nil {
			t.Errorf("%q: %v and no error", raw, got)
		}
	}
}

func TestDue(t *testing.T) {
	t.Parallel()
	r := Resource{Pending: Pending{Path: "status", Is: "pending", At: "available_on"}}
	for object, want := range map[string]time.Time{
		`{"status":"pending","available_on":1700000000}`:                      unixTime(1700000000),
		`{"status":"available","available_on":1700000000}`:                    {},
		`{"status":"available","x":"pending","available_on":1700000000}`:      {},
		`{"status":"pending","available_on":"1700000000"}`:                    {},
		`{"status":"pending"}`:                                                {},
		`{"status":"available","status":"pending","available_on":1700000000}`: unixTime(1700000000),
		`{"status":["pending"],"available_on":1700000000}`:                    {},
		`no JSON "pending"`: {},
	} {
		if got := r.NextChange([]byte(object)); !got.Equal(want) {
			t.Errorf("%s is due at %s, want %s", object, got, want)
		}
		if got := (Resource{}).NextChange([]byte(object)); !got.IsZero() {
			t.Errorf("%s is due at %s, and nothing ever is", object, got)
		}
	}
}

func TestMentions(t *testing.T) {
	t.Parallel()
	r := Resource{Mentioned: []Mention{{Path: "items.data[].price", Stream: "prices"}}}
	object := `{"items":{"data":[{"price":{"id":"price_1"}},{"price":null},{"price":"price_2"}]}}`
	want := []Named{{"prices", "price_1"}, {"prices", "price_2"}}
	if got := r.UnlistedReferences([]byte(object)); !slices.Equal(got, want) {
		t.Errorf("%s mentions %v, want %v", object, got, want)
	}
}

// An event that no resource has to do with tells what it holds.
func TestUnfollowed(t *testing.T) {
	t.Parallel()
	resources := []Resource{
		{Name: "charges", Touches: []Touch{{Object: "charge", ID: "id"}, {Object: "dispute", ID: "charge"}}},
		{Name: "customers", Touches: []Touch{{Not: "subscription", Types: "customer.", ID: "customer"}}},
	}
	for raw, want := range map[string]string{
		`{"type":"charge.updated","created":1,"data":{"object":{"object":"charge"}}}`:                      "",
		`{"type":"charge.dispute.created","created":1,"data":{"object":{"object":"dispute"}}}`:             "",
		`{"type":"payout.paid","created":1,"data":{"object":{"object":"payout"}}}`:                         "payout",
		`{"type":"customer.source.created","created":1,"data":{"object":{"object":"card"}}}`:               "",
		`{"type":"customer.subscription.updated","created":1,"data":{"object":{"object":"subscription"}}}`: "subscription",
		`{"type":"x","created":1,"data":{"object":{"id":"x_1"}}}`:                                          "",
		`{"type":`: "",
	} {
		if got := Unfollowed([]byte(raw), resources...); got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}
