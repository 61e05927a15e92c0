package pipeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
)

// What an event holds never becomes a row: it may be of another type than its
// name says, contradict another of the same second, be rendered as years ago, or
// be older than what is known. The object is read again instead.
func TestCases14To18EventsAreHints(t *testing.T) {
	t.Parallel()
	ago, soon := laketest.Noon.Add(-time.Hour), laketest.Noon.Add(30*time.Minute)
	longAgo := ago.Add(-time.Hour) // nothing else is to be read again near it
	about := func(id, text string) string { return laketest.Paid(id, ago, `"description":"`+text+`"`) }
	refund := func(id string, created time.Time, charge, status string) string {
		return laketest.Sent("refund", id, created, `"amount":1,"currency":"usd","charge":"`+charge+`","status":"`+status+`"`)
	}
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon,
		laketest.Paid("ch_14", longAgo), about("ch_15", "first"), about("ch_16", "first"), about("ch_17", "seen"), about("ch_18", "first"),
		refund("re_14", ago, "ch_14", "succeeded")))
	s.Sync("charges", "refunds")

	s.Becomes(laketest.Recorded(t, 1, laketest.Noon.Add(time.Hour),
		laketest.Paid("ch_14", longAgo, `"description":"disputed","disputed":true`), about("ch_15", "now"), about("ch_16", "now"), about("ch_17", "seen"), about("ch_18", "now"),
		refund("re_14", ago, "ch_14", "failed"),
		// It was not listed in its time, and only the event of its charge tells.
		refund("re_18", laketest.Noon.Add(-24*time.Hour), "ch_18", "succeeded"),

		laketest.Event("evt_14a", "charge.dispute.created", soon, laketest.Sent("dispute", "du_14", soon, `"charge":"ch_14","amount":100,"currency":"usd"`)),
		laketest.Event("evt_14b", "charge.refund.updated", soon, refund("re_14", ago, "ch_14", "pending")),
		laketest.Event("evt_15z", "charge.updated", soon, about("ch_15", "one thing")),
		laketest.Event("evt_15a", "charge.updated", soon, about("ch_15", "the contrary")),
		fmt.Sprintf(`{"id":"evt_16","object":"event","api_version":"2014-01-31","created":%d,"livemode":false,"type":"charge.updated","request":"req_1","data":{"object":%s}}`,
			soon.Unix(), laketest.Paid("ch_16", ago, `"status":"paid","description":"as of old","card":{"id":"card_1","last4":"1881"},"refunds":[],"fee":59`)),
		laketest.Event("evt_17", "charge.updated", laketest.Noon.Add(-5*time.Minute), about("ch_17", "before it was seen")),
		laketest.Event("evt_18", "charge.refunded", soon, about("ch_18", "refunded"))))
	s.Sync("charges", "refunds")
	s.Expect("charges", "SELECT id, description, status_as_sent, payment_method.last4, disputed FROM charges ORDER BY id",
		"ch_14 disputed succeeded null true", "ch_15 now succeeded null null", "ch_16 now succeeded null null", "ch_17 seen succeeded null null", "ch_18 now succeeded null null")
	s.Expect("refunds", "SELECT id, charge_id, status FROM refunds ORDER BY id", "re_14 ch_14 failed", "re_18 ch_18 succeeded")
	s.Expect("nothing in the log is from an event", "SELECT DISTINCT origin FROM 'LAKE/raw/*/charges/*.parquet' WHERE origin NOT IN ('list', 'retrieve')")
	s.Expect("one version for two events", "SELECT count(*) FROM 'LAKE/raw/*/charges/*.parquet' WHERE id = 'ch_15'", "2")
}

// The end of a subscription's discount has an event of its own: the
// subscription shows the discount and is read again, as the customer is.
func TestDiscountChangesItsSubscription(t *testing.T) {
	t.Parallel()
	ago, soon := laketest.Noon.Add(-time.Hour), laketest.Noon.Add(30*time.Minute)
	discount := `{"id":"di_1","object":"discount","customer":"cus_1","subscription":"sub_1","start":1,"coupon":{"id":"OFF","object":"coupon","percent_off":20}}`
	subscription := func(members ...string) string {
		return laketest.Sent("subscription", "sub_1", ago, append([]string{`"customer":"cus_1","status":"active","currency":"usd","items":{"object":"list","data":[],"has_more":false}`}, members...)...)
	}
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, laketest.Sent("customer", "cus_1", ago), subscription(`"discount":`+discount)))
	s.Sync("customers", "subscriptions")
	s.Expect("while it lasts", "SELECT discount.coupon_id FROM subscriptions", "OFF")
	s.Becomes(laketest.Recorded(t, 1, laketest.Noon.Add(time.Hour), laketest.Sent("customer", "cus_1", ago), subscription(`"discount":null`),
		laketest.Event("evt_1", "customer.discount.deleted", soon, discount)))
	s.Sync("customers", "subscriptions")
	s.Expect("when it has ended", "SELECT discount.coupon_id FROM subscriptions", "null")
}

