package extract

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"
)

// No request more than allowed is sent, however many goroutines send and repeat.
func TestMaxRequestsIsNeverExceeded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &stripeFake{rows: rowsAt(1000)}
		f.fault = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if n%2 == 0 {
				status(500, "{}")(w)
			}
			return n%2 == 0
		}
		c := pacedClient(t, f, Config{MaxRequests: 37})
		other, err := c.For("acct_2")
		if err != nil {
			t.Fatal(err)
		}
		var group errgroup.Group
		for i := range 20 {
			group.Go(func() error {
				for {
					if _, err := []*Client{c, other}[i%2].Ask(t.Context(), resource(t, "charges")); err != nil {
						return err
					}
				}
			})
		}
		if err := group.Wait(); !IsStopped(err) || c.Stopped() != ByRequests || other.Stopped() != ByRequests {
			t.Errorf("%v, stopped by %q", err, c.Stopped())
		}
		if f.count() != 37 || c.Requests()+other.Requests() != 37 {
			t.Errorf("%d requests arrived, %d are counted, want 37", f.count(), c.Requests()+other.Requests())
		}
		if failed := append(c.Failures(), other.Failures()...); len(failed) > 0 {
			t.Errorf("given up: %+v", failed)
		}
	})
}

// Runs that are bounded read everything together. Each keeps all of the pages that it
// was allowed to request.
func TestBoundedRunsReadEverything(t *testing.T) {
	t.Parallel()
	var all []int64
	for i := range int64(3000) {
		all = append(all, 1000+i*1000)
	}
	f := &stripeFake{now: t0, rows: rowsAt(all...)}
	seen, cursor, pages := map[string]bool{}, Cursor(""), 0
	for runs := 1; ; runs++ {
		c := fastClient(t, f, 10)
		c.bound = newBound(Config{MaxRequests: 20})
		read, err := collectErr(t, c, "charges", cursor, Range{})
		for _, page := range read {
			cursor = page.Cursor
			for _, id := range ids(page) {
				seen[id] = true
			}
		}
		if pages += len(read); err == nil {
			break
		}
		if !IsStopped(err) || c.Requests() != 20 {
			t.Fatalf("%v after %d requests", err, c.Requests())
		}
		if len(read) < 16 { // a request each for the clock, and for splits
			t.Errorf("run %d kept %d pages of 20 requests", runs, len(read))
		}
	}
	if len(seen) != len(all) || pages > 330 {
		t.Errorf("%d of %d objects in %d pages", len(seen), len(all), pages)
	}
}

func TestMaxRuntimeEndsEachWait(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(http.ResponseWriter){
		"an outage": status(503, ""), "Retry-After": status(429, rateLimited, "Retry-After: 100"), "attempts": status(500, "{}"),
	} {
		synctest.Test(t, func(t *testing.T) {
			c := pacedClient(t, faulty(1e6, answer), Config{MaxRuntime: 20 * time.Second, RetryFor: time.Hour})
			start := time.Now()
			_, err := c.Account(t.Context())
			for err != nil && !IsStopped(err) {
				_, err = c.Account(t.Context())
			}
			if took := time.Since(start); took != 20*time.Second || c.Stopped() != ByTime {
				t.Errorf("%s: %v after %v", name, err, took)
			}
			if _, err := c.Account(t.Context()); !IsStopped(err) || time.Since(start) != 20*time.Second {
				t.Errorf("%s: afterwards %v", name, err)
			}
		})
	}
}

// A request in flight is still answered when the client stops, but one that hangs ends.
func TestRequestsInFlightWhenStopped(t *testing.T) {
	t.Parallel()
	for takes, answered := range map[time.Duration]bool{5 * time.Second: true, time.Minute: false} {
		synctest.Test(t, func(t *testing.T) {
			good := &stripeFake{rows: rowsAt(1000)}
			c, err := newClient(Config{Key: testKey}, tripper(func(req *http.Request) (*http.Response, error) {
				if err := sleep(req.Context(), takes); err != nil {
					return nil, err
				}
				return roundTrip{good}.RoundTrip(req)
			}))
			if err != nil {
				t.Fatal(err)
			}
			time.AfterFunc(time.Second, func() { c.Stop("min-free") })
			start := time.Now()
			_, err = c.Account(t.Context())
			if answered && (err != nil || time.Since(start) != takes) || !answered && (!IsStopped(err) || time.Since(start) != time.Second+grace) {
				t.Errorf("an answer of %v: %v after %v", takes, err, time.Since(start))
			}
		})
	}
}

// An interruption stays one, whatever stops the client at the same time.
func TestCancelOfStoppedClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := pacedClient(t, &stripeFake{}, Config{})
		c.Stop(ByTime)
		cancel()
		if _, err := c.Account(ctx); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
