package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

// TestSyncWaitsOutOutage stops what a sync reads from in the middle of a run, and
// starts it again when the run says that it waits. The run goes on, tells of the outage
// once, and comes to the lake of a run without one.
func TestSyncWaitsOutOutage(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for delays of half a minute")
	}
	t.Parallel()
	undisturbed := filepath.Join(t.TempDir(), "lake")
	api := startSimulator(t, "127.0.0.1:0")
	if out, err := asStripelake(t, "sync", "--lake", undisturbed, "--api-base", api.url).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := digest(t, undisturbed)
	for name, source := range laketest.Sampled(map[string]func(t *testing.T) (url string, stop, start func()){
		"the server is killed": func(t *testing.T) (string, func(), func()) {
			first := startSimulator(t, "127.0.0.1:0")
			return first.url, first.kill, func() { startSimulator(t, strings.TrimPrefix(first.url, "http://")) }
		},
		"a proxy refuses connections": func(t *testing.T) (string, func(), func()) { return refusingProxy(t, api.url) },
		"503 for a while":             func(t *testing.T) (string, func(), func()) { return unavailable(t, api.url) },
	}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, stop, start := source(t)
			lake := filepath.Join(t.TempDir(), "lake")
			sync := asStripelake(t, "sync", "--json", "--lake", lake, "--api-base", url)
			sync.Stderr = os.Stderr
			out, err := sync.StdoutPipe()
			if err == nil {
				err = sync.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			told, pages, summary := map[string]int{}, 0, (*pipeline.Summary)(nil)
			for lines := bufio.NewScanner(out); lines.Scan(); {
				var e pipeline.Event
				if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
					t.Fatal(err)
				}
				switch told[e.Event]++; e.Event {
				case pipeline.EventPage:
					if pages++; pages == 5 {
						stop()
					}
				case pipeline.EventOutage:
					t.Log(e.Message)
					start()
				case pipeline.EventAnswering:
					t.Log(e.Message)
				case pipeline.EventFinished:
					summary = e.Summary
				}
			}
			if err := sync.Wait(); err != nil {
				t.Fatal(err)
			}
			if told[pipeline.EventOutage] != 1 || told[pipeline.EventAnswering] != 1 {
				t.Errorf("told of %d outages and %d ends, want one each", told[pipeline.EventOutage], told[pipeline.EventAnswering])
			}
			if summary == nil || summary.Outcome != pipeline.OutcomeDone {
				t.Errorf("the summary: %+v", summary)
			}
			if diff := cmp.Diff(want, digest(t, lake)); diff != "" {
				t.Errorf("the lake differs from that of a run without outage (-without +with):\n%s", diff)
			}
		})
	}
}

// asStripelake is the program as a process of its own, with a key.
func asStripelake(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "STRIPE_API_KEY="+simulatedKey)
	return cmd
}

// simulator is `stripelake simulate` as a process of its own.
type simulator struct {
	url  string
	kill func()
}

func startSimulator(t *testing.T, addr string, flags ...string) simulator {
	t.Helper()
	cmd := asStripelake(t, append([]string{"simulate", "--addr", addr, "--charges", "3000", "--latency", "5ms"}, flags...)...)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	kill := func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	t.Cleanup(kill)
	lines := bufio.NewReader(out)
	first, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	return simulator{strings.TrimSpace(strings.TrimPrefix(first, "simulated Stripe on ")), kill}
}

// refusingProxy passes connections on, and between stop and start refuses them.
func refusingProxy(t *testing.T, api string) (address string, stop, start func()) {
	t.Helper()
	target, err := url.Parse(api)
	if err != nil {
		t.Fatal(err)
	}
	var server *http.Server
	listen := func(at string) net.Addr {
		listener, err := net.Listen("tcp", at)
		if err != nil {
			t.Error(err)
			return nil
		}
		server = &http.Server{Handler: httputil.NewSingleHostReverseProxy(target)}
		go func() { _ = server.Serve(listener) }()
		return listener.Addr()
	}
	at := listen("127.0.0.1:0").String()
	t.Cleanup(func() { _ = server.Close() })
	return "http://" + at, func() { _ = server.Close() }, func() { listen(at) }
}

// unavailable passes requests on, and between stop and start answers 503.
func unavailable(t *testing.T, api string) (address string, stop, start func()) {
	t.Helper()
	target, err := url.Parse(api)
	if err != nil {
		t.Fatal(err)
	}
	var down atomic.Bool
	behind := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		behind.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() { down.Store(true) }, func() { down.Store(false) }
}
