package pipeline_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
)

// balanceCheck compares a lake with its Stripe and returns what is said of the
// balance: findings first, then notes.
func balanceCheck(t *testing.T, s *laketest.Scene) []string {
	t.Helper()
	sync := laketest.NewPatientSync(t, s.Lake, s.API, nil)
	v := pipeline.Verify{Dir: s.Lake, Wait: -1, Stripe: &pipeline.AtStripe{Client: sync.Client, Redactors: sync.Redactors, Sample: 1}}
	found, err := v.Run(t.Context())
	if found.RunID == "" {
		t.Fatal(err)
	}
	var lines []string
	for _, c := range found.Checks {
		if c.Check != "balance at Stripe" {
			continue
		}
		for _, f := range c.Findings {
			lines = append(lines, f.Name+": "+f.Says)
		}
		lines = append(lines, c.Notes...)
		if len(lines) == 0 && c.LookedAt == 0 {
			t.Error("no currency was compared")
		}
	}
	return lines
}

// answering is Stripe with other answers for /v1/balance: each is made of the one
// that it gives.
func answering(stripe http.Handler, other func(status int, body string) (int, string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/balance" {
			stripe.ServeHTTP(w, r)
			return
		}
		got := httptest.NewRecorder()
		stripe.ServeHTTP(got, r)
		status, body := other(got.Code, got.Body.String())
		maps.Copy(w.Header(), got.Header())
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

// The balance transactions of a lake come to the balance at Stripe, with what is
// newer than the lake; what is missing of them, which no other check sees, shows.
func TestVerifyComparesTheBalance(t *testing.T) {
	laketest.Slow(t)
	t.Parallel()
	server := laketest.Shop(t, func(c *stripesim.Config) { c.Charges = 120 })
	s := laketest.NewScene(t, server.Handler())
	s.Sync()
	server.Advance(2 * time.Hour)
	for range 3 {
		laketest.Act(t, server, stripesim.CreateCharge)
		laketest.Act(t, server, stripesim.CreateRefund)
	}
	server.Advance(time.Hour)
	expect := func(what string, want ...string) {
		t.Helper()
		got := balanceCheck(t, s)
		if len(got) != len(want) {
			t.Errorf("%s: %q, want %q", what, got, want)
			return
		}
		for i := range want {
			if !strings.Contains(got[i], want[i]) {
				t.Errorf("%s: %q, want %q", what, got[i], want[i])
			}
		}
	}
	expect("as it is")

	// One cent that the lake knows nothing of.
	s.Becomes(answering(server.Handler(), func(status int, body string) (int, string) { return status, plusOne(t, body) }))
	expect("one more", "balance differs: Stripe has ")
	calls := 0
	s.Becomes(answering(server.Handler(), func(status int, body string) (int, string) {
		for range calls {
			body = plusOne(t, body)
		}
		calls++
		return status, body
	}))
	expect("never at rest", "it moved each time it was read")
	s.Becomes(answering(server.Handler(), func(int, string) (int, string) {
		return http.StatusForbidden, `{"error":{"type":"invalid_request_error","message":"Having the 'rak_balance_read' permission would allow this request to continue."}}`
	}))
	expect("forbidden", "not compared: read the balance: 403 this key may not read the balance")
	s.Becomes(answering(server.Handler(), func(int, string) (int, string) { return http.StatusNotFound, `{}` }))
	expect("a proxy without it", "not compared: read the balance: 404")
	s.Becomes(answering(server.Handler(), func(status int, body string) (int, string) {
		return status, strings.Replace(body, `{`, `{"issuing":{"available":[{"amount":5,"currency":"usd"}]},`, 1)
	}))
	expect("money for issuing", "not compared: there is money of other kinds")
	s.Becomes(answering(server.Handler(), func(int, string) (int, string) { return http.StatusInternalServerError, `{}` }))
	expect("a server that fails", "not compared: read the balance: gave up after")
	s.Becomes(server.Handler())
	s.Sync()
	expect("and after the next sync")
}

// plusOne adds a minor unit to the first amount that is available.
func plusOne(t *testing.T, body string) string {
	t.Helper()
	var balance map[string]any
	if err := json.Unmarshal([]byte(body), &balance); err != nil {
		t.Fatal(err)
	}
	available := balance["available"].([]any)[0].(map[string]any)
	available["amount"] = available["amount"].(float64) + 1
	text, err := json.Marshal(balance)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A row that the owner's mapping leaves out is no difference.
func TestVerifyDoesNotCompareWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	s := laketest.NewScene(t, laketest.Shop(t, nil).Handler())
	s.Edit = func(files map[string]string) {
		const name = "mappings/stripe/balance_transaction.yaml"
		files[name] = strings.Replace(files[name], "\nsame:", "\nwhere: 'type != \"payout\"'\nsame:", 1)
	}
	s.Sync()
	if got := balanceCheck(t, s); len(got) != 1 || !strings.Contains(got[0], "balance transactions are published: some were refused or left out") {
		t.Errorf("%q", got)
	}
}

// What a lake does not hold by intention is no difference: a lake that begins
// later, one without balance transactions, and one that forgot people.
func TestVerifyDoesNotCompareTheBalance(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, nil)
	s := laketest.NewScene(t, server.Handler())
	s.Sync("prices")
	if got := balanceCheck(t, s); len(got) != 1 || !strings.Contains(got[0], "not all balance transactions are read") {
		t.Errorf("prices alone: %q", got)
	}
	s.Sync()
	if got := balanceCheck(t, s); len(got) != 0 {
		t.Errorf("all of it: %q", got)
	}
	customer := s.Rows("SELECT customer_id FROM payments WHERE succeeded AND customer_id IS NOT NULL LIMIT 1")[0]
	if _, err := laketest.Forget(t.Context(), s.Lake, nil, customer); err != nil {
		t.Fatal(err)
	}
	if got := balanceCheck(t, s); len(got) != 1 || !strings.Contains(got[0], "people were forgotten") {
		t.Errorf("after an erasure: %q", got)
	}
}
