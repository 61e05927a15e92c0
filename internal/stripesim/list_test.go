package stripesim

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Walking any list, by any page size, in both directions, meets each object
// once, newest first.
func TestWalk(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 900})
	c := newClient(t, s)
	for _, name := range resourceNames {
		want := slices.Collect(s.Ledger().IDs(name))
		slices.Reverse(want)
		q := url.Values{}
		if name == "subscriptions" {
			q.Set("status", "all")
		}
		for _, limit := range []string{"", "1", "7", "100"} {
			if limit != "" {
				q.Set("limit", limit)
			}
			got := c.walk("/v1/"+name, q)
			if diff := cmp.Diff(want, idsOf(got)); diff != "" {
				t.Errorf("%s, limit %q (-want +got):\n%s", name, limit, diff)
			}
			if !slices.IsSortedFunc(got, func(a, b listedObject) int { return int(b.Created - a.Created) }) {
				t.Errorf("%s, limit %q: not newest first", name, limit)
			}
			back := c.walkBack("/v1/"+name, q, want[len(want)-1])
			if diff := cmp.Diff(want[:len(want)-1], idsOf(back)); diff != "" {
				t.Errorf("%s, limit %q, ending_before (-want +got):\n%s", name, limit, diff)
			}
		}
	}
}

func idsOf(objects []listedObject) []string {
	ids := make([]string, len(objects))
	for i, o := range objects {
		ids[i] = o.ID
	}
	return ids
}

// Each filter lists what the ledger says it should.
func TestFilters(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 1500})
	l, c := s.Ledger(), newClient(t, s)
	charges, subs := slices.Collect(l.Charges()), slices.Collect(l.Subscriptions())
	txns, refunds := slices.Collect(l.BalanceTransactions()), slices.Collect(l.Refunds())
	customers, prices := slices.Collect(l.Customers()), slices.Collect(l.Prices())
	ch := charges[slices.IndexFunc(charges, func(x Charge) bool { return x.Customer != "" && x.BNPL })]
	mid, at := ch.Created, strconv.FormatInt(ch.Created, 10)
	sub, refund, txn := subs[len(subs)/2], refunds[len(refunds)/2], txns[len(txns)/2]

	check(t, c, "charges", queryValues("customer", ch.Customer), charges, func(x Charge) (string, bool) { return x.ID, x.Customer == ch.Customer })
	check(t, c, "charges", queryValues("payment_intent", ch.PaymentIntent), charges, func(x Charge) (string, bool) { return x.ID, x.ID == ch.ID })
	check(t, c, "charges", queryValues("created", at), charges, func(x Charge) (string, bool) { return x.ID, x.Created == mid })
	check(t, c, "charges", queryValues("created[gt]", at), charges, func(x Charge) (string, bool) { return x.ID, x.Created > mid })
	check(t, c, "charges", queryValues("created[gte]", at), charges, func(x Charge) (string, bool) { return x.ID, x.Created >= mid })
	check(t, c, "charges", queryValues("created[lt]", at), charges, func(x Charge) (string, bool) { return x.ID, x.Created < mid })
	check(t, c, "charges", queryValues("created[lte]", at), charges, func(x Charge) (string, bool) { return x.ID, x.Created <= mid })
	check(t, c, "charges", queryValues("created[gte]", at, "created[lt]", at), charges, func(x Charge) (string, bool) { return x.ID, false })
	check(t, c, "refunds", queryValues("charge", refund.Charge), refunds, func(x Refund) (string, bool) { return x.ID, x.Charge == refund.Charge })
	check(t, c, "balance_transactions", queryValues("type", "payment"), txns, func(x BalanceTransaction) (string, bool) { return x.ID, x.Type == "payment" })
	check(t, c, "balance_transactions", queryValues("currency", "gbp", "type", "refund"), txns, func(x BalanceTransaction) (string, bool) {
		return x.ID, x.Currency == "gbp" && x.Type == "refund"
	})
	for _, category := range []string{"charge", "refund", "dispute", "payout"} {
		i := slices.IndexFunc(txns, func(x BalanceTransaction) bool { return x.Category == category })
		source := txns[i].Source
		check(t, c, "balance_transactions", queryValues("source", source), txns, func(x BalanceTransaction) (string, bool) { return x.ID, x.Source == source })
	}
	check(t, c, "balance_transactions", queryValues("payout", txn.Payout), txns, func(x BalanceTransaction) (string, bool) { return x.ID, x.Payout == txn.Payout })
	check(t, c, "customers", queryValues("email", customers[3].Email), customers, func(x Customer) (string, bool) { return x.ID, x.Email == customers[3].Email })
	check(t, c, "subscriptions", nil, subs, func(x Subscription) (string, bool) { return x.ID, x.Status != "canceled" })
	check(t, c, "subscriptions", queryValues("status", "all"), subs, func(x Subscription) (string, bool) { return x.ID, true })
	check(t, c, "subscriptions", queryValues("status", "ended"), subs, func(x Subscription) (string, bool) { return x.ID, x.Ended > 0 })
	for _, status := range subStatuses {
		check(t, c, "subscriptions", queryValues("status", status), subs, func(x Subscription) (string, bool) { return x.ID, x.Status == status })
	}
	check(t, c, "subscriptions", queryValues("status", "all", "customer", sub.Customer), subs, func(x Subscription) (string, bool) { return x.ID, x.Customer == sub.Customer })
	price := sub.Items[0].Price
	check(t, c, "subscriptions", queryValues("status", "all", "price", price), subs, func(x Subscription) (string, bool) {
		return x.ID, slices.ContainsFunc(x.Items, func(it SubscriptionItem) bool { return it.Price == price })
	})
	check(t, c, "prices", queryValues("active", "false"), prices, func(x Price) (string, bool) { return x.ID, !x.Active })
	check(t, c, "prices", queryValues("type", "one_time"), prices, func(x Price) (string, bool) { return x.ID, x.Type == "one_time" })
	check(t, c, "prices", queryValues("recurring[interval]", "year"), prices, func(x Price) (string, bool) { return x.ID, x.Interval == "year" })
	check(t, c, "prices", queryValues("product", prices[0].Product, "currency", "eur"), prices, func(x Price) (string, bool) {
		return x.ID, x.Product == prices[0].Product && x.Currency == "eur"
	})
}

