package pipeline_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
)

// A row of the second at which a run had arrived is not passed over because it
// shows only later.
func TestCase01SameSecondAsTheLastRow(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, nil)
	s := laketest.NewScene(t, server.Handler())
	at := server.Now()
	laketest.Act(t, server, stripesim.CreateCharge)
	server.SetNow(at.Add(61 * time.Second))
	s.Sync("charges", "balance_transactions")
	server.SetNow(at)
	laketest.Act(t, server, stripesim.CreateCharge)
	server.SetNow(at.Add(4 * time.Minute))
	s.Sync("charges", "balance_transactions")
	for _, table := range []string{"charges", "balance_transactions"} {
		s.Expect(table, "SELECT count(*), count(DISTINCT id) FROM "+table+" WHERE created = '"+at.Format(time.DateTime)+"'", "2 2")
	}
}

// A row shows in the list long after its created, when the run has gone on.
func TestCase02ListedLate(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, func(c *stripesim.Config) { c.Lag = 5 * time.Minute })
	s := laketest.NewScene(t, server.Handler())
	id := laketest.Act(t, server, stripesim.CreateCharge)
	server.Advance(3 * time.Minute)
	s.Sync("charges", "balance_transactions")
	find := "SELECT count(*) FROM charges WHERE id = '" + id + "'"
	s.Expect("before it is listed", find, "0")
	s.Expect("and yet it is passed", "SELECT complete_through > '"+server.Now().Add(-2*time.Minute).Format(time.DateTime)+"' FROM meta.coverage WHERE resource = 'charges'", "true")
	server.Advance(5 * time.Minute)
	s.Sync("charges", "balance_transactions")
	s.Expect("charges", find, "1")
	s.Expect("what no event tells of", "SELECT count(*) FROM balance_transactions WHERE source_id = '"+id+"'", "1")
}

// Between two pages the object vanishes that the second is to start after.
func TestCase03CursorVanishes(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, func(c *stripesim.Config) { c.Charges = 1000 })
	all := server.Ledger().Count("customers")
	var gone []string
	s := laketest.NewScene(t, laketest.BeforeNextPage(server.Handler(), "/v1/customers", func(cursor string) {
		if len(gone) == 0 {
			gone = append(gone, laketest.Act(t, server, stripesim.DeleteCustomer, cursor))
		}
	}))
	s.Sync("customers")
	if len(gone) == 0 || all < 250 {
		t.Fatalf("%d customers, %q deleted", all, gone)
	}
	s.Expect("all that were there", "SELECT count(*) = "+strconv.Itoa(all)+", count(*) - count(DISTINCT id) FROM customers", "true 0")
	server.Advance(5 * time.Minute)
	s.Sync("customers")
	s.Expect("deleted", "SELECT id FROM customers WHERE deleted", gone[0])
}

// Between two pages the subscription is canceled that the second is to start
// after; canceled ones are listed like others.
func TestCase04CanceledBetweenPages(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, func(c *stripesim.Config) { c.Seed, c.Charges = 2, 2500 })
	var canceled, queries []string
	list := laketest.BeforeNextPage(server.Handler(), "/v1/subscriptions", func(cursor string) {
		if len(canceled) == 0 && strings.Contains(string(server.Object("subscriptions", cursor)), `"status": "active"`) {
			canceled = append(canceled, laketest.Act(t, server, stripesim.CancelSubscription, cursor))
		}
	})
	s := laketest.NewScene(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/subscriptions" {
			queries = append(queries, r.URL.RawQuery)
		}
		list.ServeHTTP(w, r)
	}))
	s.Sync("subscriptions")
	if len(canceled) == 0 {
		t.Fatal("nothing was canceled: is there a second page?")
	}
	if len(queries) != 2 {
		t.Errorf("the walk began anew: %q", queries)
	}
	server.Advance(5 * time.Minute)
	s.Sync("subscriptions")
	s.Expect("subscriptions", "SELECT count(*), count(*) FILTER (status = 'canceled') > 0 FROM subscriptions", strconv.Itoa(server.Ledger().Count("subscriptions"))+" true")
	s.Expect("the one", "SELECT status FROM subscriptions WHERE id = '"+canceled[0]+"'", "canceled")
}

// With each page asked for, rows come in at the top of the list.
func TestCase05NewRowsWhilePaging(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, func(c *stripesim.Config) { c.Charges = 450 })
	old, pages := server.Ledger().Count("charges"), 0
	s := laketest.NewScene(t, laketest.BeforeNextPage(server.Handler(), "/v1/charges", func(string) {
		server.Advance(time.Minute)
		if _, err := server.Change(stripesim.CreateCharge, 7); err != nil {
			t.Error(err)
		}
		pages++
	}))
	s.Sync("charges")
	if n := s.Read["charges"]; n != old || pages < 3 {
		t.Errorf("%d objects read in %d pages, want %d, each once", n, pages+1, old)
	}
	server.Advance(5 * time.Minute)
	s.Sync("charges")
	total := strconv.Itoa(server.Ledger().Count("charges"))
	s.Expect("charges", "SELECT count(*), count(DISTINCT id) FROM charges", total+" "+total)
	s.Expect("the log", "SELECT count(*), count(DISTINCT id) FROM 'LAKE/raw/*/charges/*.parquet'", total+" "+total)
}

