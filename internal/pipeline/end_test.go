package pipeline_test

import (
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/stripesim"
)

// A server that says has_more at every end, and there has no data, is copied as
// another one: every list that holds anything becomes complete, with all of it.
func TestListsThatSayHasMore(t *testing.T) {
	t.Parallel()
	for _, shape := range []stripesim.Shape{"", stripesim.ShapeOneSecond} {
		server := shop(t, func(c *stripesim.Config) { c.Charges, c.LongLists, c.Shape, c.Deletions = 700, true, shape, 30 })
		act(t, server, stripesim.DeactivatePrice)
		server.Advance(time.Hour)
		if err := server.SetFaults(stripesim.Fault{Kind: stripesim.EndlessPage, Times: stripesim.Always}); err != nil {
			t.Fatal(err)
		}
		s := newScene(t, server.Handler())
		for range 2 {
			if summary := s.sync(); summary.Incomplete > 0 {
				t.Errorf("%d incomplete lists", summary.Incomplete)
			}
			checkAgainstLedger(t, s.lake, server)
			s.expect("gaps", "SELECT resource FROM meta.gaps")
			for _, action := range []stripesim.Action{stripesim.CreateCharge, stripesim.UpdateCustomer, stripesim.CreateRefund, stripesim.UpdateSubscription} {
				act(t, server, action)
			}
			server.Advance(time.Hour)
		}
		if requests := quiet(s, server); requests > 9*2+10 {
			t.Errorf("a sync of four changes takes %d requests", requests)
		}
		checkAgainstLedger(t, s.lake, server)
		if requests := quiet(s, server); requests > 9*2 {
			t.Errorf("a quiet sync takes %d requests", requests)
		}
		clean(t, s.lake, true)
	}
}