func check[T any](t *testing.T, c client, name string, q url.Values, records []T, keep func(T) (string, bool)) {
	t.Helper()
	want := []string{}
	for _, x := range slices.Backward(records) {
		if id, ok := keep(x); ok {
			want = append(want, id)
		}
	}
	if diff := cmp.Diff(want, idsOf(c.walk("/v1/"+name, q))); diff != "" {
		t.Errorf("%s?%s (-want +got):\n%s", name, q.Encode(), diff)
	}
}

// What is created after now is not there yet: not in lists, not by id, not as
// a cursor; and Date says now.
func TestSetNow(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 500})
	c := newClient(t, s)
	charges := slices.Collect(s.Ledger().Charges())
	mid := charges[len(charges)/2]
	s.SetNow(time.Unix(mid.Created, 0))

	check(t, c, "charges", nil, charges, func(x Charge) (string, bool) { return x.ID, x.Created <= mid.Created })
	future := charges[len(charges)-1].ID
	resp := c.do(http.MethodGet, "/v1/charges/"+future)
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("a charge of the future: %s, want 404", resp.Status)
	}
	if got, want := resp.Header.Get("Date"), time.Unix(mid.Created, 0).UTC().Format(http.TimeFormat); got != want {
		t.Errorf("Date = %s, want %s", got, want)
	}
	if resp := c.do(http.MethodGet, "/v1/charges?starting_after="+future); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("a cursor of the future: %s, want 400", resp.Status)
	}
	s.SetNow(time.Time{})
	check(t, c, "charges", nil, charges, func(x Charge) (string, bool) { return x.ID, true })
}

// The first ten items of a subscription and the pages behind its items' url are
// all its items, in one order.
func TestSubscriptionItems(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 5000})
	c := newClient(t, s)
	long := 0
	for sub := range s.Ledger().Subscriptions() {
		if len(sub.Items) <= embeddedItems {
			continue
		}
		long++
		want := []string{}
		for _, it := range sub.Items {
			want = append(want, it.ID)
		}
		q := queryValues("subscription", sub.ID, "limit", "5")
		if diff := cmp.Diff(want, idsOf(c.walk("/v1/subscription_items", q))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", sub.ID, diff)
		}
		q.Set("starting_after", want[embeddedItems-1])
		if diff := cmp.Diff(want[embeddedItems:], idsOf(c.walk("/v1/subscription_items", q))); diff != "" {
			t.Errorf("%s after the embedded ones (-want +got):\n%s", sub.ID, diff)
		}
	}
	if long == 0 {
		t.Error("no subscription has more than ten items")
	}
}
