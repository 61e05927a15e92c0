package pipeline_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

// held serves a business, but no page of refunds until
// let go. reached is closed when one was asked for.
func held(t *testing.T, server *stripesim.Server) (url string, reached <-chan struct{}, letGo func()) {
	t.Helper()
	arrived, open := make(chan struct{}), make(chan struct{})
	var once, opened sync.Once
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/refunds") {
			once.Do(func() { close(arrived) })
			select {
			case <-open:
			case <-r.Context().Done():
			}
		}
		server.Handler().ServeHTTP(w, r)
	}))
	letGo = func() { opened.Do(func() { close(open) }) }
	t.Cleanup(func() {
		letGo()
		gate.Close()
	})
	return gate.URL, arrived, letGo
}

func business(t *testing.T, seed int64) *stripesim.Server {
	t.Helper()
	server, err := stripesim.New(stripesim.Config{Seed: seed, Charges: 150})
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// Two processes sync two accounts into one lake: while one waits for Stripe the
// other begins, reads, publishes and ends.
func TestAccountsSideBySide(t *testing.T) {
	t.Parallel()
	one, two := business(t, 1), business(t, 2)
	alone := filepath.Join(t.TempDir(), "lake")
	for _, server := range []*stripesim.Server{one, two} {
		if err := laketest.Run(laketest.NewSync(alone, laketest.Serve(t, server), nil)); err != nil {
			t.Fatal(err)
		}
	}
	want := laketest.Digest(t, alone)

	dir := filepath.Join(t.TempDir(), "lake")
	url, reached, letGo := held(t, one)
	first := make(chan error, 1)
	go func() { first <- laketest.Run(laketest.NewSync(dir, url, nil)) }()
	<-reached
	second := laketest.Child{Work: asSmallSync, Lake: dir, API: laketest.Serve(t, two)}.Command(t.Context())
	if out, err := second.CombinedOutput(); err != nil {
		t.Fatalf("the second process: %v\n%s", err, out)
	}
	var charges int
	err := laketest.Warehouse(t, dir).QueryRow("SELECT count(*) FROM charges WHERE account = ?", two.AccountID()).Scan(&charges)
	if err != nil || charges != two.Ledger().Count("charges") {
		t.Errorf("the second process published %d charges of its account, %v", charges, err)
	}
	letGo()
	if err := <-first; err != nil {
		t.Fatalf("the first process: %v", err)
	}
	if diff := cmp.Diff(want, laketest.Digest(t, dir)); diff != "" {
		t.Errorf("the lake differs (-one after the other +side by side):\n%s", diff)
	}
	if killed := refusalCount(t, dir, "meta.runs WHERE outcome <> 'done'"); killed != 0 {
		t.Errorf("%d runs are said to have ended otherwise", killed)
	}
}

// A process that comes back to tables of another making stops and says so;
// nothing is lost.
func TestRebuiltMeanwhile(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "lake")
	server := business(t, 1)
	url, reached, letGo := held(t, server)
	first := make(chan error, 1)
	go func() { first <- laketest.Run(laketest.NewSync(dir, url, nil)) }()
	<-reached
	again := laketest.NewSync(dir, url, func(o *load.Options) { o.Anew = true })
	rebuild := pipeline.Rebuild{Mappings: again.Mappings, Lake: again.Lake}
	if _, err := rebuild.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	letGo()
	err := <-first
	if !errors.Is(err, load.ErrRebuilt) || pipeline.ExitCode(err) != 75 {
		t.Fatalf("the first process ended with %v", err)
	}
	if err := laketest.Run(laketest.NewSync(dir, url, nil)); err != nil {
		t.Fatal(err)
	}
	if n, want := refusalCount(t, dir, "charges"), server.Ledger().Count("charges"); n != want {
		t.Errorf("%d charges of %d", n, want)
	}
}

