package stripesim

import (
	"maps"
	"net/http"
	"net/url"
)

// listItems pages the items of one subscription in the order in which the
// subscription shows its first ten, so that a client that follows the embedded
// list gets each once. Stripe: subscription is required.
func (s *Server) listItems(w *writer, values url.Values) *apiError {
	id := values.Get("subscription")
	if id == "" {
		return errParam("parameter_missing", "subscription", "Missing required param: subscription.")
	}
	n, ok := s.business.findSubscription(id)
	if !ok || s.business.subs[n].created > w.moment.exists {
		return errNoSuch(http.StatusBadRequest, "subscription", id, "subscription")
	}
	values = maps.Clone(values)
	values.Del("subscription")
	return s.business.itemsOf(n).list(w, values)
}

// listRefunds pages the refunds of one charge, newest first.
func (s *Server) listRefunds(w *writer, charge string, values url.Values) *apiError {
	n, ok := s.business.findCharge(charge)
	if !ok || s.business.charges[n].created > w.moment.exists {
		return errNoSuch(http.StatusNotFound, "charge", charge, "id")
	}
	return s.business.refundsOf(n).list(w, values)
}

// itemsOf returns the list of one subscription's items. Lists run from the
// highest number to the lowest, so the numbers are reversed against the items'
// order.
func (b *business) itemsOf(sub int) *resource {
	s := b.subs[sub]
	last := int(s.firstItem + s.items - 1)
	return &resource{
		name: "subscription_items", object: "subscription_item", count: int(s.items), timeless: true,
		created: func(int) int64 { return s.created },
		render:  func(w *writer, n int) { b.renderItem(w, last-n) },
		find: func(id string) (int, bool) {
			n, ok := b.findItem(id)
			return last - n, ok && int(b.items[n].sub) == sub
		},
	}
}
