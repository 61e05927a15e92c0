package pipeline_test

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
)

// lateStripe shows some objects in its lists and more of them by their ids.
type lateStripe struct {
	http.Handler
	byID http.Handler

	mu      sync.Mutex
	fetched []string // the ids of balance transactions that were asked for
}

func (l *lateStripe) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if id, ok := strings.CutPrefix(r.URL.Path, "/v1/balance_transactions/"); ok {
		l.mu.Lock()
		l.fetched = append(l.fetched, id)
		l.mu.Unlock()
		l.byID.ServeHTTP(w, r)
		return
	}
	l.Handler.ServeHTTP(w, r)
}

// lateScene is a scene at whose Stripe balance transactions can be late.
type lateScene struct {
	*laketest.Scene
	t  *testing.T
	at time.Time
	*lateStripe
}

func newLateScene(t *testing.T, listed, byID []string) *lateScene {
	t.Helper()
	l := &lateScene{t: t, at: laketest.Noon}
	l.has(listed, byID)
	l.Scene = laketest.NewScene(t, l.lateStripe)
	return l
}

// has says what Stripe lists from now on, and what else it has by id.
func (l *lateScene) has(listed, byID []string) {
	stripe := &lateStripe{Handler: laketest.Recorded(l.t, 1, l.at, listed...), byID: laketest.Recorded(l.t, 1, l.at, append(slices.Clone(byID), listed...)...)}
	if l.lateStripe = stripe; l.Scene != nil {
		l.Becomes(stripe)
	}
}

// after moves Stripe's clock on.
func (l *lateScene) after(d time.Duration, listed, byID []string) {
	l.at = l.at.Add(d)
	l.has(listed, byID)
}

const notFoundRows = "SELECT id FROM meta.not_found"

// What a charge or a refund names and no list has shown where it should have is
// read by its id, once; the list needs no second look for that.
func TestNamedIsReadByID(t *testing.T) {
	t.Parallel()
	at := laketest.Noon.Add(-time.Hour)
	listed := []string{
		laketest.Paid("ch_1", at, `"balance_transaction":"txn_late"`, `"failure_balance_transaction":"txn_failed"`), laketest.Paid("ch_2", at, `"balance_transaction":"txn_2"`),
		movement("txn_2", "charge", "ch_2", at, 100, 0),
		laketest.Paid("ch_young", laketest.Noon.Add(-5*time.Minute), `"balance_transaction":"txn_young"`), // a list is still to show it
		returned("re_1", "ch_2", at, 40, `"balance_transaction":"txn_back"`, `"failure_balance_transaction":"txn_again"`),
	}
	byID := []string{
		movement("txn_late", "charge", "ch_1", at, 100, 33), movement("txn_failed", "payment_failure_refund", "ch_1", at, -100, 0),
		movement("txn_back", "refund", "re_1", at, -40, 0), movement("txn_again", "refund_failure", "re_1", at, 40, 0),
		movement("txn_young", "charge", "ch_young", laketest.Noon.Add(-5*time.Minute), 100, 0),
	}
	s := newLateScene(t, listed, byID)
	s.Sync()
	slices.Sort(s.fetched)
	if diff := cmp.Diff([]string{"txn_again", "txn_back", "txn_failed", "txn_late"}, s.fetched); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
	s.Expect("the rows", "SELECT id, fee_minor, source_id FROM balance_transactions ORDER BY id",
		"txn_2 0 ch_2", "txn_again 0 re_1", "txn_back 0 re_1", "txn_failed 0 ch_1", "txn_late 33 ch_1")
	log := s.Rows("SELECT id FROM read_parquet('LAKE/raw/*/balance_transactions/*.parquet') WHERE origin = 'retrieve'")
	if len(log) != 4 {
		t.Errorf("the log has %v", log)
	}
	s.after(time.Hour, append(listed, byID...), nil)
	before := s.Asked.Load()
	s.Sync()
	if n := s.Asked.Load() - before; n != 9 || len(s.fetched) > 0 {
		t.Errorf("%d requests, %v among them", n, s.fetched)
	}
	s.Expect("in the log once more", "SELECT count(*) FROM read_parquet('LAKE/raw/*/balance_transactions/*.parquet')", "6")
}

