package stripesim

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"
)

// Every price has its product, which has a name and a price of its own to
// begin with.
func TestProductsOfPrices(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 1500})
	c := newClient(t, s)
	type named struct {
		Name, Object string
		DefaultPrice struct{ ID, Product string } `json:"default_price"`
	}
	products := map[string]named{}
	for _, raw := range c.list("/v1/products", queryValues("limit", "100", "expand[]", "data.default_price")).Data {
		var o struct{ ID string }
		var p named
		for _, v := range []any{&o, &p} {
			if err := json.Unmarshal(raw, v); err != nil {
				t.Fatal(err)
			}
		}
		products[o.ID] = p
		if p.Name == "" || p.DefaultPrice.ID != "" && p.DefaultPrice.Product != o.ID {
			t.Errorf("%s: %+v", o.ID, p)
		}
	}
	for p := range s.Ledger().Prices() {
		if products[p.Product].Object != "product" {
			t.Errorf("the product %s of %s is not listed", p.Product, p.ID)
		}
	}
}

// A coupon that was deleted is not found, and its promotion codes still show
// it. They can be filtered by it.
func TestCouponsAreDeleted(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 4000, Wide: true})
	c := newClient(t, s)
	gone, filtered := 0, 0
	for id, raw := range s.Ledger().Deleted("coupons") {
		var o struct{ Created int64 }
		if err := json.Unmarshal(raw, &o); err != nil || o.Created == 0 {
			t.Errorf("%s: %s", raw, err)
		}
		if resp := c.do(http.MethodGet, "/v1/coupons/"+id); resp.StatusCode != http.StatusNotFound {
			t.Errorf("the deleted coupon %s: %s", id, resp.Status)
		}
		gone++
		for _, p := range c.walk("/v1/promotion_codes", queryValues("coupon", id)) {
			filtered++
			if o.Created > p.Created {
				t.Errorf("%+v is older than its coupon", p)
			}
		}
	}
	if gone == 0 || filtered == 0 {
		t.Errorf("%d coupons are deleted, %d promotion codes are of them", gone, filtered)
	}
	s.SetNow(time.Unix(s.business.tl.from+day, 0))
	if n := s.Ledger().Count("coupons"); n < len(usualCoupons) {
		t.Errorf("%d coupons on the second day", n)
	}
}
