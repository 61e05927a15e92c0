package stripesim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A ticker is a real clock that a test moves.
type ticker struct{ nanos atomic.Int64 }

func (k *ticker) now() time.Time          { return time.Unix(1_000_000_000, k.nanos.Load()) }
func (k *ticker) advance(d time.Duration) { k.nanos.Add(int64(d)) }

// A running clock makes objects appear, change and vanish while a client reads,
// and Date tells it the time.
func TestRunningClock(t *testing.T) {
	t.Parallel()
	tick := &ticker{}
	s := newTestServer(t, Config{
		Seed: 3, Charges: 2000, Deletions: 100, Speed: 3600, Now: time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC), Tick: tick.now,
	})
	k := dial(t, s)
	date := func() string { return k.get("/v1/account").header.Get("Date") }
	if got := date(); got != "Sun, 01 Jun 2025 00:00:00 GMT" {
		t.Errorf("Date = %s", got)
	}
	before := snapshot(s)
	newest := k.ok("/v1/charges?limit=1")
	tick.advance(720 * time.Second)
	if got := date(); got != "Tue, 01 Jul 2025 00:00:00 GMT" {
		t.Errorf("30 simulated days later: Date = %s", got)
	}
	if k.ok("/v1/charges?limit=1") == newest {
		t.Error("no new charge in a month")
	}
	after := snapshot(s)
	changed, gone := 0, 0
	for id, raw := range before {
		changed += btoi(after[id] != "" && after[id] != raw)
		gone += btoi(after[id] == "")
	}
	if changed == 0 || gone == 0 || len(after)+gone == len(before) {
		t.Errorf("of %d objects, %d changed and %d vanished; now there are %d", len(before), changed, gone, len(after))
	}
}

// Balance transactions become available at available_on without an event.
func TestAvailability(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 300})
	for bt := range s.Ledger().BalanceTransactions() {
		for at, want := range map[int64]string{bt.AvailableOn - 1: "pending", bt.AvailableOn: "available"} {
			if at < bt.Created {
				continue
			}
			s.SetNow(time.Unix(at, 0))
			if got := string(s.Object("balance_transactions", bt.ID)); !strings.Contains(got, `"status": "`+want+`"`) {
				t.Fatalf("%s at %d is not %s", bt.ID, at, want)
			}
		}
		s.SetNow(time.Time{})
		if bt.Created > s.business.tl.from+40*day {
			break
		}
	}
}

// With a lag, lists and events show an object some seconds after it is there by
// id.
func TestLag(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 300, Lag: 10 * time.Second, Now: time.Date(2025, 8, 1, 0, 0, 0, 0, time.UTC)})
	k := dial(t, s)
	id, err := s.Act(CreateCharge, "")
	if err != nil {
		t.Fatal(err)
	}
	s.Advance(9 * time.Second)
	k.get("/v1/charges/"+id).says(t, http.StatusOK, id)
	for _, path := range []string{"/v1/charges", "/v1/events"} {
		if strings.Contains(k.ok(path), id) {
			t.Errorf("%s shows it too early", path)
		}
	}
	if s.Object("charges", id) == nil {
		t.Error("the ledger has a lag")
	}
	s.Advance(time.Second)
	for _, path := range []string{"/v1/charges", "/v1/events"} {
		if !strings.Contains(k.ok(path), id) {
			t.Errorf("%s does not show it", path)
		}
	}
}