// Nothing is fetched where balance transactions are not read, may not be, are not
// complete, or belong to somebody who was forgotten.
func TestNamedIsLeft(t *testing.T) {
	t.Parallel()
	at := laketest.Noon.Add(-time.Hour)
	listed := []string{laketest.Paid("ch_1", at, `"balance_transaction":"txn_late","customer":"cus_1"`), laketest.Sent("customer", "cus_1", at)}
	byID := []string{movement("txn_late", "charge", "ch_1", at, 100, 33)}
	for name, sync := range laketest.Sampled(map[string]func(s *lateScene){
		"charges alone": func(s *lateScene) { s.Sync("charges"); s.Sync("charges", "refunds") },
		"not permitted": func(s *lateScene) {
			inner := s.Handler
			s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/v1/balance_transactions" {
					w.WriteHeader(http.StatusForbidden)
					_, _ = w.Write([]byte(`{"error":{"type":"invalid_request_error","message":"not permitted"}}`))
					return
				}
				inner.ServeHTTP(w, r)
			})
			if _, err := s.Try(); err == nil {
				s.t.Error("no error")
			}
		},
		"given up": func(s *lateScene) {
			inner := s.Handler
			s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/v1/balance_transactions" {
					_, _ = w.Write([]byte(`<html>`))
					return
				}
				inner.ServeHTTP(w, r)
			})
			if _, err := s.Try(); err == nil {
				s.t.Error("no error")
			}
		},
		"the span is another": func(s *lateScene) {
			sync := laketest.NewPatientSync(s.t, s.Lake, s.API, nil)
			sync.Resources, sync.Range.From = []string{"balance_transactions"}, at.Add(time.Minute)
			if _, err := sync.Run(s.t.Context()); err != nil {
				s.t.Fatal(err)
			}
			s.Sync()
		},
	}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newLateScene(t, listed, byID)
			if sync(s); len(s.fetched) > 0 {
				t.Errorf("asked for %v", s.fetched)
			}
		})
	}
	t.Run("forgotten", func(t *testing.T) {
		t.Parallel()
		s := newLateScene(t, listed, nil)
		s.Sync()
		lake := laketest.NewPatientSync(t, s.Lake, s.API, nil)
		if _, err := (&pipeline.Forget{Customers: []string{"cus_1"}, Mappings: lake.Mappings, Lake: lake.Lake}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		// Refunds of which nothing says whose they are still name what is theirs: one
		// that the list of the forgotten has, and one that only its source tells of.
		soon := laketest.Noon.Add(30 * time.Minute)
		more := append(slices.Clone(listed), returned("re_1", "ch_other", soon, 40, `"balance_transaction":"txn_late"`), returned("re_2", "ch_other", soon, 40, `"balance_transaction":"txn_theirs"`))
		var fetched []string
		for range 3 {
			s.after(24*time.Hour, more, append(slices.Clone(byID), movement("txn_theirs", "refund", "ch_1", soon, 100, 33)))
			s.Sync()
			fetched = append(fetched, s.fetched...)
		}
		if diff := cmp.Diff([]string{"txn_theirs"}, fetched); diff != "" {
			t.Errorf("asked for (-want +got):\n%s", diff)
		}
		s.Expect("the refunds", "SELECT id FROM refunds ORDER BY id", "re_1", "re_2")
		s.Expect("the rows", "SELECT id FROM balance_transactions")
	})
}

