package pipeline_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/stripesim"
)

// returning is a customer who was forgotten and buys again, beside one who was not.
type returning struct {
	*scene
	early, late http.Handler // Stripe before the purchase and after it

	mu    sync.Mutex
	asked []string // paths, in order; a list of a payment's charges apart
}

// herMarks are what nothing in the lake may hold.
var herMarks = []string{"ann@example.com", "cus_ann"}

// newReturning makes a lake that forgot cus_ann. What she buys later is served by
// late, with what somebody else buys then.
func newReturning(t *testing.T) *returning {
	t.Helper()
	at := noon.Add(-24 * time.Hour)
	objects := slices.Concat(
		[]string{sent("customer", "cus_ann", at, `"email":"ann@example.com"`), sent("customer", "cus_bob", at)},
		purchase("old", "cus_ann", at), purchase("bob", "cus_bob", at))
	x := &returning{scene: newScene(t, recorded(t, 1, noon, objects...))}
	x.sync()
	if _, err := forget(t.Context(), x.lake, nil, "cus_ann"); err != nil {
		t.Fatal(err)
	}
	x.early = recorded(t, 1, noon.Add(3*time.Hour), objects...)
	objects = append(objects, purchase("new", "cus_ann", noon.Add(time.Hour))...)
	objects = append(objects, purchase("other", "cus_bob", noon.Add(time.Hour))...)
	x.late = recorded(t, 1, noon.Add(3*time.Hour), objects...)
	return x
}

// purchase is a charge that is refunded and disputed, with what Stripe tells of it.
// Who bought stands in every description.
func purchase(id, customer string, at time.Time) []string {
	who := strings.ReplaceAll(`"description":"bought by WHO","metadata":{"id":"WHO"},"instructions_email":"WHO",
		"fee_details":[{"type":"tax","currency":"usd","amount":0,"description":"for WHO"}]`, "WHO", strings.TrimPrefix(customer, "cus_")+"@example.com")
	moved := func(txn, source, kind, category string, amount int) string {
		return sent("balance_transaction", txn, at, fmt.Sprintf(
			`"source":%q,"reporting_category":%q,"type":%q,"amount":%d,"fee":0,"net":%[4]d,"currency":"usd","status":"available","available_on":%d`,
			source, category, kind, amount, at.Unix()), who)
	}
	refund := sent("refund", "re_"+id, at, fmt.Sprintf(
		`"charge":"ch_%s","payment_intent":"pi_%s","balance_transaction":"txn_re_%s","amount":50,"currency":"usd","status":"succeeded"`, id, id, id), who)
	dispute := sent("dispute", "du_"+id, at, fmt.Sprintf(`"charge":"ch_%s","amount":10,"evidence":{"customer_email_address":"%s@example.com"}`, id, strings.TrimPrefix(customer, "cus_")))
	return []string{
		paid("ch_"+id, at, fmt.Sprintf(`"customer":%q,"payment_intent":"pi_%s","balance_transaction":"txn_ch_%s","dispute":"du_%s","amount_refunded":50`, customer, id, id, id), who),
		refund,
		// Of a payment, and of no charge.
		sent("refund", "re_pi_"+id, at, fmt.Sprintf(`"charge":null,"payment_intent":"pi_%s","amount":0,"currency":"usd","status":"failed"`, id), who),
		moved("txn_ch_"+id, "ch_"+id, "charge", "charge", 100), moved("txn_re_"+id, "re_"+id, "refund", "refund", -50),
		moved("txn_du_"+id, "du_"+id, "adjustment", "dispute", -10),
		event("evt_re_"+id, "refund.created", at, refund), event("evt_du_"+id, "charge.dispute.created", at, dispute),
	}
}

// answer says by whom each request is answered; nil answers it by late.
func (x *returning) answer(by func(w http.ResponseWriter, r *http.Request) bool) {
	x.becomes(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x.mu.Lock()
		path := r.URL.Path
		if r.URL.Query().Get("payment_intent") != "" {
			path += "/of a payment"
		}
		x.asked = append(x.asked, path)
		x.mu.Unlock()
		if by == nil || !by(w, r) {
			x.late.ServeHTTP(w, r)
		}
	}))
}

// checkNowhere checks that no file of the lake knows her, and that verify is content.
func (x *returning) checkNowhere() {
	x.t.Helper()
	if diff := cmp.Diff(map[string]map[string]bool{}, look(x.t, x.lake, herMarks)); diff != "" {
		x.t.Errorf("she is back:\n%s", diff)
	}
	clean(x.t, x.lake, false)
}

