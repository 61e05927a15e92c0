package pipeline_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline"
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
		if err := run(newSync(alone, serve(t, server), nil)); err != nil {
			t.Fatal(err)
		}
	}
	want := digest(t, alone)

	dir := filepath.Join(t.TempDir(), "lake")
	url, reached, letGo := held(t, one)
	first := make(chan error, 1)
	go func() { first <- run(newSync(dir, url, nil)) }()
	<-reached
	second := exec.CommandContext(t.Context(), os.Args[0])
	second.Env = append(os.Environ(), crashLake+"="+dir, crashAPI+"="+serve(t, two), crashAt+"=0")
	if out, err := second.CombinedOutput(); err != nil {
		t.Fatalf("the second process: %v\n%s", err, out)
	}
	var charges int
	err := warehouse(t, dir).QueryRow("SELECT count(*) FROM charges WHERE account = ?", two.AccountID()).Scan(&charges)
	if err != nil || charges != two.Ledger().Count("charges") {
		t.Errorf("the second process published %d charges of its account, %v", charges, err)
	}
	letGo()
	if err := <-first; err != nil {
		t.Fatalf("the first process: %v", err)
	}
	if diff := cmp.Diff(want, digest(t, dir)); diff != "" {
		t.Errorf("the lake differs (-one after the other +side by side):\n%s", diff)
	}
	if killed := count(t, dir, "meta.runs WHERE outcome <> 'done'"); killed != 0 {
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
	go func() { first <- run(newSync(dir, url, nil)) }()
	<-reached
	again := newSync(dir, url, func(o *load.Options) { o.Anew = true })
	rebuild := pipeline.Rebuild{Plan: again.Plan, Lake: again.Lake}
	if _, err := rebuild.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	letGo()
	err := <-first
	if !errors.Is(err, load.ErrRebuilt) || pipeline.ExitCode(err) != 75 {
		t.Fatalf("the first process ended with %v", err)
	}
	if err := run(newSync(dir, url, nil)); err != nil {
		t.Fatal(err)
	}
	if n, want := count(t, dir, "charges"), server.Ledger().Count("charges"); n != want {
		t.Errorf("%d charges of %d", n, want)
	}
}

// A state that was lost is made again of every account, whichever is synced.
func TestLostStateOfTwoAccounts(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "lake")
	one := serve(t, business(t, 1))
	for _, url := range []string{one, serve(t, business(t, 2))} {
		if err := run(newSync(dir, url, nil)); err != nil {
			t.Fatal(err)
		}
	}
	want := digest(t, dir)
	if err := os.Remove(filepath.Join(dir, ".state", "work.duckdb")); err != nil {
		t.Fatal(err)
	}
	if err := run(newSync(dir, one, nil)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, digest(t, dir)); diff != "" {
		t.Errorf("the lake differs (-before +made again):\n%s", diff)
	}
}

// A second sync of the same account is refused, or waits if it was told to.
func TestSecondSyncOfAnAccount(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "lake")
	url, reached, letGo := held(t, business(t, 1))
	first := make(chan error, 1)
	go func() { first <- run(newSync(dir, url, nil)) }()
	<-reached
	var busy *load.BusyError
	if err := run(newSync(dir, url, nil)); !errors.As(err, &busy) || busy.Holder.PID != os.Getpid() || pipeline.ExitCode(err) != 75 {
		t.Errorf("the second ended with %v", err)
	}
	waiting := make(chan *load.BusyError, 1)
	second := make(chan error, 1)
	go func() {
		second <- run(newSync(dir, url, func(o *load.Options) {
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
	if _, err := newSync(dir, url, nil).Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a run that was stopped before it began: %v", err)
	}
}

func count(t *testing.T, dir, of string) (n int) {
	t.Helper()
	if err := warehouse(t, dir).QueryRow("SELECT count(*) FROM " + of).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
