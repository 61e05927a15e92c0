package pipeline_test

import (
	"flag"
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

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
)

var update = flag.Bool("update", false, "rewrite testdata/requests.txt")

// TestRequests holds every request of three syncs, byte for byte, with the API version
// that it asks for: of a backfill, of changes of each kind, and of what is due later.
// What the resource files declare, and how it is read, is all in it.
func TestRequests(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, func(c *stripesim.Config) { c.Deletions, c.LongLists, c.Pricing = 30, true, true })
	var mu sync.Mutex
	var sent []string
	s := laketest.NewScene(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		sent = append(sent, fmt.Sprintf("%s %s %s", r.Method, r.RequestURI, r.Header.Get("Stripe-Version")))
		mu.Unlock()
		server.Handler().ServeHTTP(w, r)
	}))
	var got strings.Builder
	run := func(what string) {
		s.Sync()
		slices.Sort(sent) // resources are read side by side
		fmt.Fprintf(&got, "# %s\n%s\n", what, strings.Join(sent, "\n"))
		sent = nil
	}
	run("backfill")
	for _, action := range []stripesim.Action{
		stripesim.CreateCharge, stripesim.CreateRefund, stripesim.UpdateCharge, stripesim.UpdateCustomer, stripesim.DeleteCustomer,
		stripesim.UpdateSubscription, stripesim.PartialRefund, stripesim.DisputeCharge,
	} {
		laketest.Act(t, server, action)
	}
	server.Advance(time.Hour)
	run("changes")
	server.Advance(8 * 24 * time.Hour)
	run("due")

	path := filepath.Join("testdata", "requests.txt")
	if *update {
		if err := os.WriteFile(path, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("other requests than before (-want +got); run with -update and read the diff:\n%s", diff)
	}
}