// An object that is not found by its id is requested once a day for a week, and
// reported all that time; syncs in between that request nothing report nothing.
// It is read when Stripe has it.
func TestNamedIsNotFound(t *testing.T) {
	laketest.Slow(t)
	t.Parallel()
	at := laketest.Noon.Add(-time.Hour)
	charge := laketest.Paid("ch_1", at, `"balance_transaction":"txn_late"`)
	late := movement("txn_late", "charge", "ch_1", at, 100, 33)
	s := newLateScene(t, []string{charge}, nil)
	advice := func() string {
		t.Helper()
		found, err := (&pipeline.Verify{Dir: s.Lake, Wait: -1}).Run(t.Context())
		if pipeline.ExitCode(err) > 3 {
			t.Fatal(err)
		}
		for _, c := range found.Checks {
			for _, f := range c.Findings {
				return f.Says + "; " + f.Fix
			}
		}
		return ""
	}
	var asked []int
	for d := range 9 {
		for range 3 {
			s.after(time.Hour, []string{charge}, nil)
			before := s.Asked.Load()
			s.Sync()
			if n := s.Asked.Load() - before; len(s.fetched) == 0 && n > 11 {
				t.Errorf("day %d: %d requests", d, n)
			}
			asked = append(asked, len(s.fetched))
		}
		if d == 1 && !strings.HasSuffix(advice(), "and Stripe does not find it: asked 2 times, last at 2025-06-02T13:00:00Z; run stripelake sync, which asks for it once a day for a week") {
			t.Error(advice())
		}
		s.at = s.at.Add(21 * time.Hour)
	}
	want := slices.Concat(slices.Repeat([]int{1, 0, 0}, 7), slices.Repeat([]int{0}, 6))
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("asked for by sync (-want +got):\n%s", diff)
	}
	status, err := pipeline.ReadStatus(t.Context(), s.Lake)
	if err != nil || !slices.Equal(status.Resources[3].NotFound, []string{"txn_late"}) {
		t.Errorf("%+v, %v", status.Resources[3], err)
	}
	if told := s.Notices[len(s.Notices)-1]; len(s.Notices) < 7 || !strings.Contains(told, "not found at Stripe, such as txn_late") {
		t.Errorf("%d notices: %s", len(s.Notices), told)
	}
	if !strings.HasSuffix(advice(), "if that shows it, run stripelake verify --stripe --repair, which asks once more") {
		t.Error(advice())
	}
	s.Expect("meta", notFoundRows, "txn_late")

	// A repair that does not find it either counts, and does not begin the week anew.
	s.after(time.Hour, []string{charge}, nil)
	compared(t, s.Scene, 0, true)
	if !strings.Contains(advice(), "asked 8 times") {
		t.Error(advice())
	}
	if s.after(24*time.Hour, []string{charge}, nil); len(s.fetched) != 0 {
		t.Error("a repair has it asked for again")
	}
	s.Sync()
	if len(s.fetched) != 0 {
		t.Error("a repair has it asked for again")
	}

	s.after(time.Hour, []string{charge}, []string{late})
	compared(t, s.Scene, 0, true)
	s.Expect("the repaired row", "SELECT id, fee_minor FROM balance_transactions", "txn_late 33")
	s.Sync()
	s.Expect("meta", notFoundRows)
	if got := advice(); got != "" {
		t.Error(got)
	}
}

// Objects that nothing names, and objects whose event comes late, are found by
// the look-back of the day. An object that is known unchanged is not appended
// again.
func TestLookBack(t *testing.T) {
	t.Parallel()
	at := laketest.Noon.Add(-time.Hour)
	customer := func(name string) string { return laketest.Sent("customer", "cus_1", at, `"name":"`+name+`"`) }
	fee := movement("txn_fee", "stripe_fee", "", at, -500, 0)
	first := []string{customer("Ann"), movement("txn_1", "charge", "ch_1", at, 100, 0), laketest.Paid("ch_1", at, `"balance_transaction":"txn_1"`)}
	then := append(slices.Clone(first), fee, customer("Ann Smith"), laketest.Event("evt_late", "customer.updated", laketest.Noon.Add(30*time.Minute), customer("Ann Smith")))
	s := newLateScene(t, first, nil)
	s.Sync()
	s.after(time.Hour, first, nil)
	s.Sync()
	if s.after(3*time.Hour, then, nil); quietly(s) != 9 {
		t.Error("it looked back on the same day")
	}
	s.Expect("not yet", "SELECT id FROM balance_transactions UNION ALL SELECT name FROM customers", "txn_1", "Ann")
	if s.after(10*24*time.Hour, then, nil); quietly(s) != 9+2+1 { // both lists, and the customer
		t.Error("it did not look back")
	}
	s.Expect("found", "SELECT id FROM balance_transactions UNION ALL SELECT name FROM customers", "txn_1", "txn_fee", "Ann Smith")
	for range 3 {
		if s.after(24*time.Hour, then, nil); quietly(s) != 9+2 {
			t.Error("it did not look back")
		}
		if s.after(time.Hour, then, nil); quietly(s) != 9 {
			t.Error("it looked back again")
		}
	}
	s.Expect("the log", "SELECT count(*) FROM read_parquet(['LAKE/raw/*/balance_transactions/*.parquet', 'LAKE/raw/*/events/*.parquet'])", "3")
	laketest.CheckSound(t, s.Lake, true)
}

