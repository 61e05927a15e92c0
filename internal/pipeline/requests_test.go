package pipeline_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
)

var update = flag.Bool("update", false, "rewrite testdata/requests.txt")

// seconds are the Unix times in a request.
var seconds = regexp.MustCompile(`=(17[0-9]{8})\b`)

// onTheGrid returns a request with its times rounded down to ten minutes. Windows end at
// Stripe's time, which goes on while the test runs; the times of the shop's clock stay.
func onTheGrid(request string) string {
	const grid, offset = 600, 540
	return seconds.ReplaceAllStringFunc(request, func(is string) string {
		at, err := strconv.ParseInt(is[1:], 10, 64)
		if err != nil {
			return is
		}
		return fmt.Sprint("=", at-(at-offset)%grid)
	})
}

// TestRequests holds every request of three syncs, but for the seconds of its times, with
// the API version that it asks for: of a backfill, of changes of each kind, and of what is
// due later. What the resource files declare, and how it is read, is all in it.
func TestRequests(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, func(c *stripesim.Config) { c.Deletions, c.LongLists, c.Pricing = 30, true, true })
	var mu sync.Mutex
	var sent []string
	s := laketest.NewScene(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		sent = append(sent, fmt.Sprintf("%s %s %s", r.Method, onTheGrid(r.RequestURI), r.Header.Get("Stripe-Version")))
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
