package pipeline_test

import (
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
)

// A server that says has_more at every end, and there has no data, is copied as
// another one: every list that holds anything becomes complete, with all of it.
func TestListsThatSayHasMore(t *testing.T) {
	laketest.Slow(t)
	t.Parallel()
	for _, shape := range []stripesim.Shape{stripesim.ShapeOneSecond, ""}[:laketest.Sample(1, 2)] {
		server := laketest.Shop(t, func(c *stripesim.Config) { c.Charges, c.LongLists, c.Shape, c.Deletions = 700, true, shape, 30 })
		laketest.Act(t, server, stripesim.DeactivatePrice)
		server.Advance(time.Hour)
		if err := server.SetFaults(stripesim.Fault{Kind: stripesim.EndlessPage, Times: stripesim.Always}); err != nil {
			t.Fatal(err)
		}
		s := laketest.NewScene(t, server.Handler())
		for range 2 {
			if summary := s.Sync(); summary.Incomplete > 0 {
				t.Errorf("%d incomplete lists", summary.Incomplete)
			}
			laketest.CheckAgainstLedger(t, s.Lake, server)
			s.Expect("gaps", "SELECT resource FROM meta.gaps")
			for _, action := range []stripesim.Action{stripesim.CreateCharge, stripesim.UpdateCustomer, stripesim.CreateRefund, stripesim.UpdateSubscription} {
				laketest.Act(t, server, action)
			}
			server.Advance(time.Hour)
		}
		if requests := quiet(s, server); requests > 9*2+10 {
			t.Errorf("a sync of four changes takes %d requests", requests)
		}
		laketest.CheckAgainstLedger(t, s.Lake, server)
		if requests := quiet(s, server); requests > 9*2 {
			t.Errorf("a quiet sync takes %d requests", requests)
		}
		laketest.CheckSound(t, s.Lake, true)
	}
}
