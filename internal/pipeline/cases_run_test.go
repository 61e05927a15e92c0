package pipeline_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/stripesim"
)

// A key of another account, whose objects have the same ids, reads beside what
// is there, from its own beginning.
func TestCases25And57SameIDsInTwoAccounts(t *testing.T) {
	t.Parallel()
	customer := func(name string, created time.Time) string {
		return sent("customer", "cus_1", created, `"name":"`+name+`"`)
	}
	first := func(name string) http.Handler { return recorded(t, 1, noon.Add(time.Hour), customer(name, noon)) }
	s := newScene(t, first("Ada"))
	s.sync("customers")
	s.becomes(recorded(t, 2, noon.Add(time.Hour), customer("Bob", noon.AddDate(-1, 0, 0))))
	s.sync("customers")
	s.expect("customers", "SELECT id, name FROM customers ORDER BY name", "cus_1 Ada", "cus_1 Bob")
	s.expect("accounts", "SELECT count(DISTINCT account), count(DISTINCT (account, id)) FROM customers", "2 2")
	s.expect("files", "SELECT count(*) FROM 'LAKE/current/customers/*/*/*.parquet'", "2")

	s.becomes(recorded(t, 1, noon.Add(65*time.Minute), customer("Ada Lovelace", noon),
		event("evt_1", "customer.updated", noon.Add(62*time.Minute), customer("?", noon))))
	s.sync("customers")
	s.expect("after a change in one", "SELECT id, name FROM customers ORDER BY name", "cus_1 Ada Lovelace", "cus_1 Bob")
}

// A key that may not read events reads what is new, says what it could not, and
// passes over no change: a better key finds them all.
func TestCase24EventsForbidden(t *testing.T) {
	t.Parallel()
	server := shop(t, nil)
	s := newScene(t, server.Handler())
	s.sync("charges")
	changed := act(t, server, stripesim.UpdateCharge)
	created := act(t, server, stripesim.CreateCharge)
	server.Advance(24 * time.Hour)
	if err := server.SetFaults(stripesim.Fault{Kind: stripesim.Forbidden, Path: "/v1/events", Times: stripesim.Always}); err != nil {
		t.Fatal(err)
	}
	_, err := s.try("charges")
	var unread *pipeline.UnreadError
	if !errors.As(err, &unread) || len(unread.Resources) != 1 || !extract.IsForbidden(unread.Resources["events"]) || pipeline.ExitCode(err) != 3 {
		t.Fatalf("%v", err)
	}
	look := "SELECT count(*) FILTER (id = '" + created + "'), count(*) FILTER (id = '" + changed + "' AND map_contains(metadata, 'revision')) FROM charges"
	s.expect("what is new", look, "1 0")
	s.expect("changes", "SELECT as_of < '"+server.Now().Add(-23*time.Hour).Format(time.DateTime)+"' FROM meta.coverage WHERE resource = 'charges'", "true")
	if err := server.SetFaults(); err != nil {
		t.Fatal(err)
	}
	s.sync("charges")
	s.expect("what has changed", look, "1 1")
}

// Whatever goes wrong on the way, once or twice a page, leaves no trace.
func TestCase27FaultsLeaveNoTrace(t *testing.T) {
	t.Parallel()
	kinds := []stripesim.FaultKind{
		stripesim.TooManyRequests, stripesim.LockTimeout, stripesim.RepeatedPage, stripesim.Conflict, stripesim.ServerError, stripesim.ServerErrorYes,
		stripesim.HTML502, stripesim.Unavailable, stripesim.HTMLPage, stripesim.Reset, stripesim.ResetMidBody, stripesim.Stall,
		stripesim.TruncatedJSON, stripesim.CutString, stripesim.EmptyPage, stripesim.WrongObject,
	}
	config := func(c *stripesim.Config) { c.Charges, c.Faults.Stall = 1000, time.Millisecond }
	calm := newScene(t, shop(t, config).Handler())
	calm.sync("charges")
	server := shop(t, config)
	var plan []stripesim.Fault
	for i, kind := range kinds {
		plan = append(plan, stripesim.Fault{Kind: kind, Path: "/v1/charges", Nth: 1 + i*3/2})
	}
	if err := server.SetFaults(plan...); err != nil {
		t.Fatal(err)
	}
	rough := newScene(t, server.Handler())
	rough.sync("charges")
	struck := server.Struck()
	for _, kind := range kinds {
		if struck[kind] == 0 {
			t.Errorf("%s did not strike", kind)
		}
	}
	if diff := cmp.Diff(digest(t, calm.lake), digest(t, rough.lake)); diff != "" {
		t.Errorf("(-calm +rough):\n%s", diff)
	}
}

// The key is revoked in the middle: the run stops at once, keeps what is durable
// and counts nothing as read that is not.
func TestCase28KeyRevokedInTheMiddle(t *testing.T) {
	t.Parallel()
	config := func(c *stripesim.Config) { c.Charges = 600 }
	server := shop(t, config)
	if err := server.SetFaults(stripesim.Fault{Kind: stripesim.RevokedKey, Path: "/v1/charges", Nth: 4, Times: stripesim.Always}); err != nil {
		t.Fatal(err)
	}
	s := newScene(t, server.Handler())
	summary, err := s.try("charges")
	if !extract.IsUnauthorized(err) || pipeline.ExitCode(err) != 1 || summary.Outcome != "failed" {
		t.Fatalf("%s: %v", summary.Outcome, err)
	}
	if n := server.Requests()["/v1/charges"]; n > 4+8 { // those that were under way
		t.Errorf("%d requests, the fourth of which was refused", n)
	}
	s.expect("kept", "SELECT count(*) > 0, count(*) < 400 FROM charges", "true true")
	s.expect("not read", "SELECT gap_from FROM meta.gaps WHERE resource = 'charges'", "null")
	if err := server.SetFaults(); err != nil {
		t.Fatal(err)
	}
	s.sync("charges")
	calm := newScene(t, shop(t, config).Handler())
	calm.sync("charges")
	if diff := cmp.Diff(digest(t, calm.lake), digest(t, s.lake)); diff != "" {
		t.Errorf("with a good key again (-calm +stopped):\n%s", diff)
	}
}

// Invariant 11: a server that repeats the key in its errors gets it into nothing
// that the run leaves behind.
func TestCase29NoKeyAnywhere(t *testing.T) {
	t.Parallel()
	stripe := shop(t, nil).Handler()
	s := newScene(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/refunds" {
			w.Header().Set("Request-Id", testKey)
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{
				"type": testKey, "code": testKey, "param": testKey, "message": "wrong: " + r.Header.Get("Authorization") + " whsec_1234567890",
			}})
			return
		}
		stripe.ServeHTTP(w, r)
	}))
	summary, err := s.try("charges", "refunds")
	if err == nil {
		t.Fatal("no error")
	}
	text, jsonErr := json.Marshal(summary)
	if jsonErr != nil {
		t.Fatal(jsonErr)
	}
	said := []string{err.Error(), string(text), strings.Join(s.notices, "\n")}
	for _, table := range []string{"meta.runs", "meta.requests", "meta.coverage", "meta.gaps"} {
		said = append(said, strings.Join(s.rows("FROM "+table), "\n"))
	}
	err = filepath.WalkDir(s.lake, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		said = append(said, path, string(content))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(said, "\n"), "[redacted]") {
		t.Error("nothing was redacted: does the error show at all?")
	}
	for _, text := range said {
		if strings.Contains(text, "test_pipeline") || strings.Contains(text, "whsec_1") {
			t.Errorf("a secret in %.300q", text)
		}
	}
}
