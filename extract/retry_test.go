package extract

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// pacedClient has the documented limits and the default retries; tests run it
// under a fake clock.
func pacedClient(t *testing.T, f http.Handler, cfg Config) *Client {
	t.Helper()
	if cfg.Key == "" {
		cfg.Key = testKey
	}
	c, err := newClient(cfg, roundTrip{f})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRetryDefaultsAndCeilings(t *testing.T) {
	t.Parallel()
	r, err := Retry{}.withDefaults()
	if want := (Retry{6, 500 * time.Millisecond, 30 * time.Second}); err != nil || r != want {
		t.Fatalf("%+v, %v; want %+v", r, err, want)
	}
	for i, want := range []time.Duration{500, 1000, 2000, 4000, 8000, 16000, 30000, 30000} {
		if got := r.ceiling(i + 1); got != want*time.Millisecond {
			t.Errorf("after attempt %d: %v, want %v", i+1, got, want*time.Millisecond)
		}
	}
	if got := r.ceiling(1 << 20); got != 30*time.Second {
		t.Errorf("after very many: %v", got)
	}
}

func TestBackOffIsJitteredAndBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		waits := map[time.Duration]bool{}
		for range 20 {
			f := faulty(99, status(500, "{}"))
			start := time.Now()
			if _, err := pacedClient(t, f, Config{}).Account(t.Context()); err == nil || f.count() != 6 {
				t.Fatalf("%d requests, %v; want 6 and an error", f.count(), err)
			}
			took := time.Since(start)
			if most := 15500 * time.Millisecond; took > most {
				t.Errorf("waited %v, at most %v were possible", took, most)
			}
			waits[took] = true
		}
		if len(waits) < 19 {
			t.Errorf("20 runs waited %d different times; want jitter", len(waits))
		}
	})
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for value, tc := range map[string]struct{ least, most time.Duration }{
		"7":                             {7 * time.Second, 7 * time.Second},
		"86400":                         {2 * time.Minute, 2 * time.Minute}, // limited
		"soon":                          {0, 500 * time.Millisecond},
		"-5":                            {0, 500 * time.Millisecond},
		"Sat, 01 Jan 2000 00:00:20 GMT": {20 * time.Second, 20 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) { // its clock starts at 2000-01-01 00:00:00 UTC
			f := faulty(1, status(429, rateLimited, "Retry-After: "+value))
			start := time.Now()
			c := pacedClient(t, f, Config{})
			if _, err := c.Account(t.Context()); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took < tc.least || took > tc.most+200*time.Millisecond {
				t.Errorf("Retry-After: %s: waited %v, want %v to %v", value, took, tc.least, tc.most)
			}
			if c.Throttled() != 1 || c.Retries() != 1 || c.Requests() != 2 {
				t.Errorf("counted %d throttled, %d retries, %d requests", c.Throttled(), c.Retries(), c.Requests())
			}
		})
	}
}

func TestCancelEndsABackOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		f := faulty(99, status(503, "", "Retry-After: 100"))
		done := make(chan error)
		start := time.Now()
		go func() {
			_, err := pacedClient(t, f, Config{}).Account(ctx)
			done <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) || time.Since(start) != 0 {
			t.Errorf("%v after %v; want the cancellation at once", err, time.Since(start))
		}
	})
}

func TestNoAnswerInTimeIsRepeated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		good := &stripeFake{}
		n := 0
		c, err := newClient(Config{Key: testKey}, tripper(func(req *http.Request) (*http.Response, error) {
			if n++; n == 2 {
				<-req.Context().Done()
				return nil, req.Context().Err()
			}
			return roundTrip{good}.RoundTrip(req)
		}))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := c.Account(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n != 3 {
			t.Errorf("%d requests, want 3", n)
		}
	})
}