// Lists that show her charge later than its refund and its money: each list is of
// another moment, the one of the charges the earliest.
func hideCharges(x *returning) func(w http.ResponseWriter, r *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/v1/charges" && r.URL.Query().Get("payment_intent") == "" {
			x.early.ServeHTTP(w, r)
			return true
		}
		return false
	}
}

// TestLaterPurchasesStayOut holds that nothing of what a forgotten customer buys
// later comes in, though its refund and its money are listed before the charge that
// says whose they are: the charge is asked for by its id.
func TestLaterPurchasesStayOut(t *testing.T) {
	t.Parallel()
	x := newReturning(t)
	x.answer(hideCharges(x))
	summary := x.sync()
	x.checkNowhere()
	if summary.Suppressed == 0 || summary.Blanked != 0 {
		t.Errorf("%d left out, %d without text", summary.Suppressed, summary.Blanked)
	}
	x.expect("what somebody else bought", "SELECT id FROM balance_transactions WHERE description LIKE '%bob%' ORDER BY 1",
		"txn_ch_bob", "txn_ch_other", "txn_du_bob", "txn_du_other", "txn_re_bob", "txn_re_other")
	x.expect("their refunds", "SELECT id FROM refunds WHERE description LIKE '%bob%' ORDER BY 1", "re_bob", "re_other", "re_pi_bob", "re_pi_other")
	x.answer(nil)
	x.sync() // lists the charges, too
	x.checkNowhere()
}

// TestUnknownChargesAreBlanked holds that where Stripe does not tell whose a charge
// is, what came of it is kept without its text, and counted.
func TestUnknownChargesAreBlanked(t *testing.T) {
	t.Parallel()
	for status, code := range map[int]string{http.StatusNotFound: "resource_missing", http.StatusForbidden: "", http.StatusBadRequest: ""} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			x := newReturning(t)
			hidden := hideCharges(x)
			x.answer(func(w http.ResponseWriter, r *http.Request) bool {
				if strings.HasPrefix(r.URL.Path, "/v1/charges/") || r.URL.Query().Get("payment_intent") != "" {
					w.WriteHeader(status)
					fmt.Fprintf(w, `{"error":{"type":"invalid_request_error","code":%q,"param":"id","message":"no"}}`, code)
					return true
				}
				return hidden(w, r)
			})
			summary, err := x.try("refunds", "balance_transactions")
			if err != nil {
				t.Fatal(err)
			}
			if summary.Blanked != 10 {
				t.Errorf("%d kept without text, want four refunds and six balance transactions", summary.Blanked)
			}
			if !slices.ContainsFunc(x.notices, func(n string) bool {
				return strings.Contains(n, "kept without descriptions and other text") && strings.Contains(n, fmt.Sprint(status))
			}) {
				t.Errorf("it said %q", x.notices)
			}
			x.checkNowhere()
			x.expect("the money", "SELECT id, amount_minor, coalesce(description, '') FROM balance_transactions WHERE id LIKE '%_new' ORDER BY 1",
				"txn_ch_new 100 ", "txn_du_new -10 ", "txn_re_new -50 ")
			// To a comparison with Stripe, an object without its text is that object.
			v := pipeline.Verify{Dir: x.lake, Wait: -1, Stripe: &pipeline.AtStripe{Client: historySync(t, x.lake, x.api, nil).Client}}
			if found, err := v.Run(t.Context()); err != nil {
				t.Errorf("%v: %+v", err, found.Checks)
			}
			if again, err := x.try("refunds", "balance_transactions"); err != nil || again.Blanked != 0 {
				t.Errorf("again: %d, %v", again.Blanked, err)
			}
		})
	}
}

// TestChargesThatAreAskedForInVain holds that an outage is no refusal: what it
// concerns is not kept, and read by the next run.
func TestChargesThatAreAskedForInVain(t *testing.T) {
	t.Parallel()
	x := newReturning(t)
	hidden := hideCharges(x)
	x.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/v1/charges/") {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		return hidden(w, r)
	})
	before := digest(t, x.lake)
	summary, err := x.try()
	if pipeline.ExitCode(err) != 3 || summary.Unread["refunds"] == "" || summary.Unread["balance_transactions"] == "" {
		t.Fatalf("exit %d, %v", pipeline.ExitCode(err), err)
	}
	after := digest(t, x.lake)
	for _, table := range []string{"refunds", "balance_transactions"} {
		if before[table] != after[table] {
			t.Errorf("%s have changed", table)
		}
	}
	x.answer(nil)
	if summary := x.sync(); summary.Blanked != 0 {
		t.Errorf("%d without text", summary.Blanked)
	}
	x.checkNowhere()
	x.expect("what somebody else bought", "SELECT id FROM refunds WHERE description LIKE '%bob%' ORDER BY 1", "re_bob", "re_other", "re_pi_bob", "re_pi_other")
}

