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
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
)

// A key of another account, whose objects have the same ids, reads beside what
// is there, from its own beginning.
func TestCases25And57SameIDsInTwoAccounts(t *testing.T) {
	t.Parallel()
	customer := func(name string, created time.Time) string {
		return laketest.Sent("customer", "cus_1", created, `"name":"`+name+`"`)
	}
	first := func(name string) http.Handler {
		return laketest.Recorded(t, 1, laketest.Noon.Add(time.Hour), customer(name, laketest.Noon))
	}
	s := laketest.NewScene(t, first("Ada"))
	s.Sync("customers")
	s.Becomes(laketest.Recorded(t, 2, laketest.Noon.Add(time.Hour), customer("Bob", laketest.Noon.AddDate(-1, 0, 0))))
	s.Sync("customers")
	s.Expect("customers", "SELECT id, name FROM customers ORDER BY name", "cus_1 Ada", "cus_1 Bob")
	s.Expect("accounts", "SELECT count(DISTINCT account), count(DISTINCT (account, id)) FROM customers", "2 2")
	s.Expect("files", "SELECT count(*) FROM 'LAKE/current/customers/*/*/*.parquet'", "2")

	s.Becomes(laketest.Recorded(t, 1, laketest.Noon.Add(65*time.Minute), customer("Ada Lovelace", laketest.Noon),
		laketest.Event("evt_1", "customer.updated", laketest.Noon.Add(62*time.Minute), customer("?", laketest.Noon))))
	s.Sync("customers")
	s.Expect("after a change in one", "SELECT id, name FROM customers ORDER BY name", "cus_1 Ada Lovelace", "cus_1 Bob")
}

// A key that may not read events reads what is new, says what it could not, and
// passes over no change: a better key finds them all.
func TestCase24EventsForbidden(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, nil)
	s := laketest.NewScene(t, server.Handler())
	s.Sync("charges")
	changed := laketest.Act(t, server, stripesim.UpdateCharge)
	created := laketest.Act(t, server, stripesim.CreateCharge)
	server.Advance(24 * time.Hour)
	if err := server.SetFaults(stripesim.Fault{Kind: stripesim.Forbidden, Path: "/v1/events", Times: stripesim.Always}); err != nil {
		t.Fatal(err)
	}
	_, err := s.Try("charges")
	var unread *pipeline.UnreadError
	if !errors.As(err, &unread) || len(unread.Resources) != 1 || !extract.IsForbidden(unread.Resources["events"]) || pipeline.ExitCode(err) != 3 {
		t.Fatalf("%v", err)
	}
	look := "SELECT count(*) FILTER (id = '" + created + "'), count(*) FILTER (id = '" + changed + "' AND map_contains(metadata, 'revision')) FROM charges"
	s.Expect("what is new", look, "1 0")
	s.Expect("changes", "SELECT as_of < '"+server.Now().Add(-23*time.Hour).Format(time.DateTime)+"' FROM meta.coverage WHERE resource = 'charges'", "true")
	if err := server.SetFaults(); err != nil {
		t.Fatal(err)
	}
	s.Sync("charges")
	s.Expect("what has changed", look, "1 1")
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
	calm := laketest.NewScene(t, laketest.Shop(t, config).Handler())
	calm.Sync("charges")
	server := laketest.Shop(t, config)
	var plan []stripesim.Fault
	for i, kind := range kinds {
		plan = append(plan, stripesim.Fault{Kind: kind, Path: "/v1/charges", Nth: 1 + i*3/2})
	}
	if err := server.SetFaults(plan...); err != nil {
		t.Fatal(err)
	}
	rough := laketest.NewScene(t, server.Handler())
	rough.Sync("charges")
	struck := server.Struck()
	for _, kind := range kinds {
		if struck[kind] == 0 {
			t.Errorf("%s did not strike", kind)
		}
	}
	if diff := cmp.Diff(laketest.Digest(t, calm.Lake), laketest.Digest(t, rough.Lake)); diff != "" {
		t.Errorf("(-calm +rough):\n%s", diff)
	}
}

// The key is revoked in the middle: the run stops at once, keeps what is durable
// and counts nothing as read that is not.
func TestCase28KeyRevokedInTheMiddle(t *testing.T) {
	t.Parallel()
	config := func(c *stripesim.Config) { c.Charges = 600 }
	server := laketest.Shop(t, config)
	if err := server.SetFaults(stripesim.Fault{Kind: stripesim.RevokedKey, Path: "/v1/charges", Nth: 4, Times: stripesim.Always}); err != nil {
		t.Fatal(err)
	}
	s := laketest.NewScene(t, server.Handler())
	summary, err := s.Try("charges")
	if !extract.IsUnauthorized(err) || pipeline.ExitCode(err) != 1 || summary.Outcome != "failed" {
		t.Fatalf("%s: %v", summary.Outcome, err)
	}
	if n := server.Requests()["/v1/charges"]; n > 4+8 { // those that were under way
		t.Errorf("%d requests, the fourth of which was refused", n)
	}
	s.Expect("kept", "SELECT count(*) > 0, count(*) < 400 FROM charges", "true true")
	s.Expect("not read", "SELECT gap_from FROM meta.gaps WHERE resource = 'charges'", "null")
	if err := server.SetFaults(); err != nil {
		t.Fatal(err)
	}
	s.Sync("charges")
	calm := laketest.NewScene(t, laketest.Shop(t, config).Handler())
	calm.Sync("charges")
	if diff := cmp.Diff(laketest.Digest(t, calm.Lake), laketest.Digest(t, s.Lake)); diff != "" {
		t.Errorf("with a good key again (-calm +stopped):\n%s", diff)
	}
}

// Invariant 11: a server that repeats the key in its errors gets it into nothing
// that the run leaves behind.
func TestCase29NoKeyAnywhere(t *testing.T) {
	t.Parallel()
	stripe := laketest.Shop(t, nil).Handler()
	s := laketest.NewScene(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/refunds" {
			w.Header().Set("Request-Id", laketest.Key)
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{
				"type": laketest.Key, "code": laketest.Key, "param": laketest.Key, "message": "wrong: " + r.Header.Get("Authorization") + " whsec_1234567890",
			}})
			return
		}
		stripe.ServeHTTP(w, r)
	}))
	summary, err := s.Try("charges", "refunds")
	if err == nil {
		t.Fatal("no error")
	}
	text, jsonErr := json.Marshal(summary)
	if jsonErr != nil {
		t.Fatal(jsonErr)
	}
	said := []string{err.Error(), string(text), strings.Join(s.Notices, "\n")}
	for _, table := range []string{"meta.runs", "meta.requests", "meta.coverage", "meta.gaps"} {
		said = append(said, strings.Join(s.Rows("FROM "+table), "\n"))
	}
	err = filepath.WalkDir(s.Lake, func(path string, entry fs.DirEntry, err error) error {
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
