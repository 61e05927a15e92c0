package pipeline_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
)

// shifted serves Stripe with dates that are ahead by as much as it says.
func shifted(stripe http.Handler, ahead *time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		stripe.ServeHTTP(answer, r)
		maps.Copy(w.Header(), answer.Header())
		if date, err := http.ParseTime(answer.Header().Get("Date")); err == nil {
			w.Header().Set("Date", date.Add(*ahead).Format(http.TimeFormat))
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}

// A lake that was read while answers had dates in the future is noticed by the
// next sync with a right date, which reports and repairs it: objects created
// and changed since are read, by lists and by events.
func TestReadUpToTheFuture(t *testing.T) {
	t.Parallel()
	for name, resources := range laketest.Sampled(map[string][]string{"all": nil, "one resource": {"charges"}}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := laketest.Shop(t, nil)
			ahead := 90 * 24 * time.Hour
			s := laketest.NewScene(t, shifted(server.Handler(), &ahead))
			s.Sync(resources...)
			ahead = 0
			laketest.Act(t, server, stripesim.UpdateCharge)
			laketest.Act(t, server, stripesim.CreateCharge)
			server.Advance(5 * time.Minute)
			s.Notices = nil
			s.Sync(resources...)
			said := 0
			for _, notice := range s.Notices {
				if strings.Contains(notice, "which is to come: an answer had a wrong date; it is listed again from 2025-03-") {
					said++
				}
			}
			if said == 0 {
				t.Errorf("it says %q", s.Notices)
			}
			s.Notices = nil
			laketest.Act(t, server, stripesim.UpdateCharge)
			laketest.Act(t, server, stripesim.CreateCharge)
			server.Advance(5 * time.Minute)
			s.Sync(resources...)
			if len(s.Notices) > 0 {
				t.Errorf("the next sync says %q", s.Notices)
			}
			for _, line := range compared(t, s, 0, false) {
				if resources == nil || strings.Contains(line, "/charges") {
					t.Error(line)
				}
			}
			status, err := pipeline.ReadStatus(t.Context(), s.Lake)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range status.Resources {
				if r.CompleteTo != nil && r.CompleteTo.After(server.Now()) || r.AsOf != nil && r.AsOf.After(server.Now()) {
					t.Errorf("%s is complete to %v as of %v", r.Resource, r.CompleteTo, r.AsOf)
				}
			}
		})
	}
}
