package pipeline_test

import (
	"context"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/schemas"
)

// Ids that merchants chose go into paths as Stripe reads them: a customer and a
// price whose ids have a + are read again, and not taken for deleted.
func TestPlusInID(t *testing.T) {
	t.Parallel()
	ago, soon := laketest.Noon.Add(-time.Hour), laketest.Noon.Add(30*time.Minute)
	ann := func(name string) string {
		return laketest.Sent("customer", "ann+shop@example.com", ago, `"name":"`+name+`"`)
	}
	plan := func(name string) string {
		return laketest.Sent("price", "Professional+", ago, `"active":true,"currency":"usd","type":"one_time","unit_amount":5,"nickname":"`+name+`"`)
	}
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, ann("Ann"), plan("old")))
	s.Sync("customers", "prices")
	s.Becomes(laketest.Recorded(t, 1, laketest.Noon.Add(time.Hour), ann("Ann Smith"), plan("new"),
		laketest.Event("evt_1", "customer.updated", soon, ann("Ann Smith")), laketest.Event("evt_2", "price.updated", soon, plan("new"))))
	s.Sync("customers", "prices")
	s.Expect("the customer", "SELECT id, name, deleted FROM customers", "ann+shop@example.com Ann Smith false")
	s.Expect("the price", "SELECT id, nickname, deleted FROM prices", "Professional+ new false")
}

// What the list of that second still shows is not deleted, whatever is answered
// to its id; what it does not show is, at once.
func TestListDecidesAfter404(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, nil)
	s := laketest.NewScene(t, server.Handler())
	s.Sync()
	changed := []string{laketest.Act(t, server, stripesim.UpdateCustomer), laketest.Act(t, server, stripesim.UpdateCharge), laketest.Act(t, server, stripesim.UpdatePrice)}
	gone := laketest.Act(t, server, stripesim.DeletePrice)
	server.Advance(5 * time.Minute)
	if err := server.SetFaults(stripesim.Fault{Kind: stripesim.NotFound, Times: stripesim.Always}); err != nil {
		t.Fatal(err)
	}
	s.Sync()
	if struck := server.Struck()[stripesim.NotFound]; struck < 3 {
		t.Errorf("only %d were not found", struck)
	}
	for i, table := range []string{"customers", "charges", "prices"} {
		s.Expect(table, "SELECT metadata['revision'], deleted FROM "+table+" WHERE id = '"+changed[i]+"'", "1 false")
	}
	s.Expect("the deleted price", "SELECT id FROM prices WHERE deleted", gone)
	if requests := quiet(s, server); requests != 9 {
		t.Errorf("a quiet sync takes %d requests", requests)
	}
}

// quiet is how many requests a sync takes when nothing has happened since.
func quiet(s *laketest.Scene, server *stripesim.Server) int64 {
	server.Advance(time.Hour)
	before := s.Asked.Load()
	s.Sync()
	return s.Asked.Load() - before
}

// An inline price is in no list: one 404 is not believed, nor lost with the
// state, nor with a compaction; the second one in another sync is.
func TestSecond404(t *testing.T) {
	t.Parallel()
	ago := laketest.Noon.Add(-time.Hour)
	price := laketest.Sent("price", "price_in+line", ago, `"active":true,"currency":"usd","type":"recurring","unit_amount":5`)
	sub := laketest.Sent("subscription", "sub_1", ago, `"status":"active","currency":"usd","items":{"object":"list","has_more":false,"data":[`+
		`{"id":"si_1","object":"subscription_item","created":1,"price":`+price+`}]}`)
	told := laketest.Event("evt_1", "price.deleted", laketest.Noon.Add(30*time.Minute), price)
	var mu sync.Mutex // guards asked
	asked := 0
	hiding := func(stripe http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/v1/prices/") {
				mu.Lock()
				asked++
				mu.Unlock()
			}
			serveWithout(t, stripe, []string{"price_in+line"}, w, r)
		})
	}
	at := func(hour int, objects ...string) http.Handler {
		return hiding(laketest.Recorded(t, 1, laketest.Noon.Add(time.Duration(hour)*time.Hour), append(objects, sub)...))
	}
	for name, between := range laketest.Sampled(map[string]func(s *laketest.Scene){
		"at once": func(*laketest.Scene) {},
		"the state is lost": func(s *laketest.Scene) {
			if err := os.RemoveAll(filepath.Join(s.Lake, ".state")); err != nil {
				t.Fatal(err)
			}
		},
		"small segments are merged": func(s *laketest.Scene) {
			if _, err := pipeline.Compact(t.Context(), laketest.NewPatientSync(t, s.Lake, s.API, nil).Lake, 0); err != nil {
				t.Fatal(err)
			}
		},
		"it is found again": nil,
	}) {
		asked = 0
		s := laketest.NewScene(t, at(0, price))
		sync := func(want string, requests int) {
			t.Helper()
			s.Sync("prices", "subscriptions")
			s.Expect(name, "SELECT id, deleted FROM prices", "price_in+line "+want)
			if asked != requests {
				t.Errorf("%s: it was asked for %d times, want %d", name, asked, requests)
			}
		}
		sync("false", 1)
		s.Becomes(at(1, told))
		sync("false", 2)
		hour := 2
		if between == nil {
			for range 2 { // found once, and then nothing waits any more
				s.Becomes(at(hour, price, told))
				sync("false", 3)
				hour++
			}
			continue
		}
		between(s)
		s.Becomes(at(hour, told))
		sync("true", 3)
		s.Becomes(at(hour+1, told))
		sync("true", 3)
		laketest.CheckSound(t, s.Lake, true)
	}
}

