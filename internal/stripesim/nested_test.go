package stripesim

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// With LongLists there are subscriptions of more than twenty items, charges of
// more than ten refunds and prices of more than ten tiers, and all of it can be
// paged to the end.
func TestLongLists(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, lively)
	k, c := dial(t, s), newClient(t, s)
	checkTruth(t, s)
	most := 0
	for sub := range s.Ledger().Subscriptions() {
		if most = max(most, len(sub.Items)); len(sub.Items) <= 20 {
			continue
		}
		var o struct {
			Items struct {
				listing
				Total int `json:"total_count"`
			}
		}
		if err := json.Unmarshal(s.Object("subscriptions", sub.ID), &o); err != nil {
			t.Fatal(err)
		}
		if len(o.Items.Data) != embeddedItems || !o.Items.HasMore || o.Items.Total != len(sub.Items) {
			t.Fatalf("%s embeds %d of %d", sub.ID, len(o.Items.Data), o.Items.Total)
		}
		if got := c.walk("/v1/subscription_items", queryValues("subscription", sub.ID, "limit", "4")); len(got) != len(sub.Items) {
			t.Fatalf("%s has %d items, %d are listed", sub.ID, len(sub.Items), len(got))
		}
	}
	if most <= 20 {
		t.Errorf("the longest subscription has %d items", most)
	}
	refunds := map[string][]string{}
	for f := range s.Ledger().Refunds() {
		refunds[f.Charge] = append(refunds[f.Charge], f.ID)
	}
	long := 0
	for charge, want := range refunds {
		if len(want) <= embeddedItems {
			continue
		}
		long++
		slices.Reverse(want)
		for _, path := range []string{"/v1/charges/" + charge + "/refunds", "/v1/refunds"} {
			q := queryValues("limit", "3")
			if path == "/v1/refunds" {
				q.Set("charge", charge)
			}
			if diff := cmp.Diff(want, idsOf(c.walk(path, q))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
		}
		var o struct{ Refunds listing }
		if err := json.Unmarshal([]byte(k.ok("/v1/charges/"+charge+"?expand[]=refunds")), &o); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want[:embeddedItems], idsOf(o.Refunds.objects(t))); diff != "" || !o.Refunds.HasMore || o.Refunds.URL != "/v1/charges/"+charge+"/refunds" {
			t.Errorf("%s embeds %s", charge, diff)
		}
	}
	if long == 0 {
		t.Error("no charge has more than ten refunds")
	}
	k.get("/v1/charges/ch_missing/refunds").says(t, http.StatusNotFound, "No such charge: 'ch_missing'")
}

// Stripe: a price shows its tiers only if asked to; the last has no end. So it does its amounts in further currencies.
func TestTiers(t *testing.T) {
	t.Parallel()
	s, schema := newTestServer(t, Config{LongLists: true, Pricing: true}), openAPI(t)("price")
	k := dial(t, s)
	type tiers struct {
		ID     string
		Scheme string `json:"billing_scheme"`
		Tiers  []struct {
			UpTo *int64 `json:"up_to"`
		}
		Options map[string]any `json:"currency_options"`
	}
	read := func(path string) (prices []tiers) {
		for _, raw := range (got{body: k.ok(path)}).page(t).Data {
			var p tiers
			if err := json.Unmarshal(raw, &p); err != nil {
				t.Fatal(err)
			}
			validate(t, schema, p.ID, raw)
			prices = append(prices, p)
		}
		return prices
	}
	long, abroad := 0, 0
	for _, p := range read("/v1/prices?limit=100&expand[]=data.tiers&expand[]=data.currency_options") {
		if (p.Scheme == "tiered") != (len(p.Tiers) > embeddedItems) {
			t.Errorf("%s is %s and has %d tiers", p.ID, p.Scheme, len(p.Tiers))
		}
		if n := len(p.Tiers); n > 0 && (p.Tiers[n-1].UpTo != nil || p.Tiers[n-2].UpTo == nil) {
			t.Errorf("%s: %+v", p.ID, p.Tiers)
		}
		long, abroad = long+btoi(len(p.Tiers) > 0), abroad+btoi(len(p.Options) > 2)
	}
	if long == 0 || abroad == 0 {
		t.Errorf("%d prices have tiers, and %d several currencies", long, abroad)
	}
	for _, p := range read("/v1/prices?limit=100") {
		if p.Tiers != nil || p.Options != nil {
			t.Errorf("%s shows tiers or currencies unasked", p.ID)
		}
	}
}

// Each connected account is a business of its own behind one address.
func TestConnect(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 60, Accounts: 2, Now: time.Date(2025, 9, 1, 0, 0, 0, 0, time.UTC)})
	k := dial(t, s)
	all := append([]*Server{s}, s.Connected()...)
	seen := map[string]bool{}
	for i, account := range all {
		if i > 0 {
			k.account = account.AccountID()
		}
		var o struct{ ID string }
		if err := json.Unmarshal([]byte(k.ok("/v1/account")), &o); err != nil || o.ID != account.AccountID() || seen[o.ID] {
			t.Errorf("account %d: %+v (%v)", i, o, err)
		}
		seen[o.ID] = true
		id := firstOf(account.Ledger().IDs("charges"))
		g := k.get("/v1/charges/" + id)
		g.says(t, http.StatusOK, id)
		if got := g.header.Get("Stripe-Account"); got != k.account {
			t.Errorf("Stripe-Account: %q, want %q", got, k.account)
		}
		new, err := account.Act(CreateCharge, "")
		if err != nil {
			t.Fatal(err)
		}
		g = k.get("/v1/charges?limit=1")
		g.says(t, http.StatusOK, new)
		k.get("/v1/events?limit=10").says(t, http.StatusOK, new)
	}
	k.account = "acct_of_somebody_else"
	g := k.get("/v1/charges")
	g.says(t, http.StatusForbidden, `"code": "account_invalid"`)
	g.says(t, http.StatusForbidden, "does not have access to account 'acct_of_somebody_else' (or that account does not exist)")
}

// Each shape is what its name says.
func TestShapes(t *testing.T) {
	t.Parallel()
	for shape, check := range map[Shape]func(tl timeline, at []int64) bool{
		ShapeUniform: func(tl timeline, at []int64) bool {
			half := len(slices.DeleteFunc(slices.Clone(at), func(x int64) bool { return x > (tl.from+tl.to)/2 }))
			return half*10 > len(at)*3 && half*10 < len(at)*6
		},
		ShapeSaleDay: func(_ timeline, at []int64) bool {
			days := map[int64]int{}
			for _, x := range at {
				days[x/day]++
			}
			most := 0
			for _, n := range days {
				most = max(most, n)
			}
			return most*10 > len(at)*3
		},
		ShapeOneSecond: func(_ timeline, at []int64) bool { return at[0] == at[len(at)-1] },
		ShapeSparse: func(_ timeline, at []int64) bool {
			widest := int64(0)
			for i := 1; i < len(at); i++ {
				widest = max(widest, at[i]-at[i-1])
			}
			return widest > 300*day
		},
	} {
		s := newTestServer(t, Config{Charges: 1000, Shape: shape})
		checkTruth(t, s)
		var at []int64
		for c := range s.Ledger().Charges() {
			at = append(at, c.Created)
		}
		if len(at) != 1000 || !check(s.business.tl, at) {
			t.Errorf("%s: %d charges from %d to %d", shape, len(at), at[0], at[len(at)-1])
		}
	}
}
