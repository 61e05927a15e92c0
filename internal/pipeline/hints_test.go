package pipeline_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
)

// What changes without an event needs none: with a key that may not read events
// balance transactions still become available.
func TestDueWithoutEvents(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, nil)
	if err := server.SetFaults(stripesim.Fault{Kind: stripesim.Forbidden, Path: "/v1/events", Times: stripesim.Always}); err != nil {
		t.Fatal(err)
	}
	const pending = "SELECT count(*) FROM balance_transactions WHERE status = 'pending'"
	s := laketest.NewScene(t, server.Handler())
	for range 2 {
		if _, err := s.Try("balance_transactions"); err == nil || !strings.Contains(err.Error(), "may not read events") {
			t.Fatalf("the sync ended with %v", err)
		}
		if server.Advance(40 * 24 * time.Hour); s.Read["balance_transactions"] == 0 {
			t.Fatal("nothing was read")
		}
	}
	s.Expect("nothing is pending any more", pending, "0")
}

// An event is a hint: the rest of a list that it shows the beginning of comes
// with its object, or is gone with it.
func TestListsInsideEventsAreLeft(t *testing.T) {
	t.Parallel()
	ago, soon := laketest.Noon.Add(-time.Hour), laketest.Noon.Add(30*time.Minute)
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, laketest.Sent("customer", "cus_1", ago, `"email":"a@example.com"`)))
	s.Sync("customers")
	stripe := laketest.Recorded(t, 1, laketest.Noon.Add(time.Hour), laketest.Sent("customer", "cus_1", ago, `"email":"b@example.com"`),
		fmt.Sprintf(`{"id":"evt_1","object":"event","created":%d,"livemode":false,"type":"customer.updated","data":{"object":%s,"previous_attributes":{%s}}}`,
			soon.Unix(), laketest.Sent("customer", "cus_1", ago),
			`"subscriptions":{"object":"list","data":[{"id":"sub_1"}],"has_more":true,"url":"/v1/customers/cus_1/subscriptions"}`))
	s.Becomes(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/subscriptions") {
			t.Errorf("%s was asked for", r.URL)
		}
		stripe.ServeHTTP(w, r)
	}))
	if summary := s.Sync("customers"); summary.Incomplete != 0 {
		t.Errorf("%d incomplete lists", summary.Incomplete)
	}
	s.Expect("read again", "SELECT email FROM customers", "b@example.com")
	s.Expect("incomplete lists", "FROM meta.incomplete_lists")
}

// A hint at the refunds of a deleted charge finds no refund, and does not stop
// the hints after it.
func TestRefundsOfAChargeThatIsGone(t *testing.T) {
	t.Parallel()
	ago, soon := laketest.Noon.Add(-time.Hour), laketest.Noon.Add(30*time.Minute)
	refund := laketest.Sent("refund", "re_1", ago, `"amount":1,"currency":"usd","charge":"ch_1","status":"succeeded"`)
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, refund))
	s.Sync("refunds")
	stripe := laketest.Recorded(t, 1, laketest.Noon.Add(time.Hour), refund, laketest.Event("evt_1", "charge.refunded", soon, laketest.Paid("ch_gone", ago)))
	asked := 0
	s.Becomes(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("charge") == "ch_gone" {
			asked++
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"error":{"type":"invalid_request_error","code":"resource_missing","param":"charge","message":"No such charge: 'ch_gone'"}}`))
			return
		}
		stripe.ServeHTTP(w, r)
	}))
	s.Sync("refunds")
	s.Sync("refunds")
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}
