package killtest_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/load"
)

// forgetMoments come in an erasure only.
var forgetMoments = []string{"ErasureRecorded", "ForgottenListed", "StateDiscarded", "OthersRemoved", "ReceiptWritten"}

func forgetAsChild(ctx context.Context, c laketest.Child) error {
	s := laketest.NewSync(c.Lake, c.API, func(o *load.Options) {
		c.Options(o)
		o.NoList = c.NewList
	})
	if s.Err != nil {
		return s.Err
	}
	f := pipeline.Forget{Mappings: s.Mappings, Lake: s.Lake, Customers: []string{c.Customer}, NewList: c.NewList}
	_, err := f.Run(ctx)
	return err
}

// TestForgetKilled kills an erasure and has it finished by whatever comes next: a sync,
// a rebuild, the same command, or a bare forget. Each time nothing of the person is
// left.
func TestForgetKilled(t *testing.T) {
	t.Parallel()
	p := laketest.NewPerson(t)
	lake, never := newLake(t), newLake(t)
	p.Build(t, lake, p.URL)
	p.Build(t, never, p.URLWithout)
	want := laketest.Digest(t, never)
	recoveries := []struct {
		name string
		run  func(dir string) error
	}{
		{"sync", func(dir string) error { return laketest.Run(laketest.NewSync(dir, p.URL, nil)) }},
		{"forget", func(dir string) error { _, err := laketest.Forget(t.Context(), dir, nil); return err }},
		{"rebuild", func(dir string) error {
			_, err := laketest.NewSync(dir, p.URL, nil).Rebuild(t.Context(), nil)
			return err
		}},
		{"the same again", func(dir string) error { _, err := laketest.Forget(t.Context(), dir, nil, p.ID); return err }},
	}
	forget := laketest.Child{Work: workForget, API: p.URL, Customer: p.ID, Lake: laketest.Copied(t, lake)}
	came := laketest.Moments(t, forget)
	for _, name := range forgetMoments {
		if !slices.Contains(came, name) {
			t.Errorf("%s is a moment that does not come", name)
		}
	}
	// Nothing is erased before the intention is durable: a kill ahead of it is none.
	came = came[slices.Index(came, "ErasureRecorded"):]
	for i, at := range killsAt(came) {
		recovery := recoveries[i%len(recoveries)]
		forget.Lake = laketest.Copied(t, lake)
		if !die(t, forget, at) {
			continue
		}
		if err := recovery.run(forget.Lake); err != nil {
			t.Fatalf("%s, then %s: %v", at, recovery.name, err)
		}
		p.CheckGone(t, forget.Lake, want)
		if receipts, err := filepath.Glob(filepath.Join(forget.Lake, "receipts", "*.json")); err != nil || len(receipts) != 1 {
			t.Errorf("receipts %v, %v, want one", receipts, err)
		}
		if t.Failed() {
			t.Fatalf("%s, then %s", at, recovery.name)
		}
	}
}

// TestNewListKilled kills an erasure that begins a new list before that is there.
// The consent is on record: whatever comes next finishes it, and the same command
// once more has nothing left to do.
func TestNewListKilled(t *testing.T) {
	t.Parallel()
	newList := func(f *pipeline.Forget) { f.NewList = true }
	for _, moment := range []string{"ErasureRecorded", "ForgottenListed", "ReceiptWritten"} {
		if *moments == "some" && moment != "ForgottenListed" {
			continue
		}
		t.Run(moment, func(t *testing.T) {
			t.Parallel()
			x := laketest.NewReturning(t)
			list := filepath.Join(x.Lake, "forgotten.json")
			if err := os.Remove(list); err != nil {
				t.Fatal(err)
			}
			if _, err := load.Open(x.Lake, load.Options{}); !errors.As(err, new(*load.ListLostError)) {
				t.Fatalf("opened without the list: %v", err)
			}
			die(t, laketest.Child{Work: workForget, Lake: x.Lake, API: x.API, Customer: "cus_ann", NewList: true}, kill{moment, 1})
			x.Answer(nil)
			x.Sync()
			x.CheckNowhere()
			receipts, err := laketest.Forget(t.Context(), x.Lake, newList, "cus_ann")
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range receipts { // what events told before it was known whose it is, without text
				if len(r.Erased) != 1 || r.Erased[0].Stream != "events" || r.NewList {
					t.Errorf("the same once more: %+v", r)
				}
			}
		})
	}
}