// TestBlankedRowsAreFound holds that verify names what is in the lake of somebody
// who was forgotten, with the way to erase it: here of a charge that could not be
// asked for, and is listed later.
func TestBlankedRowsAreFound(t *testing.T) {
	t.Parallel()
	x := newReturning(t)
	x.answer(func(w http.ResponseWriter, r *http.Request) bool {
		forbidden := strings.HasPrefix(r.URL.Path, "/v1/charges")
		if forbidden {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"error":{"type":"invalid_request_error","message":"no"}}`)
		}
		return forbidden
	})
	if _, err := x.try(); pipeline.ExitCode(err) != 3 {
		t.Fatal(err)
	}
	x.answer(nil)
	x.sync()
	found, err := (&pipeline.Verify{Dir: x.lake, Wait: -1}).Run(t.Context())
	if pipeline.ExitCode(err) != 3 {
		t.Fatal(err)
	}
	for _, c := range found.Checks {
		for _, f := range c.Findings {
			if !strings.Contains(f.Fix, "stripelake forget cus_…") {
				t.Errorf("%+v", f)
			}
		}
	}
	if _, err := forget(t.Context(), x.lake, nil, "cus_ann"); err != nil {
		t.Fatal(err)
	}
	x.checkNowhere()
	x.expect("what is left", "SELECT id FROM refunds ORDER BY 1", "re_bob", "re_other", "re_pi_bob", "re_pi_other")
}

// TestNobodyWaitsForCharges holds that what waits for the charges of a run ends with
// it, however those end.
func TestNobodyWaitsForCharges(t *testing.T) {
	t.Parallel()
	failing := func(status int) func(w http.ResponseWriter, r *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/v1/charges" {
				w.WriteHeader(status)
				fmt.Fprint(w, `{"error":{"type":"invalid_request_error","message":"broken"}}`)
			}
			return r.URL.Path == "/v1/charges"
		}
	}
	for _, tc := range []struct {
		name      string
		resources []string
		answer    func(w http.ResponseWriter, r *http.Request) bool
		code      int
	}{
		{"they may not be read", nil, failing(http.StatusForbidden), 3},
		{"their list breaks", nil, failing(http.StatusBadRequest), 3},
		{"they are not selected", []string{"balance_transactions"}, nil, 0},
		{"nothing else is", []string{"refunds"}, nil, 0},
		{"the key is revoked meanwhile", nil, failing(http.StatusUnauthorized), 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			x := newReturning(t)
			x.answer(tc.answer)
			if _, err := x.try(tc.resources...); pipeline.ExitCode(err) != tc.code {
				t.Errorf("exit %d, %v", pipeline.ExitCode(err), err)
			}
			if found := look(t, x.lake, herMarks); len(found) > 0 {
				t.Errorf("she is back: %v", found)
			}
		})
	}
	t.Run("the run is stopped meanwhile", func(t *testing.T) {
		t.Parallel()
		x := newReturning(t)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		x.answer(func(_ http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/v1/charges" {
				stop()
				<-r.Context().Done()
			}
			return false
		})
		sync := newSync(x.lake, x.api, nil)
		sync.Range.From = noon.Add(-48 * time.Hour)
		if _, err := sync.Run(ctx); pipeline.ExitCode(err) != 130 {
			t.Errorf("exit %d, %v", pipeline.ExitCode(err), err)
		}
		// What waited begins where it was told to all the same.
		if from, err := sync.Lake.Start(account(t, x.lake), "refunds"); err != nil || from.IsZero() {
			t.Errorf("refunds begin at %v, %v", from, err)
		}
	})
}

// TestRefundsComeAfterTheirCharges holds the order in which a lake that forgot
// somebody is read, and that one that forgot nobody does neither wait nor ask.
func TestRefundsComeAfterTheirCharges(t *testing.T) {
	t.Parallel()
	x := newReturning(t)
	x.answer(nil)
	x.sync()
	last := func(path string) int {
		for i, p := range slices.Backward(x.asked) {
			if p == path {
				return i
			}
		}
		return -1
	}
	charges, refunds := last("/v1/charges"), slices.Index(x.asked, "/v1/refunds")
	if money := slices.Index(x.asked, "/v1/balance_transactions"); charges > refunds || last("/v1/refunds") > money {
		t.Errorf("asked in the order %q", x.asked)
	}
}

// A lake that forgot nobody reads all lists at once: the list of the charges is not
// answered before the two others are asked for, as nobody who waits would.
func TestNobodyForgottenNobodyWaits(t *testing.T) {
	t.Parallel()
	at := noon.Add(-time.Hour)
	x := &returning{scene: newScene(t, nil)}
	x.late = recorded(t, 1, noon, append(purchase("new", "cus_ann", at), sent("customer", "cus_ann", at))...)
	var refunds, money sync.Once
	asked := make(chan struct{}, 2)
	x.answer(func(_ http.ResponseWriter, r *http.Request) bool {
		switch r.URL.Path {
		case "/v1/refunds":
			refunds.Do(func() { asked <- struct{}{} })
		case "/v1/balance_transactions":
			money.Do(func() { asked <- struct{}{} })
		case "/v1/charges":
			for range cap(asked) {
				select {
				case <-asked:
				case <-r.Context().Done():
				}
			}
			asked <- struct{}{} // for the next page
			asked <- struct{}{}
		}
		return false
	})
	x.sync()
	for _, path := range x.asked {
		if strings.HasPrefix(path, "/v1/charges/") || strings.HasPrefix(path, "/v1/refunds/") {
			t.Errorf("asked for %s", path)
		}
	}
	if _, err := os.Stat(filepath.Join(x.lake, "forgotten.json")); !os.IsNotExist(err) {
		t.Errorf("a list of the forgotten: %v", err)
	}
}

// TestForgottenBuysWhileKilled has a forgotten customer buy while the charges are
// listed, and kills the sync at a moment that comes later each time. The next sync
// finishes it; nothing that is hers is in the lake ever after, and nothing is
// missing in it.
func TestForgottenBuysWhileKilled(t *testing.T) {
	t.Parallel()
	server := shop(t, nil)
	x := &returning{scene: newScene(t, server.Handler())}
	x.sync()
	marks := strings.Fields(x.rows(`SELECT c.id, email FROM customers c SEMI JOIN charges ON customer_id = c.id
		WHERE email IS NOT NULL ORDER BY ALL LIMIT 1`)[0])
	her := marks[0]
	if found := look(t, x.lake, marks)["segment"]; len(found) != 2 {
		t.Fatalf("of %q in the log: %v", marks, found)
	}
	if _, err := forget(t.Context(), x.lake, nil, her); err != nil {
		t.Fatal(err)
	}
	var buys sync.Mutex // one purchase a run
	bought := true
	x.late = server.Handler()
	x.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/v1/charges" {
			return false
		}
		server.Handler().ServeHTTP(w, r)
		buys.Lock()
		defer buys.Unlock()
		if !bought {
			charge := act(t, server, stripesim.CreateCharge, her)
			refund := act(t, server, stripesim.PartialRefund, charge)
			act(t, server, stripesim.UpdateRefund, refund)
			act(t, server, stripesim.DisputeCharge, act(t, server, stripesim.CreateCharge, her))
			act(t, server, stripesim.CreateCharge)
			server.Advance(5 * time.Minute)
			bought = true
		}
		return true
	})
	for n := 1; n < 40; n += 6 {
		server.Advance(time.Hour)
		buys.Lock()
		bought = false
		buys.Unlock()
		moment, _ := crash(t, x.lake, n, crashAPI+"="+x.api)
		x.sync()
		if found := look(t, x.lake, marks); len(found) > 0 {
			t.Fatalf("after a kill at moment %d (%s) she is back: %v", n, moment, found)
		}
	}
	server.Advance(time.Hour)
	x.sync()
	clean(t, x.lake, true)
	x.expect("of what is not there", `SELECT id FROM refunds WHERE charge_id NOT IN (SELECT id FROM charges)
		UNION ALL FROM (SELECT id FROM balance_transactions WHERE source_id[:3] IN ('ch_', 'py_') AND source_id NOT IN (SELECT id FROM charges))
		UNION ALL FROM (SELECT id FROM balance_transactions WHERE source_id[:3] IN ('re_', 'pyr') AND source_id NOT IN (SELECT id FROM refunds))
		UNION ALL FROM (SELECT id FROM balance_transactions WHERE source_id[:3] IN ('dp_', 'du_') AND source_id NOT IN (SELECT dispute_id FROM meta.dispute_charges))`)
	x.expect("what came of others", "SELECT count(*) >= 7 FROM charges WHERE created >= '2025-03-14'", "true")
}
