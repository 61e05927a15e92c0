package extract

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"
)

// tellings collects what a client tells of outages.
type tellings struct {
	mu  sync.Mutex
	all []Outage
}

func (l *tellings) tell(o Outage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, o)
}

// check compares what was told: "begin" and "end" in their order.
func (l *tellings) check(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, o := range l.all {
		got = append(got, map[bool]string{true: "begin", false: "end"}[o.Ended.IsZero()])
	}
	if !slices.Equal(got, want) {
		t.Errorf("told %v, want %v: %v", got, want, l.all)
	}
}

// down answers 503 from the beginning for a time, and counts these answers.
func down(f *stripeFake, lasts time.Duration, headers ...string) *int {
	start, n := time.Now(), 0
	f.fault = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		if time.Since(start) >= lasts {
			return false
		}
		n++
		status(503, "", headers...)(w)
		return true
	}
	return &n
}

func patient(t *testing.T, f http.Handler, retryFor time.Duration) (*Client, *tellings) {
	t.Helper()
	c := pacedClient(t, f, Config{RetryFor: retryFor})
	said := &tellings{}
	c.OnOutage(said.tell)
	return c, said
}

// readAll reads several lists at the same time.
func readAll(t *testing.T, c *Client, streams ...string) error {
	var group errgroup.Group
	for _, name := range streams {
		group.Go(func() error {
			for range 4 { // several at each endpoint
				if _, err := c.Ask(t.Context(), resource(t, name)); err != nil {
					return err
				}
			}
			return nil
		})
		group.Go(func() error {
			_, err := c.Ask(t.Context(), resource(t, name))
			return err
		})
	}
	return group.Wait()
}

func TestReadersShareAnOutage(t *testing.T) {
	t.Parallel()
	for lasts, most := range map[time.Duration]int{time.Minute: 100, 4 * time.Minute: 160} {
		synctest.Test(t, func(t *testing.T) {
			f := &stripeFake{rows: rowsAt(1000)}
			refused := down(f, lasts)
			c, said := patient(t, f, 5*time.Minute)
			start := time.Now()
			if err := readAll(t, c, "charges", "refunds", "customers", "prices"); err != nil {
				t.Fatal(err)
			}
			said.check(t, "begin", "end")
			if o := said.all[0]; o.Cause != "503 service unavailable, and the body is not Stripe's" || !o.Until.Equal(start.Add(5*time.Minute)) {
				t.Errorf("the beginning: %+v", o)
			}
			if o := said.all[1]; o.Lasted() < lasts || o.Lasted() > lasts+40*time.Second {
				t.Errorf("it lasted %v, told as %v", lasts, o.Lasted())
			}
			// Eight requests at a time, of which each makes six attempts, and then one
			// at each of four endpoints every 15 s.
			if *refused > most {
				t.Errorf("%d requests in an outage of %v, want %d at most", *refused, lasts, most)
			}
		})
	}
}

// A short trouble is not worth a word.
func TestAttemptsAreNoOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, said := patient(t, faulty(3, status(503, "")), 5*time.Minute)
		if _, err := c.Account(t.Context()); err != nil {
			t.Fatal(err)
		}
		said.check(t)
	})
}

func TestPatienceEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &stripeFake{}
		down(f, time.Hour)
		c, said := patient(t, f, 5*time.Minute)
		start := time.Now()
		err := readAll(t, c, "charges", "refunds")
		if took := time.Since(start); err == nil || !strings.HasPrefix(err.Error(), "gave up after 5m0s: 503 ") || took < 5*time.Minute || took > 5*time.Minute+time.Second {
			t.Errorf("%v after %v", err, took)
		}
		said.check(t, "begin")
		// Nothing has answered since, so other requests do not wait as long again.
		start = time.Now()
		if err := readAll(t, c, "charges", "prices"); err == nil || !strings.Contains(err.Error(), "after 6 attempts") || time.Since(start) > 16*time.Second {
			t.Errorf("afterwards %v after %v", err, time.Since(start))
		}
		said.check(t, "begin")
	})
}

func TestWhatIsNoOutage(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(http.ResponseWriter){
		"401": status(401, "{}"), "403": status(403, "{}"), "400": status(400, missing), "404": status(404, "{}"),
		"429": status(429, rateLimited), "302": status(302, "", "Location: /"), "html": status(200, html),
		"final 500": status(500, "{}", "Stripe-Should-Retry: false"),
	} {
		synctest.Test(t, func(t *testing.T) {
			c, said := patient(t, faulty(1e6, answer), 5*time.Minute)
			start := time.Now()
			if _, err := c.Ask(t.Context(), resource(t, "charges")); err == nil || time.Since(start) > 16*time.Second {
				t.Errorf("%s: %v after %v", name, err, time.Since(start))
			}
			said.check(t)
		})
	}
}