// What is answered for an object and is not the object makes no tombstone and no
// row; the sync says so, and the next one has it.
func TestAnswersOfTheWrongKind(t *testing.T) {
	t.Parallel()
	for _, kind := range laketest.SampledList([]stripesim.FaultKind{stripesim.NotFoundParam, stripesim.WrongKind, stripesim.FalseStub}) {
		server := laketest.Shop(t, nil)
		s := laketest.NewScene(t, server.Handler())
		s.Sync()
		charge, subscription := laketest.Act(t, server, stripesim.UpdateCharge), laketest.Act(t, server, stripesim.UpdateSubscription)
		server.Advance(5 * time.Minute)
		if err := server.SetFaults(
			stripesim.Fault{Kind: kind, Path: "/v1/charges/" + charge, Times: stripesim.Always}, stripesim.Fault{Kind: kind, Path: "/v1/subscriptions/" + subscription, Times: stripesim.Always}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Try(); pipeline.ExitCode(err) != 3 || !strings.Contains(err.Error(), charge) || !strings.Contains(err.Error(), "req_") {
			t.Errorf("%s: %v", kind, err)
		}
		look := func(want string) {
			t.Helper()
			for table, id := range map[string]string{"charges": charge, "subscriptions": subscription} {
				s.Expect(string(kind)+" "+table, "SELECT metadata['revision'], deleted FROM "+table+" WHERE id = '"+id+"'", want)
			}
			s.Expect(string(kind), "SELECT (SELECT count(*) FROM customers WHERE deleted), (SELECT count(*) FROM meta.rejects)", "0 0")
		}
		look("null false")
		if err := server.SetFaults(); err != nil {
			t.Fatal(err)
		}
		s.Sync()
		look("1 false")
	}
}

// A forgotten customer's id does not wait in a cursor.
func TestNobodyForgottenIsMissing(t *testing.T) {
	t.Parallel()
	ann := laketest.Sent("customer", "cus_ann", laketest.Noon.Add(-time.Hour))
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, ann, laketest.Sent("customer", "cus_bob", laketest.Noon.Add(-2*time.Hour))))
	s.Sync("customers")
	soon := laketest.Sent("customer", "cus_soon", laketest.Noon.AddDate(1, 0, 0))
	s.Becomes(laketest.Recorded(t, 1, laketest.Noon.Add(time.Hour), ann, laketest.Event("evt_1", "customer.updated", laketest.Noon.Add(30*time.Minute), strings.Replace(soon, `"created"`, `"made"`, 1))))
	s.Sync("customers")
	cursor := func() string {
		text, err := os.ReadFile(filepath.Join(s.Rows("SELECT 'LAKE/raw/' || account || '/customers' FROM customers LIMIT 1")[0], "cursor.json"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if text := cursor(); !strings.Contains(text, "cus_soon") {
		t.Fatalf("nothing is missing: the test would prove nothing: %s", text)
	}
	lake := laketest.NewPatientSync(t, s.Lake, s.API, nil).Lake
	list, err := lake.Forgotten()
	if err == nil {
		err = list.Add(t.Context(), s.Rows("SELECT account FROM customers LIMIT 1")[0], []string{"cus_soon"})
	}
	if err != nil {
		t.Fatal(err)
	}
	s.Sync("customers")
	if text := cursor(); strings.Contains(text, "cus_soon") || strings.Contains(text, "forgotten") {
		t.Errorf("the cursor is %s", text)
	}
}

// TestNothingListedIsDeleted holds that whatever is answered to ids, no row is
// marked as deleted that a list shows; and that two syncs in quiet weather have
// everything, with a tombstone of each that is gone.
func TestNothingListedIsDeleted(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute under the race detector")
	}
	// Not parallel: the number of checks is rapid's, for every test of the process.
	before := flag.Lookup("rapid.checks").Value.String()
	defer func() { _ = flag.Set("rapid.checks", before) }()
	if err := flag.Set("rapid.checks", strconv.Itoa(max(*histories/2, 1))); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) { nothingListedIsDeleted(t, rt) })
}

