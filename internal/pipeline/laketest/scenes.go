package laketest

import (
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/stripesim"
)

// ChangedScene is a lake of a business of which some was changed three times.
func ChangedScene(t *testing.T, edit func(map[string]string)) *Scene {
	t.Helper()
	return changedIn(t, Shop(t, nil), edit)
}

func changedIn(t *testing.T, server *stripesim.Server, edit func(map[string]string)) *Scene {
	t.Helper()
	s := NewScene(t, server.Handler())
	s.Edit = edit
	s.Sync()
	for range 3 {
		for _, action := range []stripesim.Action{
			stripesim.UpdateCharge, stripesim.UpdateCustomer, stripesim.DeleteCustomer, stripesim.UpdateSubscription, stripesim.PartialRefund,
		} {
			Act(t, server, action)
		}
		server.Advance(time.Hour)
		s.Sync()
	}
	return s
}

// AgedScene is a [ChangedScene] that is read once more when all of that is old.
func AgedScene(t *testing.T, edit func(map[string]string)) *Scene {
	t.Helper()
	server := Shop(t, nil)
	s := changedIn(t, server, edit)
	for range 2 { // the first one reads what has become available meanwhile
		server.Advance(pipeline.KeptAtLeast + time.Hour)
		Act(t, server, stripesim.CreateCustomer)
		server.Advance(5 * time.Minute)
		s.Sync()
	}
	return s
}

// ChangedWithHistory is a shop's lake with many segments of charges, objects with a
// history in them and deleted customers. Tests that damage it take a [Twin].
func ChangedWithHistory(t *testing.T) (server *stripesim.Server, s *Scene) {
	t.Helper()
	server = Shop(t, func(c *stripesim.Config) { c.Charges, c.Deletions = 400, 50 })
	s = NewScene(t, server.Handler())
	s.Sync()
	server.SetNow(ShopEnd)
	for range 5 {
		Act(t, server, stripesim.CreateCharge)
		Act(t, server, stripesim.CreateRefund)
	}
	Act(t, server, stripesim.DeleteCustomer)
	s.Sync()
	server.SetNow(ShopEnd.Add(time.Hour))
	s.Sync()
	return server, s
}

// Twin is a scene on a writable copy of another one's lake, with the same Stripe.
func Twin(t *testing.T, of *Scene, server *stripesim.Server) *Scene {
	t.Helper()
	s := NewScene(t, server.Handler())
	s.Lake = Copied(t, of.Lake)
	if err := OpenLake(s.Lake); err != nil {
		t.Fatal(err)
	}
	return s
}