// quietly is how many requests a sync takes.
func quietly(s *lateScene) int64 {
	before := s.Asked.Load()
	s.Sync()
	return s.Asked.Load() - before
}

// A lake is what the ledger says though lists and events are late by hours: after
// the next look-back of the day nothing is missing, whatever names it.
func TestLateListsEqualTheLedger(t *testing.T) {
	laketest.Slow(t)
	t.Parallel()
	server := laketest.Shop(t, func(c *stripesim.Config) {
		c.Late, c.Charges = 3*time.Hour, 300
		c.Now = c.From.AddDate(0, 0, 2)
	})
	s := laketest.NewScene(t, server.Handler())
	s.Sync()
	lacked := 0
	for range laketest.Sample(5, 12) {
		for _, action := range []stripesim.Action{stripesim.CreateCharge, stripesim.CreateRefund, stripesim.UpdateCharge, stripesim.UpdateCustomer} {
			laketest.Act(t, server, action)
		}
		server.Advance(100 * time.Minute)
		s.Sync()
		if len(s.Rows("FROM charges c WHERE balance_transaction_id IS NOT NULL AND created < (SELECT max(created) FROM charges) AND NOT EXISTS (FROM balance_transactions b WHERE b.id = c.balance_transaction_id)")) > 0 {
			lacked++
		}
	}
	if lacked > 0 {
		t.Errorf("after %d syncs a charge had no balance transaction", lacked)
	}
	server.Advance(24 * time.Hour)
	s.Sync()
	laketest.CheckAgainstLedger(t, s.Lake, server)
	laketest.CheckSound(t, s.Lake, false)
}

// Of two accounts in a lake each is asked for what its own rows name, and looks
// back on a day of its own.
func TestLateInTwoAccounts(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "lake")
	late := func(seed int64) func(*stripesim.Config) {
		return func(c *stripesim.Config) { c.Seed, c.Late = seed, 3*time.Hour }
	}
	servers := []*stripesim.Server{laketest.Shop(t, late(1)), laketest.Shop(t, late(2))}
	apis := []string{laketest.Serve(t, servers[0]), laketest.Serve(t, servers[1])}
	sync := func(i int) {
		t.Helper()
		if err := laketest.Run(laketest.NewSync(dir, apis[i], nil)); err != nil {
			t.Fatal(err)
		}
	}
	sync(0)
	sync(1)
	for _, server := range servers {
		if _, err := server.Change(stripesim.CreateCharge, 40); err != nil {
			t.Fatal(err)
		}
		server.Advance(time.Hour)
	}
	sync(0)
	sync(1)
	for i, server := range servers {
		byID := 0
		for path, n := range server.Requests() {
			if strings.HasPrefix(path, "/v1/balance_transactions/") {
				byID += n
			}
		}
		if byID == 0 {
			t.Errorf("account %d was asked for none by its id", i)
		}
		server.Advance(24 * time.Hour)
	}
	sync(0)
	laketest.CheckAgainstLedger(t, dir, servers[0])
	sync(1)
	laketest.CheckAgainstLedger(t, dir, servers[1])
	if n := refusalCount(t, dir, "meta.not_found"); n != 0 {
		t.Errorf("%d are not found", n)
	}
}
