package extract

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"time"
)

// rateLimits are the parts of the account's rate limits that a client may use,
// in requests a second.
type rateLimits struct {
	all, endpoint float64
	start         float64 // the rate with which an endpoint begins
}

// limitsOf applies the configured share. Stripe: 100 requests a second in live
// mode, 25 in a sandbox, and 25 on any one endpoint unless stated otherwise.
func limitsOf(cfg Config, mode string) (rateLimits, error) {
	share := cfg.MaxShare
	if share == 0 {
		share = map[string]float64{Live: 0.5, Test: 1}[mode]
	}
	switch {
	case math.IsNaN(share) || share < 0 || share > 1:
		return rateLimits{}, errors.New("share of the rate limit: want a number above 0 and at most 1, such as 0.5")
	case math.IsNaN(cfg.MaxRPS) || math.IsInf(cfg.MaxRPS, 0) || cfg.MaxRPS < 0:
		return rateLimits{}, errors.New("requests a second: want a number above 0")
	}
	all, endpoint := map[string]float64{Live: 100, Test: 25}[mode], 25.0
	if cfg.MaxRPS > 0 {
		// An account whose limit was raised has a proportionally higher one for each endpoint.
		all, endpoint = cfg.MaxRPS, min(cfg.MaxRPS, max(25, cfg.MaxRPS/4))
	}
	return rateLimits{all: all * share, endpoint: endpoint * share, start: min(0.8*endpoint, endpoint*share)}, nil
}

// rateLimiter spaces the requests of one account evenly: all of them, and those
// to each endpoint, with no bursts. A rate rises slowly to its limit while
// requests succeed, and is halved when Stripe says that it was too fast.
type rateLimiter struct {
	limits rateLimits

	mu        sync.Mutex // guards all below
	all       rateBudget
	endpoints map[string]*rateBudget
}

type rateBudget struct {
	limit, rate float64 // requests a second
	next        time.Time
	slowed      time.Time // when the rate was last halved
}

func newRateLimiter(limits rateLimits) *rateLimiter {
	return &rateLimiter{limits: limits, all: rateBudget{limit: limits.all, rate: limits.all}, endpoints: map[string]*rateBudget{}}
}

// wait returns when first the endpoint and then the account have room for a
// request. The order matters: a request that waits for its endpoint must not
// hold a place in the account's queue that another endpoint could use.
func (l *rateLimiter) wait(ctx context.Context, endpoint string) error {
	if err := sleep(ctx, l.reserve(l.endpoint(endpoint))); err != nil {
		return err
	}
	return sleep(ctx, l.reserve(&l.all))
}

// rate returns the current rate of an endpoint, in requests a second.
func (l *rateLimiter) rate(endpoint string) float64 {
	e := l.endpoint(endpoint)
	l.mu.Lock()
	defer l.mu.Unlock()
	return min(e.rate, l.all.rate)
}

func (l *rateLimiter) endpoint(name string) *rateBudget {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.endpoints[name]
	if e == nil {
		e = &rateBudget{limit: l.limits.endpoint, rate: l.limits.start}
		l.endpoints[name] = e
	}
	return e
}

// reserve takes the next free slot and returns the time until it.
func (l *rateLimiter) reserve(of *rateBudget) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	at := now
	if of.next.After(now) {
		at = of.next
	}
	of.next = at.Add(time.Duration(float64(time.Second) / of.rate))
	return at.Sub(now)
}

// succeeded raises the rates of the endpoint and of the account: by a twentieth
// of the limit for each second of requests, so that a halved rate is back after
// 10 s.
func (l *rateLimiter) succeeded(endpoint string) {
	e := l.endpoint(endpoint)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, of := range []*rateBudget{e, &l.all} {
		of.rate = min(of.limit, of.rate+of.limit/20/of.rate)
	}
}

// throttled lowers a rate after a 429 to a request that was sent at the given
// time. Stripe: the reason is global-rate, global-concurrency, endpoint-rate,
// endpoint-concurrency or resource-specific. The last one, and the code
// lock_timeout, are about one object and do not change a rate. Old and simple
// servers give no reason.
func (l *rateLimiter) throttled(endpoint, reason, code string, sent time.Time) {
	if reason == "resource-specific" || reason == "" && code == codeLocked {
		return
	}
	of := l.endpoint(endpoint)
	if strings.HasPrefix(reason, "global-") {
		of = &l.all
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	// Requests that were in flight together halve the rate once, not several times.
	if sent.After(of.slowed) {
		of.rate, of.slowed = max(of.rate/2, min(1, of.limit)), time.Now()
	}
}
