package pipeline_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

// A nested list that cannot be read is in meta.incomplete_lists and in the
// status. Where a column needs it, the run exits 3; where none does, the run
// exits 0.
func TestListThatNoColumnTakes(t *testing.T) {
	t.Parallel()
	ago := laketest.Noon.Add(-time.Hour)
	cut := func(url string) string {
		return `{"object":"list","has_more":true,"url":"` + url + `","data":[{"id":"x_1","object":"x","created":1}]}`
	}
	for resource, tc := range map[string]struct {
		object, list string
		want         int // exit status
	}{
		"charges":       {laketest.Paid("ch_1", ago, `"refunds":`+cut("/v1/charges/ch_1/refunds")), "/refunds", 0},
		"subscriptions": {laketest.Sent("subscription", "sub_1", ago, `"status":"active","currency":"usd","items":`+cut("/v1/subscription_items?subscription=sub_1")), "/items", 3},
	} {
		stripe := laketest.Recorded(t, 1, laketest.Noon, tc.object)
		s := laketest.NewScene(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("starting_after") == "x_1" {
				w.WriteHeader(http.StatusForbidden)
				_, _ = w.Write([]byte(`{"error":{"type":"invalid_request_error","message":"The key may not."}}`))
				return
			}
			stripe.ServeHTTP(w, r)
		}))
		summary, err := s.Try(resource)
		if got := pipeline.ExitCode(err); got != tc.want || errors.As(err, new(*pipeline.GivenUpError)) != (tc.want == 3) || len(summary.GivenUp) != 1 || summary.GivenUp[0].Untaken != (tc.want == 0) {
			t.Errorf("%s: exit %d, %v, %+v", resource, got, err, summary)
		}
		s.Expect("cut short", "SELECT stream, list FROM meta.incomplete_lists", resource+" "+tc.list)
		s.Expect("why", "SELECT DISTINCT status FROM meta.requests", "403")
		status, err := pipeline.ReadStatus(t.Context(), s.Lake)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range status.Resources {
			if (r.IncompleteLists == 1) != (r.Resource == resource) {
				t.Errorf("status of %s after %s: %d incomplete lists", r.Resource, resource, r.IncompleteLists)
			}
		}
		if status.LastRun.Outcome != strings.Fields("done x x incomplete")[tc.want] {
			t.Errorf("%s: the run is %s", resource, status.LastRun.Outcome)
		}
	}
}