// An object that Stripe cannot render holds up nobody while others are answered.
func TestOneBrokenObjectIsNoOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &stripeFake{rows: rowsAt(1000, 1001)}
		f.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
			broken := strings.HasSuffix(r.URL.Path, "/ch_1")
			if broken {
				status(500, "{}")(w)
			}
			return broken
		}
		c, said := patient(t, f, 5*time.Minute)
		ctx, stop := context.WithCancel(t.Context())
		var others errgroup.Group
		others.Go(func() error {
			for ctx.Err() == nil {
				if _, err := c.one(t.Context(), resource(t, "charges"), "ch_2"); err != nil {
					return err
				}
			}
			return nil
		})
		start := time.Now()
		_, err := c.one(t.Context(), resource(t, "charges"), "ch_1")
		stop()
		if err == nil || !strings.Contains(err.Error(), "gave up after 6 attempts: 500") || time.Since(start) > 20*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if err := others.Wait(); err != nil {
			t.Error(err)
		}
		said.check(t)
	})
}

// Of the requests to a silent endpoint each gets its turn: one that fails for itself
// does not keep the others from finding out that the endpoint answers.
func TestTurnsInAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &stripeFake{rows: rowsAt(1000, 1001)}
		start := time.Now()
		f.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
			out := time.Since(start) < time.Minute || strings.HasSuffix(r.URL.Path, "/ch_1")
			if out {
				status(500, "{}")(w)
			}
			return out
		}
		c, said := patient(t, f, 10*time.Minute)
		var broken, good errgroup.Group
		broken.Go(func() error {
			_, err := c.one(t.Context(), resource(t, "charges"), "ch_1")
			return err
		})
		for range 3 {
			good.Go(func() error {
				for range 300 {
					if _, err := c.one(t.Context(), resource(t, "charges"), "ch_2"); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := good.Wait(); err != nil || time.Since(start) > 4*time.Minute {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if err := broken.Wait(); err == nil || time.Since(start) > 4*time.Minute {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		said.check(t, "begin", "end")
	})
}

// An endpoint that stays silent while others answer is waited for once.
func TestOneSilentEndpoint(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &stripeFake{rows: rowsAt(1000)}
		f.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/v1/refunds" {
				status(500, "{}")(w)
			}
			return r.URL.Path == "/v1/refunds"
		}
		c, said := patient(t, f, 5*time.Minute)
		start := time.Now()
		for range 3 {
			if _, err := c.Ask(t.Context(), resource(t, "refunds")); err == nil {
				t.Error("no error")
			}
			if err := readAll(t, c, "charges"); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(start); took < 5*time.Minute || took > 6*time.Minute {
			t.Errorf("it took %v", took)
		}
		said.check(t, "begin")
	})
}

func TestOutageKeepsRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &stripeFake{rows: rowsAt(1000)}
		var asked []time.Time
		start := time.Now()
		f.fault = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			asked = append(asked, time.Now())
			if time.Since(start) < 4*time.Minute {
				status(503, "", "Retry-After: 50")(w)
				return true
			}
			return false
		}
		c, _ := patient(t, f, 5*time.Minute)
		if _, err := c.Account(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i, at := range asked[1:] {
			if at.Sub(asked[i]) < 50*time.Second {
				t.Errorf("request %d came %v after the one before", i+2, at.Sub(asked[i]))
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		c, _ := patient(t, faulty(1e6, status(503, "", "Retry-After: 100")), 30*time.Second)
		start := time.Now()
		if _, err := c.Account(t.Context()); err == nil || time.Since(start) > 2*time.Minute {
			t.Errorf("%v after %v: it was known before that no answer comes in time", err, time.Since(start))
		}
	})
}

// refusing is a transport that cannot connect for a time.
func refusing(f http.Handler, lasts, hangs time.Duration) tripper {
	start := time.Now()
	return func(req *http.Request) (*http.Response, error) {
		if time.Since(start) >= lasts {
			return roundTrip{f}.RoundTrip(req)
		}
		if err := sleep(req.Context(), hangs); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("dial tcp 192.0.2.1:443: %w", syscall.ECONNREFUSED)
	}
}

func TestNoConnectionIsWaitedOut(t *testing.T) {
	t.Parallel()
	for _, hangs := range []time.Duration{0, 25 * time.Second, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			c, err := newClient(Config{Key: testKey, RetryFor: 10 * time.Minute}, refusing(&stripeFake{rows: rowsAt(1000)}, 6*time.Minute, hangs))
			if err != nil {
				t.Fatal(err)
			}
			said := &tellings{}
			c.OnOutage(said.tell)
			if _, err := c.Account(t.Context()); err != nil {
				t.Fatal(err)
			}
			said.check(t, "begin", "end")
			if text := said.all[0].String(); !strings.Contains(text, "no answer from api.stripe.com") || !oneline(errors.New(text)) {
				t.Error(text)
			}
		})
	}
}

func TestCancelEndsAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		f := &stripeFake{}
		down(f, time.Hour)
		c, said := patient(t, f, 30*time.Minute)
		done := make(chan error)
		for range 3 {
			go func() {
				_, err := c.Account(ctx)
				done <- err
			}()
		}
		time.Sleep(2 * time.Minute)
		cancel()
		synctest.Wait()
		start := time.Now()
		for range 3 {
			if err := <-done; !errors.Is(err, context.Canceled) || time.Since(start) != 0 {
				t.Errorf("%v after %v", err, time.Since(start))
			}
		}
		said.check(t, "begin")
	})
}
