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

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

// Lists that show her charge later than its refund and its money: each list is of
// another moment, the one of the charges the earliest.
func hideCharges(x *laketest.Returning) func(w http.ResponseWriter, r *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/v1/charges" && r.URL.Query().Get("payment_intent") == "" {
			x.Early.ServeHTTP(w, r)
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
	x := laketest.NewReturning(t)
	x.Answer(hideCharges(x))
	summary := x.Sync()
	x.CheckNowhere()
	if summary.Suppressed == 0 || summary.Blanked != 0 {
		t.Errorf("%d left out, %d without text", summary.Suppressed, summary.Blanked)
	}
	x.Expect("what somebody else bought", "SELECT id FROM balance_transactions WHERE description LIKE '%bob%' ORDER BY 1",
		"txn_ch_bob", "txn_ch_other", "txn_du_bob", "txn_du_other", "txn_re_bob", "txn_re_other")
	x.Expect("their refunds", "SELECT id FROM refunds WHERE description LIKE '%bob%' ORDER BY 1", "re_bob", "re_other", "re_pi_bob", "re_pi_other")
	x.Answer(nil)
	x.Sync() // lists the charges, too
	x.CheckNowhere()
}

// TestUnknownChargesAreBlanked checks that where Stripe does not say who owns a
// charge, objects that come from it are kept without their text, and counted.
func TestUnknownChargesAreBlanked(t *testing.T) {
	t.Parallel()
	for status, code := range laketest.Sampled(map[int]string{http.StatusNotFound: "resource_missing", http.StatusForbidden: "", http.StatusBadRequest: ""}) {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			x := laketest.NewReturning(t)
			hidden := hideCharges(x)
			x.Answer(func(w http.ResponseWriter, r *http.Request) bool {
				if strings.HasPrefix(r.URL.Path, "/v1/charges/") || r.URL.Query().Get("payment_intent") != "" {
					w.WriteHeader(status)
					fmt.Fprintf(w, `{"error":{"type":"invalid_request_error","code":%q,"param":"id","message":"no"}}`, code)
					return true
				}
				return hidden(w, r)
			})
			summary, err := x.Try("refunds", "balance_transactions")
			if err != nil {
				t.Fatal(err)
			}
			if summary.Blanked != 10 {
				t.Errorf("%d kept without text, want four refunds and six balance transactions", summary.Blanked)
			}
			if !slices.ContainsFunc(x.Notices, func(n string) bool {
				return strings.Contains(n, "kept without descriptions and other text") && strings.Contains(n, fmt.Sprint(status))
			}) {
				t.Errorf("it said %q", x.Notices)
			}
			x.CheckNowhere()
			x.Expect("the money", "SELECT id, amount_minor, coalesce(description, '') FROM balance_transactions WHERE id LIKE '%_new' ORDER BY 1",
				"txn_ch_new 100 ", "txn_du_new -10 ", "txn_re_new -50 ")
			// To a comparison with Stripe, an object without its text is that object.
			v := pipeline.Verify{Dir: x.Lake, Wait: -1, Stripe: &pipeline.AtStripe{Client: laketest.NewPatientSync(t, x.Lake, x.API, nil).Client}}
			if found, err := v.Run(t.Context()); err != nil {
				t.Errorf("%v: %+v", err, found.Checks)
			}
			if again, err := x.Try("refunds", "balance_transactions"); err != nil || again.Blanked != 0 {
				t.Errorf("again: %d, %v", again.Blanked, err)
			}
		})
	}
}

// TestChargesThatAreAskedForInVain holds that an outage is no refusal: what it
// concerns is not kept, and read by the next run.
func TestChargesThatAreAskedForInVain(t *testing.T) {
	t.Parallel()
	x := laketest.NewReturning(t)
	hidden := hideCharges(x)
	x.Answer(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/v1/charges/") {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		return hidden(w, r)
	})
	before := laketest.Digest(t, x.Lake)
	summary, err := x.Try()
	if pipeline.ExitCode(err) != 3 || summary.Unread["refunds"] == "" || summary.Unread["balance_transactions"] == "" {
		t.Fatalf("exit %d, %v", pipeline.ExitCode(err), err)
	}
	after := laketest.Digest(t, x.Lake)
	for _, table := range []string{"refunds", "balance_transactions"} {
		if before[table] != after[table] {
			t.Errorf("%s have changed", table)
		}
	}
	x.Answer(nil)
	if summary := x.Sync(); summary.Blanked != 0 {
		t.Errorf("%d without text", summary.Blanked)
	}
	x.CheckNowhere()
	x.Expect("what somebody else bought", "SELECT id FROM refunds WHERE description LIKE '%bob%' ORDER BY 1", "re_bob", "re_other", "re_pi_bob", "re_pi_other")
}

