package stripesim

import (
	"net/http"
	"testing"
	"time"
)

// Limits refill with time, endpoints have theirs apart, and the answer says
// which limit it was.
func TestLimits(t *testing.T) {
	t.Parallel()
	tick := &ticker{}
	s := newTestServer(t, Config{Charges: 10, Limits: Limits{Global: 10, Endpoint: 4}, Tick: tick.now})
	k := dial(t, s)
	burst := func(path string, n int) (served int, reasons map[string]int) {
		reasons = map[string]int{}
		for range n {
			g := k.get(path)
			if g.status == http.StatusOK {
				served++
				continue
			}
			g.says(t, http.StatusTooManyRequests, `"code": "rate_limit"`)
			reasons[g.header.Get("Stripe-Rate-Limited-Reason")]++
		}
		return served, reasons
	}
	check := func(path string, n, served int, reason string) {
		t.Helper()
		got, reasons := burst(path, n)
		if got != served || reasons[reason] != n-served {
			t.Errorf("%s: %d of %d served, want %d; refused for %v, want %s", path, got, n, served, reasons, reason)
		}
	}
	check("/v1/charges", 6, 4, "endpoint-rate")
	check("/v1/refunds", 4, 4, "")
	check("/v1/prices", 6, 2, "global-rate")
	tick.advance(500 * time.Millisecond)
	check("/v1/charges", 3, 2, "endpoint-rate")
	tick.advance(time.Hour)
	check("/v1/charges", 5, 4, "endpoint-rate")
	check("/v1/charges/"+firstOf(s.Ledger().IDs("charges")), 5, 4, "endpoint-rate")
	if got := s.Throttled(); got["/v1/charges"] != 4 || got["/v1/prices"] != 4 {
		t.Errorf("throttled: %v", got)
	}
	if got := s.Requests()["/v1/charges"]; got != 14 {
		t.Errorf("%d requests counted, want 14", got)
	}
}

// Only so many requests run at a time.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 10, Limits: Limits{Concurrent: 2}})
	k := dial(t, s)
	for range 2 { // two requests that take their time
		if reason := s.limiter.enter("refunds"); reason != "" {
			t.Fatal(reason)
		}
	}
	g := k.get("/v1/charges")
	g.says(t, http.StatusTooManyRequests, "rate_limit")
	if got := g.header.Get("Stripe-Rate-Limited-Reason"); got != "global-concurrency" {
		t.Errorf("refused for %s", got)
	}
	s.limiter.leave()
	for range 3 { // one place is enough for one at a time
		k.ok("/v1/charges")
	}
}

// An answer takes as long as the latency says: an hour is more than this client
// waits.
func TestLatency(t *testing.T) {
	t.Parallel()
	k := dial(t, newTestServer(t, Config{Charges: 10, Latency: time.Hour}))
	k.hc.Timeout = 50 * time.Millisecond
	if g := k.get("/v1/charges"); g.err == nil {
		t.Errorf("answered: %+v", g)
	}
	dial(t, newTestServer(t, Config{Charges: 10, Latency: time.Millisecond})).ok("/v1/charges")
}
