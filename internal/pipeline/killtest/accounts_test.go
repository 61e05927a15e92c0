package killtest_test

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load/loadtest"
)

var pairs = flag.Int("pairs", 0, "pairs of accounts that are synced together after kills; 0: as many as fit -moments")

// Two processes of two accounts are killed in one lake and then started together,
// each told to wait for the other: both end, and the lake is as if one had gone
// after the other.
func TestTwoAccountsAfterKills(t *testing.T) {
	t.Parallel()
	one, two := laketest.Shop(t, nil), laketest.Shop(t, func(c *stripesim.Config) { c.Seed = 8 })
	alone := newLake(t)
	urls := [2]string{laketest.Serve(t, one), laketest.Serve(t, two)}
	for _, url := range urls {
		if err := laketest.Run(laketest.NewSync(alone, url, nil)); err != nil {
			t.Fatal(err)
		}
	}
	want := laketest.Digest(t, alone)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // chooses moments
	var group errgroup.Group
	group.SetLimit(5) // mostly they wait for each other
	for range cmp.Or(*pairs, map[string]int{"some": 4}[*moments], 10) {
		dir := newLake(t)
		killed := [2]int{1 + random.IntN(60), 1 + random.IntN(60)}
		group.Go(func() error {
			_ = together(t, dir, urls, killed)
			if err := together(t, dir, urls, [2]int{}); err != nil {
				return fmt.Errorf("after kills at %v: %w", killed, err)
			}
			got, err := loadtest.Digest(t.Context(), dir)
			if diff := gocmp.Diff(want, got); err == nil && diff != "" {
				err = fmt.Errorf("after kills at %v the lake differs (-one after the other +side by side):\n%s", killed, diff)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

// together syncs two accounts at the same time, each in a process that waits for
// the other, and kills them at the nth of all moments; 0 is none.
func together(t *testing.T, dir string, urls [2]string, killed [2]int) error {
	var group errgroup.Group
	for i, url := range urls {
		group.Go(func() error {
			child := laketest.Child{Work: workSync, Lake: dir, API: url, N: killed[i], Wait: true}
			out, err := child.Command(t.Context()).CombinedOutput()
			if err != nil {
				err = fmt.Errorf("%w: %s", err, out)
			}
			return err
		})
	}
	return group.Wait()
}