// A deleted customer is in no list any more and, by its id, three members with
// status 200: the row is marked and keeps what was known.
func TestCases19And20DeletedCustomer(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, nil)
	s := laketest.NewScene(t, server.Handler())
	id := laketest.Act(t, server, stripesim.CreateCustomer)
	charge := laketest.Act(t, server, stripesim.CreateCharge, id)
	server.Advance(5 * time.Minute)
	s.Sync("customers", "charges")
	known := "SELECT * EXCLUDE (deleted, deleted_seen_at, _seq) FROM customers WHERE id = '" + id + "'"
	before := s.Rows(known)
	laketest.Act(t, server, stripesim.DeleteCustomer, id)
	server.Advance(5 * time.Minute)
	s.Sync("customers", "charges")
	s.Expect("marked", "SELECT id, deleted_seen_at FROM customers WHERE deleted", id+" "+server.Now().Format(time.DateTime))
	s.Expect("what was known", known, before...)
	s.Expect("known", "SELECT email IS NOT NULL AND name IS NOT NULL FROM customers WHERE id = '"+id+"'", "true")
	s.Expect("its charge", "SELECT customer_id FROM charges WHERE id = '"+charge+"'", id)
	s.Expect("the stub", "SELECT len(json_keys(object)), origin FROM 'LAKE/raw/*/customers/*.parquet' WHERE deleted", "3 retrieve")
}

// A balance transaction becomes available and no event says so.
func TestCase21AvailableWithoutAnEvent(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, nil)
	s := laketest.NewScene(t, server.Handler())
	s.Sync("balance_transactions")
	pending := s.Rows("SELECT count(*) FROM balance_transactions WHERE status = 'pending'")[0]
	if pending == "0" {
		t.Fatal("nothing is pending")
	}
	for _, days := range []int{2, 5, 40} {
		server.Advance(time.Duration(days) * 24 * time.Hour)
		s.Sync("balance_transactions")
		want := map[string]int{}
		for b := range server.Ledger().BalanceTransactions() {
			want[b.Status]++
		}
		got := fmt.Sprintf("%d %d", want["pending"], want["available"])
		s.Expect("pending and available", "SELECT count(*) FILTER (status = 'pending'), count(*) FILTER (status = 'available') FROM balance_transactions", got)
	}
}

// Stripe shows the tiers of a price to who asks for them, all of them.
func TestCase22Tiers(t *testing.T) {
	t.Parallel()
	server, err := stripesim.New(stripesim.Config{Charges: 200, LongLists: true})
	if err != nil {
		t.Fatal(err)
	}
	s := laketest.NewScene(t, server.Handler())
	s.Sync("prices")
	s.Expect("tiers", "SELECT max(len(tiers)) > 10 FROM prices", "true")
}

// Subscriptions with more items than Stripe embeds have them all.
func TestCase22NestedListsOverTen(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, func(c *stripesim.Config) { c.Charges, c.LongLists = 200, true })
	s := laketest.NewScene(t, server.Handler())
	s.Sync("subscriptions")
	var want []string
	most := 0
	for sub := range server.Ledger().Subscriptions() {
		want = append(want, fmt.Sprint(sub.ID, " ", len(sub.Items), " ", len(sub.Items)))
		most = max(most, len(sub.Items))
	}
	if most <= 10 {
		t.Fatalf("%d items at most", most)
	}
	s.Expect("items", "SELECT s.id, s.item_count, (SELECT count(DISTINCT i.id) FROM subscription_items i WHERE i.subscription_id = s.id) FROM subscriptions s ORDER BY s.id COLLATE C", laketest.Sorted(want)...)
	s.Expect("cut short", "SELECT id, list FROM meta.incomplete_lists")
}

// Prices are found whatever the list shows: where it hides inactive ones, and
// those that were made inline for one subscription and are never listed.
func TestCase23PricesThatAreNotListed(t *testing.T) {
	t.Parallel()
	ago := laketest.Noon.Add(-time.Hour)
	price := func(id, active string) string {
		return laketest.Sent("price", id, ago, `"active":`+active+`,"currency":"usd","type":"recurring","unit_amount":5`)
	}
	stripe := laketest.Recorded(t, 1, laketest.Noon, price("price_active", "true"), price("price_retired", "false"), price("price_inline", "true"),
		laketest.Sent("subscription", "sub_1", ago, `"status":"active","currency":"usd","items":{"object":"list","has_more":false,"data":[`+
			`{"id":"si_1","object":"subscription_item","created":1,"price":`+price("price_inline", "true")+`},`+
			`{"id":"si_2","object":"subscription_item","created":1,"price":`+price("price_gone", "true")+`}]}`))
	for _, hidden := range [][]string{{"price_inline"}, {"price_inline", "price_retired"}} {
		var mu sync.Mutex // guards asked: two prices are asked for at once
		asked := map[string]int{}
		s := laketest.NewScene(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/v1/prices/") {
				mu.Lock()
				asked[r.URL.Path]++
				mu.Unlock()
			}
			if r.URL.Query().Get("active") == "false" {
				serveWithout(t, stripe, hidden[:1], w, r)
			} else {
				serveWithout(t, stripe, hidden, w, r)
			}
		}))
		s.Sync("prices", "subscriptions")
		s.Expect("prices", "SELECT id, active FROM prices ORDER BY id", "price_active true", "price_inline true", "price_retired false")
		s.Expect("items and their prices", "SELECT i.id, p.id FROM subscription_items i LEFT JOIN prices p ON p.id = i.price_id ORDER BY ALL", "si_1 price_inline", "si_2 null")
		for range 2 { // a second 404 is believed, and there is no third
			s.Sync("prices", "subscriptions")
		}
		if diff := cmp.Diff(map[string]int{"/v1/prices/price_inline": 1, "/v1/prices/price_gone": 2}, asked); diff != "" {
			t.Errorf("asked for by id (-want +got):\n%s", diff)
		}
	}
}

