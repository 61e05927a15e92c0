package extract

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Look answers for each item. The caller decides about a refusal, and it is no failure
// of the run; an outage is no refusal.
func TestLook(t *testing.T) {
	t.Parallel()
	f := &stripeFake{now: t0, rows: []row{{ID: "ch_1", Created: 9000}}}
	f.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		status := map[string]int{"/v1/charges/ch_2": http.StatusNotFound, "/v1/charges/ch_3": http.StatusForbidden, "/v1/charges/ch_4": http.StatusServiceUnavailable}[r.URL.Path]
		switch {
		case status != 0:
			w.WriteHeader(status)
		case r.URL.Path == "/v1/charges/ch_5":
			say(w, `{"id":"ch_1","object":"charge","created":9000}`) // another object
		case r.URL.Query().Get("payment_intent") == "pi_1":
			say(w, `{"object":"list","has_more":false,"data":[{"id":"ch_6","object":"charge","created":9000}]}`)
		default:
			return false
		}
		return true
	}
	c := fastClient(t, f, 100)
	got := map[string]string{}
	items := []Item{{ID: "ch_1"}, {ID: "ch_2"}, {ID: "ch_3"}, {ID: "ch_4"}, {ID: "ch_5"}, {Of: "payment_intent=pi_1"}}
	err := c.Look(t.Context(), resource(t, "charges"), items, func(item Item, objects []Object, err error) error {
		switch {
		case err == nil && len(objects) == 1:
			got[item.ID+item.Of] = objects[0].ID
		case IsRefused(err):
			got[item.ID+item.Of] = "refused"
		default:
			got[item.ID+item.Of] = "failed"
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"ch_1": "ch_1", "ch_2": "refused", "ch_3": "refused", "ch_4": "failed", "ch_5": "refused", "payment_intent=pi_1": "ch_6"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if failures := c.Failures(); len(failures) > 0 {
		t.Errorf("failures %v", failures)
	}
	enough := errors.New("enough")
	if err := c.Look(t.Context(), resource(t, "charges"), items, func(Item, []Object, error) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("ended by %v", err)
	}
}
