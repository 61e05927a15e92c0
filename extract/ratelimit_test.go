package extract

import (
	"math"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestLimits(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		cfg  Config
		mode string
		want rateLimits
	}{
		"live":               {Config{}, Live, rateLimits{all: 50, endpoint: 12.5, start: 12.5}},
		"test":               {Config{}, Test, rateLimits{all: 25, endpoint: 25, start: 20}},
		"all of live":        {Config{MaxShare: 1}, Live, rateLimits{all: 100, endpoint: 25, start: 20}},
		"a tenth of live":    {Config{MaxShare: 0.1}, Live, rateLimits{all: 10, endpoint: 2.5, start: 2.5}},
		"another limit":      {Config{MaxRPS: 400}, Live, rateLimits{all: 200, endpoint: 50, start: 50}},
		"a small limit":      {Config{MaxRPS: 10}, Test, rateLimits{all: 10, endpoint: 10, start: 8}},
		"another test limit": {Config{MaxRPS: 400}, Test, rateLimits{all: 400, endpoint: 100, start: 80}},
	} {
		got, err := limitsOf(tc.cfg, tc.mode)
		if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(rateLimits{}), cmpopts.EquateApprox(0, 1e-9)); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	for _, cfg := range []Config{{MaxShare: math.NaN()}, {MaxRPS: math.NaN()}, {MaxRPS: math.Inf(1)}} {
		if _, err := limitsOf(cfg, Live); err == nil {
			t.Errorf("%v is accepted", cfg)
		}
	}
}

// take sends n requests as fast as the rate limiter lets them and returns how long it took.
func take(t *testing.T, p *rateLimiter, endpoint string, n int) time.Duration {
	t.Helper()
	start := time.Now()
	for range n {
		if err := p.wait(t.Context(), endpoint); err != nil {
			t.Fatal(err)
		}
	}
	return time.Since(start)
}

func TestRateIsEven(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newRateLimiter(rateLimits{all: 50, endpoint: 10, start: 10})
		if took := take(t, p, "/a", 21); took != 2*time.Second {
			t.Errorf("21 requests at 10/s took %v", took)
		}
		time.Sleep(time.Hour)
		if took := take(t, p, "/a", 21); took != 2*time.Second {
			t.Errorf("after an idle hour 21 requests at 10/s took %v: no burst was due", took)
		}
	})
}

func TestEndpointsShareTheAccount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newRateLimiter(rateLimits{all: 20, endpoint: 10, start: 10})
		start := time.Now()
		var group sync.WaitGroup
		for _, endpoint := range []string{"/a", "/b", "/c", "/d"} {
			group.Go(func() { take(t, p, endpoint, 10) })
		}
		group.Wait()
		if took := time.Since(start); took != 1950*time.Millisecond {
			t.Errorf("40 requests at 20/s in all took %v", took)
		}
	})
}

// Many requests that wait for a slow endpoint must not delay those for other endpoints.
func TestSlowEndpointHoldsNobodyElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newRateLimiter(rateLimits{all: 100, endpoint: 1, start: 1})
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() { take(t, p, "/slow", 1) })
		}
		synctest.Wait()
		if took := take(t, p, "/other", 1); took > 20*time.Millisecond {
			t.Errorf("another endpoint waited %v", took)
		}
		group.Wait()
	})
}

func TestRateAdapts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newRateLimiter(rateLimits{all: 100, endpoint: 25, start: 20})
		rate := func() float64 { return p.endpoint("/a").rate }
		before := rate()
		for range 1000 {
			take(t, p, "/a", 1)
			p.succeeded("/a")
			if rate() < before || rate() > 25 {
				t.Fatalf("pace went from %v to %v", before, rate())
			}
			before = rate()
		}
		if rate() != 25 {
			t.Errorf("pace %v after 1000 successes, want the limit", rate())
		}

		p.throttled("/a", "endpoint-rate", "rate_limit", time.Now())
		if rate() != 12.5 || p.all.rate != 100 {
			t.Errorf("pace %v and %v in all after endpoint-rate", rate(), p.all.rate)
		}
		p.throttled("/a", "endpoint-rate", "", time.Now().Add(-time.Millisecond)) // was in flight together with the first
		if rate() != 12.5 {
			t.Errorf("pace %v: one overload was counted twice", rate())
		}
		time.Sleep(time.Second)
		for _, locked := range []struct{ reason, code string }{{"", codeLocked}, {"resource-specific", ""}} {
			p.throttled("/a", locked.reason, locked.code, time.Now())
		}
		if rate() != 12.5 {
			t.Errorf("pace %v after locks, which say nothing of it", rate())
		}
		p.throttled("/a", "global-concurrency", "", time.Now())
		if rate() != 12.5 || p.all.rate != 50 {
			t.Errorf("pace %v and %v in all after global-concurrency", rate(), p.all.rate)
		}
		for range 100 {
			time.Sleep(time.Second)
			p.throttled("/a", "", "rate_limit", time.Now())
		}
		if rate() != 1 {
			t.Errorf("pace %v after a hundred 429, want 1: never none", rate())
		}
	})
}

// The whole client keeps the documented limit, and 429 answers slow it.
func TestClientKeepsTheRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rows := rowsAt(make([]int64, 100)...)
		for i := range rows {
			rows[i].Created = int64(1000 + i)
		}
		limited := false
		f := &stripeFake{rows: rows}
		f.fault = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if limited = n == 40; limited {
				status(429, rateLimited, "Stripe-Rate-Limited-Reason: endpoint-rate")(w)
			}
			return limited
		}
		c := pacedClient(t, f, Config{MaxShare: 0.4}) // 10/s
		c.limit = 1
		start := time.Now()
		pages := collect(t, c, "charges", "", Range{To: unixTime(1100)})
		// 39 intervals of 0.1 s, then 61 or a few more that shrink from 0.2 s, and a back-off below 0.5 s.
		if took := time.Since(start); len(ids(pages...)) != 100 || took < 10*time.Second || took > 17*time.Second {
			t.Errorf("%d objects in %d pages in %v", len(ids(pages...)), len(pages), took)
		}
		if c.Throttled() != 1 {
			t.Errorf("%d throttled", c.Throttled())
		}
	})
}