// serveWithout answers as Stripe, but for some prices that its list leaves out.
func serveWithout(t *testing.T, stripe http.Handler, hidden []string, w http.ResponseWriter, r *http.Request) {
	real := httptest.NewRecorder()
	stripe.ServeHTTP(real, r)
	body := real.Body.Bytes()
	if r.URL.Path == "/v1/prices" {
		var page struct {
			Object  string            `json:"object"`
			Data    []json.RawMessage `json:"data"`
			HasMore bool              `json:"has_more"`
		}
		if err := json.Unmarshal(body, &page); err != nil {
			t.Error(err)
		}
		page.Data = slices.DeleteFunc(page.Data, func(price json.RawMessage) bool {
			return slices.ContainsFunc(hidden, func(id string) bool { return bytes.Contains(price, []byte(id)) })
		})
		body, _ = json.Marshal(page)
	}
	maps.Copy(w.Header(), real.Header())
	w.Header().Del("Content-Length")
	w.WriteHeader(real.Code)
	_, _ = w.Write(body)
}

// A charge that is authorized, captured and refunded in several runs is one row,
// in the partition of its created, and a version in the log for each step.
func TestCases40And53OneRowThroughItsLife(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, nil)
	s := laketest.NewScene(t, server.Handler())
	id := laketest.Act(t, server, stripesim.AuthorizeCharge)
	server.Advance(5 * time.Minute)
	s.Sync("charges")
	look := "SELECT captured, amount_captured = amount, amount_refunded > 0, amount_net = amount_captured - amount_refunded FROM charges WHERE id = '" + id + "'"
	s.Expect("authorized", look, "false false false true")
	server.Advance(3 * 24 * time.Hour)
	laketest.Act(t, server, stripesim.CaptureCharge, id)
	server.Advance(5 * time.Minute)
	s.Sync("charges")
	s.Expect("captured", look, "true true false true")
	server.Advance(25 * 24 * time.Hour) // another month
	laketest.Act(t, server, stripesim.PartialRefund, id)
	laketest.Act(t, server, stripesim.CreateCharge)
	server.Advance(5 * time.Minute)
	s.Sync("charges")
	s.Expect("refunded", look, "true true true true")
	s.Expect("versions", "SELECT count(*) FROM 'LAKE/raw/*/charges/*.parquet' WHERE id = '"+id+"'", "3")
	s.Expect("in the files", "SELECT created_month FROM read_parquet(CHARGES) WHERE id = '"+id+"'", "2025-03")
	s.Expect("the files", "SELECT count(*), count(DISTINCT id), count(DISTINCT created_month) FROM read_parquet(CHARGES)",
		fmt.Sprint(server.Ledger().Count("charges"), " ", server.Ledger().Count("charges"), " 2"))
}

// A refund fails after it had succeeded: its charge is not refunded any more.
func TestCase44RefundFailsLater(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"", "2024-10-28.acacia"} { // which events tell differs
		server := laketest.Shop(t, func(c *stripesim.Config) { c.EventVersion = version })
		s := laketest.NewScene(t, server.Handler())
		refund := laketest.Act(t, server, stripesim.CreateRefund, cardCharge(t, server))
		server.Advance(5 * time.Minute)
		s.Sync("charges", "refunds")
		look := "SELECT c.refunded, c.amount_net_minor = 0, r.status = 'succeeded', r.failure_balance_transaction_id IS NULL " +
			"FROM charges c JOIN refunds r ON r.charge_id = c.id WHERE r.id = '" + refund + "'"
		s.Expect("refunded", look, "true true true true")
		server.Advance(4 * 24 * time.Hour)
		laketest.Act(t, server, stripesim.FailRefund, refund)
		server.Advance(5 * time.Minute)
		s.Sync("charges", "refunds")
		s.Expect("not refunded", look, "false false false false")
	}
}

// cardCharge is a charge that a refund gives back at once.
func cardCharge(t *testing.T, server *stripesim.Server) string {
	for c := range server.Ledger().Charges() {
		if c.Method == "card" && c.Status == "succeeded" && c.IsCaptured && c.Refunded == 0 && !c.IsDisputed {
			return c.ID
		}
	}
	t.Fatal("no card payment")
	return ""
}