// A cursor that vanishes or leaves the filter between two pages is refused.
func TestCursorsThatGo(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 500, Now: time.Date(2025, 8, 1, 0, 0, 0, 0, time.UTC)})
	k := dial(t, s)
	for _, tc := range []struct {
		action      Action
		path, stays string
	}{
		{DeleteCustomer, "/v1/customers?limit=3", ""},
		{CancelSubscription, "/v1/subscriptions?status=active&limit=3", "/v1/subscriptions?status=all&limit=3"},
		{CancelSubscription, "/v1/subscriptions?limit=3", "/v1/subscriptions?status=all&limit=3"},
		{DeactivatePrice, "/v1/prices?active=true&limit=30", "/v1/prices?limit=30"},
	} {
		page := got{body: k.ok(tc.path)}.page(t).objects(t)
		cursor := page[len(page)-1].ID
		k.ok(tc.path + "&starting_after=" + cursor)
		if _, err := s.Act(tc.action, cursor); err != nil {
			t.Fatal(err)
		}
		k.get(tc.path+"&starting_after="+cursor).says(t, http.StatusBadRequest, `"param": "starting_after"`)
		k.get(tc.path+"&starting_after="+cursor).says(t, http.StatusBadRequest, "No such ")
		if tc.stays != "" {
			k.ok(tc.stays + "&starting_after=" + cursor)
		}
	}
}

// Stripe: a deleted customer is a stub by id, is in no list, and keeps its
// charges.
func TestDeletedCustomer(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 500, Now: time.Date(2025, 8, 1, 0, 0, 0, 0, time.UTC)})
	k, c := dial(t, s), newClient(t, s)
	var sub Subscription
	for x := range s.Ledger().Subscriptions() {
		if x.Status == "active" {
			sub = x
		}
	}
	full := string(s.Object("customers", sub.Customer))
	charges := idsOf(c.walk("/v1/charges", queryValues("customer", sub.Customer)))
	if _, err := s.Act(DeleteCustomer, sub.Customer); err != nil {
		t.Fatal(err)
	}
	want := "{\n  \"id\": \"" + sub.Customer + "\",\n  \"object\": \"customer\",\n  \"deleted\": true\n}"
	if diff := cmp.Diff(want, k.ok("/v1/customers/"+sub.Customer)); diff != "" {
		t.Error(diff)
	}
	validate(t, openAPI(t)("deleted_customer"), sub.Customer, []byte(want))
	if slices.Contains(idsOf(c.walk("/v1/customers", queryValues("limit", "100"))), sub.Customer) {
		t.Error("it is listed")
	}
	if slices.Contains(slices.Collect(s.Ledger().IDs("customers")), sub.Customer) {
		t.Error("the ledger has it")
	}
	for id, last := range s.Ledger().Deleted("customers") {
		if id != sub.Customer || string(last) != full {
			t.Errorf("the ledger says that %s was\n%s", id, last)
		}
	}
	if diff := cmp.Diff(charges, idsOf(c.walk("/v1/charges", queryValues("customer", sub.Customer)))); diff != "" {
		t.Errorf("its charges:\n%s", diff)
	}
	if got := string(s.Object("subscriptions", sub.ID)); !strings.Contains(got, `"status": "canceled"`) {
		t.Error("its subscription goes on")
	}
	types := []string{}
	for _, e := range c.events("created", strconv.FormatInt(s.Now().Unix(), 10)) {
		types = append(types, e.Type)
		if e.Type == "customer.deleted" && e.subject(t).Object != "customer" {
			t.Errorf("%s shows %s", e.ID, e.Data.Object)
		}
	}
	for _, want := range []string{"customer.deleted", "customer.subscription.deleted"} {
		if !slices.Contains(types, want) {
			t.Errorf("no %s among %q", want, types)
		}
	}
}

// Clients, the clock, explicit changes and the ledger do not get in each
// other's way. The race detector is the judge.
func TestChangesWhileServing(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 300, Now: time.Date(2025, 8, 1, 0, 0, 0, 0, time.UTC)})
	c := newClient(t, s)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for _, path := range []string{"/v1/charges", "/v1/events", "/v1/subscriptions", "/v1/customers"} {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					c.list(path, queryValues("limit", "5"))
				}
			}
		})
	}
	for range 5 {
		for _, action := range Actions() {
			s.Advance(time.Minute)
			if _, err := s.Change(action, 1); err != nil {
				t.Error(err)
			}
		}
		for id, raw := range s.Ledger().Raw("charges") {
			if !strings.Contains(string(raw), id) {
				t.Errorf("%s is not in\n%s", id, raw)
			}
		}
	}
	close(stop)
	wg.Wait()
}
