package pipeline_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/load"
)

// No segment is applied before every charge and every balance transaction is read: the
// readers go on without waiting, and the lake is the same.
func TestReadersDoNotWaitForTheMerge(t *testing.T) {
	t.Parallel()
	server := business(t, 1)
	api, small := laketest.Serve(t, server), func(o *load.Options) { o.SegmentObjects = 20 }
	usual := filepath.Join(t.TempDir(), "lake")
	if err := laketest.Run(laketest.NewSync(usual, api, small)); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	held := filepath.Join(t.TempDir(), "lake")
	s := laketest.NewSync(held, api, func(o *load.Options) {
		small(o)
		o.Trace.BeforeCommit = func() {
			select {
			case <-read:
			case <-ctx.Done():
			}
		}
	})
	left := map[string]int{"charges": server.Ledger().Count("charges"), "balance_transactions": server.Ledger().Count("balance_transactions")}
	var once sync.Once
	s.OnEvent = func(e pipeline.Event) {
		if e.Event != pipeline.EventPage {
			return
		}
		left[e.Resource] -= e.Objects
		if left["charges"] <= 0 && left["balance_transactions"] <= 0 {
			once.Do(func() { close(read) })
		}
	}
	if _, err := s.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(laketest.Digest(t, usual), laketest.Digest(t, held)); diff != "" {
		t.Errorf("the lake differs (-applied meanwhile +applied afterwards):\n%s", diff)
	}
}