// After more than 30 days Stripe no longer lists the events: everything is
// listed again, objects not listed are requested by id, and the lake equals the
// present Stripe.
func TestCase10StateOlderThanTheEvents(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, nil)
	s := laketest.NewScene(t, server.Handler())
	s.Sync()
	customer := laketest.Act(t, server, stripesim.DeleteCustomer)
	server.Advance(time.Hour)
	for _, action := range []stripesim.Action{
		stripesim.CancelSubscription, stripesim.CreateRefund, stripesim.UpdateCharge, stripesim.DeactivatePrice, stripesim.UpdateCustomer,
	} {
		laketest.Act(t, server, action)
	}
	server.Advance(29 * 24 * time.Hour)
	if s.Sync(); len(s.Notices) > 0 { // events still tell
		t.Fatalf("%q", s.Notices)
	}
	laketest.CheckAgainstLedger(t, s.Lake, server)
	for _, action := range []stripesim.Action{
		stripesim.DeleteCustomer, stripesim.CreateRefund, stripesim.UpdateCharge, stripesim.UpdatePrice, stripesim.UpdateSubscription,
	} {
		laketest.Act(t, server, action)
	}
	server.Advance(31 * 24 * time.Hour)
	s.Sync()
	laketest.CheckAgainstLedger(t, s.Lake, server)
	if all := strings.Join(s.Notices, "\n"); strings.Count(all, "listing everything again") != 5 || !strings.Contains(all, "customers: ") {
		t.Errorf("notices: %q", s.Notices)
	}
	s.Expect("deleted", "SELECT count(*), count(*) FILTER (id = '"+customer+"') FROM customers WHERE deleted", "2 1")
	asked := s.Asked.Load()
	s.Sync()
	if again := s.Asked.Load() - asked; again > 10 {
		t.Errorf("%d requests for nothing new", again)
	}
}

// An object that comes twice in a page, on two lists and by its event is one row
// and, while its bytes are the same, one version.
func TestCase11SameObjectTwice(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, func(c *stripesim.Config) {
		c.Faults.Scripted = []stripesim.Fault{{Kind: stripesim.DuplicateIDs, Times: stripesim.Always}}
	})
	s := laketest.NewScene(t, server.Handler())
	laketest.Act(t, server, stripesim.CreateRefund)
	s.Sync()
	laketest.Act(t, server, stripesim.UpdatePrice)
	laketest.Act(t, server, stripesim.CreateCharge)
	server.Advance(5 * time.Minute)
	s.Sync()
	laketest.CheckAgainstLedger(t, s.Lake, server)
	for _, table := range []string{"charges", "prices", "customers", "refunds", "subscriptions", "balance_transactions"} {
		n := strconv.Itoa(server.Ledger().Count(table))
		s.Expect(table, "SELECT count(*), count(DISTINCT id) FROM "+table, n+" "+n)
		s.Expect("versions of "+table, "SELECT count(*) - count(DISTINCT (id, object)) FROM 'LAKE/raw/*/"+table+"/*.parquet'", "0")
	}
}

// Objects created in the future or in the distant past do not move up to where
// the lake is complete; those made to look old are found by their events.
func TestCase12CreatedAtOddTimes(t *testing.T) {
	t.Parallel()
	future, past := laketest.Noon.AddDate(10, 0, 0), time.Unix(1, 0)
	first := []string{
		laketest.Paid("ch_future", future), laketest.Paid("ch_1970", past), laketest.Paid("ch_now", laketest.Noon.Add(-time.Hour)),
	}
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, first...))
	s.Sync("charges")
	s.Expect("charges", "SELECT id FROM charges ORDER BY id", "ch_1970", "ch_now")
	s.Expect("complete", "SELECT complete_through FROM meta.coverage WHERE resource = 'charges'", "2025-06-01 11:59:00")

	later := laketest.Noon.Add(time.Hour)
	imported := laketest.Paid("ch_imported", laketest.Noon.AddDate(-20, 0, 0))
	s.Becomes(laketest.Recorded(t, 1, later, append(first, imported, laketest.Paid("ch_later", laketest.Noon.Add(time.Minute)),
		laketest.Event("evt_1", "charge.succeeded", laketest.Noon.Add(30*time.Minute), imported))...))
	s.Sync("charges")
	s.Expect("charges", "SELECT id FROM charges ORDER BY id", "ch_1970", "ch_imported", "ch_later", "ch_now")

	s.Becomes(laketest.Recorded(t, 1, future.Add(time.Hour), append(first, imported)...))
	s.Sync("charges")
	s.Expect("when its time has come", "SELECT count(*) FROM charges WHERE id = 'ch_future'", "1")
}

// Our clock is far ahead of Stripe's, and far behind: what counts is Stripe's.
func TestCase13ClocksApart(t *testing.T) {
	t.Parallel()
	for _, now := range []time.Time{laketest.Noon, time.Now().AddDate(10, 0, 0).UTC().Truncate(time.Second)} {
		s := laketest.NewScene(t, laketest.Recorded(t, 1, now, laketest.Paid("ch_1", now.Add(-time.Hour))))
		s.Sync("charges")
		// The new one is older than our clock says it is now, or newer.
		s.Becomes(laketest.Recorded(t, 1, now.Add(time.Hour), laketest.Paid("ch_1", now.Add(-time.Hour)), laketest.Paid("ch_2", now.Add(time.Minute))))
		s.Sync("charges")
		s.Expect("charges", "SELECT id FROM charges ORDER BY id", "ch_1", "ch_2")
		through, err := time.Parse(time.DateTime, s.Rows("SELECT complete_through FROM meta.coverage WHERE resource = 'charges'")[0])
		if diff := cmp.Diff(now.Add(59*time.Minute), through); err != nil || diff != "" {
			t.Error(diff, err)
		}
	}
}