func nothingListedIsDeleted(t *testing.T, rt *rapid.T) {
	doubtful := []stripesim.FaultKind{stripesim.NotFound, stripesim.NotFound, stripesim.NotFoundParam, stripesim.WrongKind}
	server, err := stripesim.New(stripesim.Config{
		Seed: rapid.Int64Range(1, 1000).Draw(rt, "seed"), Charges: rapid.SampledFrom([]int{30, 300}).Draw(rt, "charges"), Deletions: 30,
		ChosenIDs: rapid.SampledFrom([]int{0, 500, 1000}).Draw(rt, "chosen"), Variants: 300,
		Shape:  rapid.SampledFrom([]stripesim.Shape{"", stripesim.ShapeOneSecond}).Draw(rt, "shape"),
		Now:    time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 100*24).Draw(rt, "hours")) * time.Hour),
		Lag:    time.Duration(rapid.IntRange(0, 20).Draw(rt, "lag")) * time.Second,
		Faults: stripesim.Faults{Rate: rapid.SampledFrom([]float64{0.3, 0.6}).Draw(rt, "faults"), Kinds: doubtful, Seed: 1},
	})
	if err != nil {
		rt.Fatal(err)
	}
	url, stop, err := server.Start("127.0.0.1:0")
	if err != nil {
		rt.Fatal(err)
	}
	defer stop()
	dir := t.TempDir()
	defer func() { _ = os.RemoveAll(dir) }()
	lake := filepath.Join(dir, "lake")
	actions := append(stripesim.Actions(), stripesim.DeletePrice, stripesim.DeletePrice, stripesim.CreatePrice, stripesim.UpdateCustomer)
	for range rapid.IntRange(1, 4).Draw(rt, "rounds") {
		somehow(rt, lake, url)
		checkLiving(rt, lake, server)
		for range rapid.IntRange(0, 4).Draw(rt, "bursts") {
			action := rapid.SampledFrom(actions).Draw(rt, "action")
			if ids, err := server.Change(action, rapid.IntRange(1, 5).Draw(rt, "times")); err != nil {
				rt.Logf("%s: %d done, then %v", action, len(ids), err)
			}
			server.Advance(time.Duration(rapid.SampledFrom([]int{0, 1, 59, 61, 3000}).Draw(rt, "pause")) * time.Second)
		}
		server.Advance(time.Duration(rapid.SampledFrom([]int{0, 5, 600, 40_000, 40 * 86_400}).Draw(rt, "gap")) * time.Second)
	}
	server.Advance(5 * time.Minute)
	if err := server.SetFaults(); err != nil {
		rt.Fatal(err)
	}
	for range 2 {
		if _, err := laketest.NewPatientSync(rt, lake, url, nil).Run(context.Background()); err != nil {
			rt.Fatalf("a quiet sync: %v", err)
		}
		server.Advance(5 * time.Minute)
	}
	laketest.CheckAgainstLedger(rt, lake, server)
}

// checkLiving holds that nothing which Stripe has is marked as deleted in the log.
func checkLiving(rt rapid.TB, dir string, server *stripesim.Server) {
	lake := laketest.NewSync(dir, "http://127.0.0.1:1", nil).Lake
	for _, resource := range pipeline.Resources(schemas.ShippedResources()) {
		deleted := map[string]bool{}
		for batch, err := range lake.Read(context.Background(), server.AccountID(), resource.Name, 0) {
			if err != nil {
				rt.Fatal(err)
			}
			for _, o := range batch.Objects {
				deleted[o.ID] = o.Deleted
			}
		}
		for id := range server.Ledger().IDs(resource.Name) {
			if deleted[id] {
				rt.Errorf("%s %s is marked as deleted", resource.Name, id)
			}
		}
	}
}