// TestBlankedRowsAreFound holds that verify names what is in the lake of somebody
// who was forgotten, with the way to erase it: here of a charge that could not be
// asked for, and is listed later.
func TestBlankedRowsAreFound(t *testing.T) {
	t.Parallel()
	x := laketest.NewReturning(t)
	x.Answer(func(w http.ResponseWriter, r *http.Request) bool {
		forbidden := strings.HasPrefix(r.URL.Path, "/v1/charges")
		if forbidden {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"error":{"type":"invalid_request_error","message":"no"}}`)
		}
		return forbidden
	})
	if _, err := x.Try(); pipeline.ExitCode(err) != 3 {
		t.Fatal(err)
	}
	x.Answer(nil)
	x.Sync()
	found, err := (&pipeline.Verify{Dir: x.Lake, Wait: -1}).Run(t.Context())
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
	if _, err := laketest.Forget(t.Context(), x.Lake, nil, "cus_ann"); err != nil {
		t.Fatal(err)
	}
	x.CheckNowhere()
	x.Expect("what is left", "SELECT id FROM refunds ORDER BY 1", "re_bob", "re_other", "re_pi_bob", "re_pi_other")
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
	for _, tc := range laketest.SampledList([]struct {
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
	}) {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			x := laketest.NewReturning(t)
			x.Answer(tc.answer)
			if _, err := x.Try(tc.resources...); pipeline.ExitCode(err) != tc.code {
				t.Errorf("exit %d, %v", pipeline.ExitCode(err), err)
			}
			if found := laketest.Look(t, x.Lake, laketest.HerMarks); len(found) > 0 {
				t.Errorf("she is back: %v", found)
			}
		})
	}
	t.Run("the run is stopped meanwhile", func(t *testing.T) {
		t.Parallel()
		x := laketest.NewReturning(t)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		x.Answer(func(_ http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/v1/charges" {
				stop()
				<-r.Context().Done()
			}
			return false
		})
		sync := laketest.NewSync(x.Lake, x.API, nil)
		sync.Range.From = laketest.Noon.Add(-48 * time.Hour)
		if _, err := sync.Run(ctx); pipeline.ExitCode(err) != 130 {
			t.Errorf("exit %d, %v", pipeline.ExitCode(err), err)
		}
		// A resource that waited begins at its --from nevertheless.
		if from, err := sync.Lake.Start(laketest.AccountOf(t, x.Lake), "refunds"); err != nil || from.IsZero() {
			t.Errorf("refunds begin at %v, %v", from, err)
		}
	})
}

// TestRefundsComeAfterTheirCharges holds the order in which a lake that forgot
// somebody is read, and that one that forgot nobody does neither wait nor ask.
func TestRefundsComeAfterTheirCharges(t *testing.T) {
	t.Parallel()
	x := laketest.NewReturning(t)
	x.Answer(nil)
	x.Sync()
	last := func(path string) int {
		for i, p := range slices.Backward(x.Asked) {
			if p == path {
				return i
			}
		}
		return -1
	}
	charges, refunds := last("/v1/charges"), slices.Index(x.Asked, "/v1/refunds")
	if money := slices.Index(x.Asked, "/v1/balance_transactions"); charges > refunds || last("/v1/refunds") > money {
		t.Errorf("asked in the order %q", x.Asked)
	}
}

// A lake that forgot nobody reads all lists at once: the list of the charges is not
// answered before the two others are asked for, as nobody who waits would.
func TestNobodyForgottenNobodyWaits(t *testing.T) {
	t.Parallel()
	at := laketest.Noon.Add(-time.Hour)
	x := &laketest.Returning{Scene: laketest.NewScene(t, nil)}
	x.Late = laketest.Recorded(t, 1, laketest.Noon, append(laketest.Purchase("new", "cus_ann", at), laketest.Sent("customer", "cus_ann", at))...)
	var refunds, money sync.Once
	asked := make(chan struct{}, 2)
	x.Answer(func(_ http.ResponseWriter, r *http.Request) bool {
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
	x.Sync()
	for _, path := range x.Asked {
		if strings.HasPrefix(path, "/v1/charges/") || strings.HasPrefix(path, "/v1/refunds/") {
			t.Errorf("asked for %s", path)
		}
	}
	if _, err := os.Stat(filepath.Join(x.Lake, "forgotten.json")); !os.IsNotExist(err) {
		t.Errorf("a list of the forgotten: %v", err)
	}
}
