package pipeline_test

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
)

// An app may read an account's lists and not the account itself: its id is the one
// that was given.
func TestConnectedAccountThatMayNotBeAsked(t *testing.T) {
	t.Parallel()
	server, err := stripesim.New(stripesim.Config{Charges: 50, Accounts: 1})
	if err != nil {
		t.Fatal(err)
	}
	s := laketest.NewScene(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/account" {
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"error":{"type":"invalid_request_error","message":"This application does not have the required permissions for this endpoint."}}`))
			return
		}
		server.Handler().ServeHTTP(w, r)
	}))
	sync, account := laketest.NewPatientSync(t, s.Lake, s.API, nil), server.Connected()[0]
	sync.Accounts = []string{account.AccountID()}
	if _, err := sync.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Expect("its charges", "SELECT account, count(*) FROM charges GROUP BY ALL", fmt.Sprint(account.AccountID(), " ", account.Ledger().Count("charges")))
}

// Case 57: connected accounts are read with one key, kept apart, and one that
// cannot be reached stops no other.
func TestConnectedAccounts(t *testing.T) {
	t.Parallel()
	server, err := stripesim.New(stripesim.Config{Charges: 200, Accounts: 3})
	if err != nil {
		t.Fatal(err)
	}
	dir, url := filepath.Join(t.TempDir(), "lake"), laketest.Serve(t, server)
	s := laketest.NewSync(dir, url, nil)
	want := map[string]int{}
	for _, account := range server.Connected() {
		s.Accounts = append(s.Accounts, account.AccountID())
		want[account.AccountID()] = account.Ledger().Count("charges")
	}
	s.Accounts = append(s.Accounts, "acct_stranger")
	_, err = s.Run(t.Context())
	var unread *pipeline.UnreadError
	if !errors.As(err, &unread) || len(unread.Resources) != 1 || unread.Resources["acct_stranger"] == nil {
		t.Fatalf("the run ended with %v", err)
	}
	got := map[string]int{}
	rows, err := laketest.Warehouse(t, dir).Query("SELECT account, count(*) FROM charges GROUP BY ALL")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var account string
		var n int
		if err := rows.Scan(&account, &n); err != nil {
			t.Fatal(err)
		}
		got[account] = n
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("charges by account (-ledger +lake):\n%s", diff)
	}
	if err := laketest.Run(laketest.NewSync(dir, url, nil)); err != nil { // the key's own account goes beside them
		t.Fatal(err)
	}
	var accounts int
	if err := laketest.Warehouse(t, dir).QueryRow("SELECT count(DISTINCT account) FROM charges").Scan(&accounts); err != nil || accounts != 4 {
		t.Errorf("%d accounts, %v", accounts, err)
	}
}