// A state that was lost is made again of every account, whichever is synced.
func TestLostStateOfTwoAccounts(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "lake")
	one := laketest.Serve(t, business(t, 1))
	for _, url := range []string{one, laketest.Serve(t, business(t, 2))} {
		if err := laketest.Run(laketest.NewSync(dir, url, nil)); err != nil {
			t.Fatal(err)
		}
	}
	want := laketest.Digest(t, dir)
	if err := os.Remove(filepath.Join(dir, ".state", "work.duckdb")); err != nil {
		t.Fatal(err)
	}
	if err := laketest.Run(laketest.NewSync(dir, one, nil)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, laketest.Digest(t, dir)); diff != "" {
		t.Errorf("the lake differs (-before +made again):\n%s", diff)
	}
}

// behind leaves a lake of two accounts with an old state: the log of the second is
// ahead of it.
func behind(t *testing.T, dir string, one, two *stripesim.Server) (urls [2]string) {
	t.Helper()
	urls = [2]string{laketest.Serve(t, one), laketest.Serve(t, two)}
	syncs := func(url string) {
		t.Helper()
		if err := laketest.Run(laketest.NewSync(dir, url, nil)); err != nil {
			t.Fatal(err)
		}
	}
	syncs(urls[0])
	syncs(urls[1])
	state := filepath.Join(dir, ".state", "work.duckdb")
	old, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	laketest.Act(t, two, stripesim.CreateCharge)
	two.Advance(5 * time.Minute)
	syncs(urls[1])
	if err := os.WriteFile(state, old, 0o600); err != nil {
		t.Fatal(err)
	}
	return urls
}

// A sync applies what the log of another account is ahead, also while another
// process has that log and waits for the state: it waits for no lock of a log
// while it has the state, and does not end with 75 for one either.
func TestCatchUpWaitsForNoLog(t *testing.T) {
	t.Parallel()
	one, two := laketest.Shop(t, nil), laketest.Shop(t, func(c *stripesim.Config) { c.Seed = 8 })
	for name, wait := range map[string]time.Duration{"without --wait": 0, "with --wait": 1 << 40} {
		dir := filepath.Join(t.TempDir(), "lake")
		urls := behind(t, dir, one, two)
		other := laketest.NewSync(dir, urls[1], nil)
		log, err := other.Lake.OpenLog(t.Context(), two.AccountID())
		if err != nil {
			t.Fatal(err)
		}
		if err := laketest.Run(laketest.NewSync(dir, urls[0], func(o *load.Options) { o.LogWait = wait })); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if n, want := refusalCount(t, dir, "charges WHERE account = '"+two.AccountID()+"'"), two.Ledger().Count("charges"); n != want {
			t.Errorf("%s: %d charges of %d", name, n, want)
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A second sync of the same account is refused, or waits if it was told to.
func TestSecondSyncOfAnAccount(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "lake")
	url, reached, letGo := held(t, business(t, 1))
	first := make(chan error, 1)
	go func() { first <- laketest.Run(laketest.NewSync(dir, url, nil)) }()
	<-reached
	var busy *load.BusyError
	if err := laketest.Run(laketest.NewSync(dir, url, nil)); !errors.As(err, &busy) || busy.Holder.PID != os.Getpid() || pipeline.ExitCode(err) != 75 {
		t.Errorf("the second ended with %v", err)
	}
	waiting := make(chan *load.BusyError, 1)
	second := make(chan error, 1)
	go func() {
		second <- laketest.Run(laketest.NewSync(dir, url, func(o *load.Options) {
			o.LogWait = 1 << 40
			o.Waiting = func(b *load.BusyError) { waiting <- b }
		}))
	}()
	if b := <-waiting; !strings.HasPrefix(b.What, "log of acct_") {
		t.Errorf("the second waits for %v", b)
	}
	letGo()
	if err := <-first; err != nil {
		t.Error(err)
	}
	if err := <-second; err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := laketest.NewSync(dir, url, nil).Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a run that was stopped before it began: %v", err)
	}
}

func refusalCount(t *testing.T, dir, of string) (n int) {
	t.Helper()
	if err := laketest.Warehouse(t, dir).QueryRow("SELECT count(*) FROM " + of).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
