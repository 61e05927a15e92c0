package pipeline_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

// Nothing is found in a lake that is as it should be, however it came to be:
// after a sync that was stopped anywhere, and whatever happens at Stripe.
func TestVerifyFindsNothingInAnyHistory(t *testing.T) {
	laketest.Slow(t)
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a minute under the race detector")
	}
	for seed := range uint64(laketest.Sample(1, 4)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a test
			server, err := stripesim.New(stripesim.Config{
				Seed: int64(seed) + 1, Charges: 300, LongLists: true, Deletions: 100, Lag: time.Duration(r.IntN(20)) * time.Second,
				Now: time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(r.IntN(2400)) * time.Hour),
			})
			if err != nil {
				t.Fatal(err)
			}
			s := laketest.NewScene(t, server.Handler())
			for range laketest.Sample(2, 4) {
				stopped(t, s, r.IntN(40))
				laketest.CheckSound(t, s.Lake, true)
				s.Sync()
				laketest.CheckSound(t, s.Lake, false)
				for _, action := range stripesim.Actions() {
					if _, err := server.Change(action, 1+r.IntN(3)); err != nil {
						t.Fatal(err)
					}
					server.Advance(time.Duration([]int{0, 1, 59, 61, 3000, 86_400}[r.IntN(6)]) * time.Second)
				}
				server.Advance(time.Duration([]int{0, 5, 600, 40_000, 20 * 86_400, 61 * 86_400}[r.IntN(6)]) * time.Second)
			}
		})
	}
}

// stopped is a sync that is stopped after some events.
func stopped(t *testing.T, s *laketest.Scene, events int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	sync := laketest.NewPatientSync(t, s.Lake, s.API, func(o *load.Options) { o.SegmentObjects = 100 })
	sync.OnEvent = func(pipeline.Event) {
		if events--; events == 0 {
			cancel()
		}
	}
	if _, err := sync.Run(ctx); err != nil {
		t.Log(err)
	}
}

// Nothing is found in lakes of other kinds, by either way to look.
func TestVerifyFindsNothing(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("nothing here runs side by side: not for the race detector")
	}
	day := time.Date(2025, 3, 14, 0, 0, 0, 0, time.UTC)
	for name, sync := range laketest.Sampled(map[string]func(t *testing.T) (lake string){
		"of a few resources": func(t *testing.T) string {
			s := laketest.NewScene(t, laketest.Shop(t, nil).Handler())
			s.Sync("refunds", "subscriptions")
			return s.Lake
		},
		"since a day": func(t *testing.T) string {
			s := laketest.NewScene(t, laketest.Shop(t, func(c *stripesim.Config) { c.Charges, c.Now = 400, day }).Handler())
			sync := laketest.NewPatientSync(t, s.Lake, s.API, nil)
			sync.Range.From = day.AddDate(0, 0, -6)
			if _, err := sync.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			return s.Lake
		},
		"of connected accounts": func(t *testing.T) string {
			server, err := stripesim.New(stripesim.Config{Charges: 200, Accounts: 2})
			if err != nil {
				t.Fatal(err)
			}
			s := laketest.NewSync(filepath.Join(t.TempDir(), "lake"), laketest.Serve(t, server), nil)
			for _, account := range server.Connected() {
				s.Accounts = append(s.Accounts, account.AccountID())
			}
			if err := laketest.Run(s); err != nil {
				t.Fatal(err)
			}
			return s.Lake.Dir()
		},
		"with rejects and tombstones": func(t *testing.T) string {
			s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon,
				laketest.Paid("ch_1", laketest.Noon.Add(-time.Hour), `"currency":"usd"`), laketest.Paid("ch_2", laketest.Noon.Add(-time.Hour), `"created":"never"`),
				laketest.Sent("refund", "re_1", laketest.Noon.Add(-time.Minute*2), `"amount":100,"currency":"usd","charge":"ch_2","status":"succeeded"`)))
			if _, err := s.Try(); err != nil {
				t.Log(err)
			}
			return s.Lake
		},
		"compacted and forgotten": func(t *testing.T) string {
			server := laketest.Shop(t, func(c *stripesim.Config) { c.Charges = 400 })
			s := laketest.NewScene(t, server.Handler())
			s.Sync()
			sync := laketest.NewPatientSync(t, s.Lake, s.API, nil)
			who := s.Rows("SELECT min(customer_id) FROM charges")
			if _, err := (&pipeline.Forget{Mappings: sync.Mappings, Lake: sync.Lake, Customers: who, Version: "test"}).Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := pipeline.Compact(t.Context(), sync.Lake, 0); err != nil {
				t.Fatal(err)
			}
			return s.Lake
		},
		"that is empty": func(t *testing.T) string {
			lake, err := load.Open(filepath.Join(t.TempDir(), "lake"), load.Options{Mode: "test"})
			if err != nil {
				t.Fatal(err)
			}
			return lake.Dir()
		},
	}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lake := sync(t)
			laketest.CheckSound(t, lake, false)
			laketest.CheckSound(t, lake, true)
		})
	}
}
