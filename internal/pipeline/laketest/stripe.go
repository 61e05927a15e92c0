package laketest

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/stripesim"
)

// Serve serves a business until the test ends, and returns its URL.
func Serve(t *testing.T, server *stripesim.Server) string {
	t.Helper()
	url, stop, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return url
}

// Shop is a small business of two weeks in March 2025, a day before its end, so that
// the whole of its history can be told by events.
func Shop(t *testing.T, change func(*stripesim.Config)) *stripesim.Server {
	t.Helper()
	from := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	config := stripesim.Config{Seed: 7, Charges: 60, From: from, To: from.AddDate(0, 0, 14), Now: from.AddDate(0, 0, 13)}
	if change != nil {
		change(&config)
	}
	server, err := stripesim.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// ShopEnd is when the business of [Shop] ends.
var ShopEnd = time.Date(2025, 3, 14, 12, 0, 0, 0, time.UTC)

// Fortnight is a small business of two weeks that has something of everything.
func Fortnight(t *testing.T) *stripesim.Server {
	t.Helper()
	from := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	server, err := stripesim.New(stripesim.Config{Seed: 7, Charges: 150, From: from, To: from.AddDate(0, 0, 14)})
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// Act changes an object at Stripe, or one that the seed picks. It returns the id of
// what was made or changed.
func Act(t *testing.T, server *stripesim.Server, action stripesim.Action, on ...string) (id string) {
	t.Helper()
	var err error
	if len(on) > 0 {
		id, err = server.Act(action, on[0])
	} else {
		var made []string
		if made, err = server.Change(action, 1); len(made) > 0 {
			id = made[0]
		}
	}
	if err != nil || id == "" {
		t.Fatalf("%s: %q, %v", action, id, err)
	}
	return id
}

// Recorded serves objects as they are written down, at a time. Objects are told apart
// by their type, events among them.
func Recorded(t *testing.T, seed int64, now time.Time, objects ...string) http.Handler {
	t.Helper()
	dir := t.TempDir()
	lines := map[string][]string{"charge": nil} // there is a list of charges at least
	for _, o := range objects {
		var head struct{ Object string }
		if err := json.Unmarshal([]byte(o), &head); err != nil {
			t.Fatalf("%v\nin: %s", err, o)
		}
		lines[head.Object] = append(lines[head.Object], o)
	}
	for kind, objects := range lines {
		if err := os.WriteFile(filepath.Join(dir, kind+".jsonl"), []byte(strings.Join(objects, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server, err := stripesim.FromFiles(dir, stripesim.Config{Seed: seed, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return server.Handler()
}

// BeforeNextPage calls f ahead of each request to a list that goes on after a cursor.
func BeforeNextPage(stripe http.Handler, list string, f func(cursor string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if cursor := r.URL.Query().Get("starting_after"); cursor != "" && r.URL.Path == list {
			f(cursor)
		}
		stripe.ServeHTTP(w, r)
	})
}
