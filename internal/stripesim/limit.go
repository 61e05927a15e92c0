package stripesim

import (
	"errors"
	"math"
	"net/http"
	"sync"
	"time"
)

// Limits are the limits of an account. Zero means none. Stripe: 25 requests a
// second in test mode, 100 in live mode, 25 to any one endpoint.
type Limits struct {
	Global     float64 // requests a second
	Endpoint   float64 // requests a second to one endpoint: a list, or its objects by id
	Concurrent int     // requests at the same time
}

func (l Limits) check() error {
	if !(l.Global >= 0 && l.Endpoint >= 0) || l.Concurrent < 0 || math.IsInf(l.Global+l.Endpoint, 0) {
		return errors.New("limits: less than nothing, or no number")
	}
	return nil
}

// The reasons to refuse a request, as in the header Stripe-Rate-Limited-Reason.
const (
	globalRate        = "global-rate"
	endpointRate      = "endpoint-rate"
	globalConcurrency = "global-concurrency"
)

// A bucket is a token bucket that holds the requests of one second.
type bucket struct {
	tokens float64
	filled time.Time
}

func (b *bucket) fill(now time.Time, rate float64) {
	full := max(rate, 1)
	if b.filled.IsZero() {
		b.tokens, b.filled = full, now
	}
	b.tokens = min(full, b.tokens+now.Sub(b.filled).Seconds()*rate)
	b.filled = now
}

// A limiter keeps the limits of one account.
type limiter struct {
	Limits
	tick func() time.Time

	mu        sync.Mutex
	running   int
	all       bucket
	endpoints map[string]*bucket
}

func newLimiter(limits Limits, tick func() time.Time) *limiter {
	return &limiter{Limits: limits, tick: tick, endpoints: map[string]*bucket{}}
}

// enter admits a request, or returns the reason why it may not run. Who is
// admitted calls leave.
func (l *limiter) enter(endpoint string) (refused string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.tick()
	own := l.endpoints[endpoint]
	if own == nil {
		own = &bucket{}
		l.endpoints[endpoint] = own
	}
	l.all.fill(now, l.Global)
	own.fill(now, l.Endpoint)
	switch {
	case l.Concurrent > 0 && l.running >= l.Concurrent:
		return globalConcurrency
	case l.Global > 0 && l.all.tokens < 1:
		return globalRate
	case l.Endpoint > 0 && own.tokens < 1:
		return endpointRate
	}
	l.all.tokens--
	own.tokens--
	l.running++
	return ""
}

func (l *limiter) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running--
}

// limit answers 429 to requests beyond the limits.
func (s *Server) limit(next http.Handler) http.Handler {
	if s.cfg.Limits == (Limits{}) {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if reason := s.limiter.enter(endpoint(r.URL.Path)); reason != "" {
			s.mu.Lock()
			s.throttled[r.URL.Path]++
			s.mu.Unlock()
			w.Header()["Stripe-Rate-Limited-Reason"] = []string{reason}
			s.refuse(w, errRateLimit())
			return
		}
		defer s.limiter.leave()
		next.ServeHTTP(w, r)
	})
}

func errRateLimit() *apiError {
	return &apiError{
		status: http.StatusTooManyRequests, code: "rate_limit",
		message: "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.",
	}
}

// endpoint returns the endpoint of a path. A list and its objects by id are
// two, which Stripe limits separately.
func endpoint(path string) string {
	name, id := splitPath(path)
	if id != "" {
		return name + "/:id"
	}
	return name
}

// delay delays every answer by Config.Latency.
func (s *Server) delay(next http.Handler) http.Handler {
	if s.cfg.Latency == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(s.cfg.Latency):
			next.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	})
}
