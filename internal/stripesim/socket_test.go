package stripesim

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A socket asks a server over TCP, as a real client would.
type socket struct {
	t       testing.TB
	url     string
	account string // Stripe-Account
	hc      *http.Client
}

func dial(t testing.TB, s *Server) socket {
	t.Helper()
	url, stop, err := s.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return socket{t: t, url: url, hc: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{}}}
}

// got is the result of a request: an error of the connection, or an answer.
type got struct {
	status int
	header http.Header
	body   string
	err    error // of the connection, or in the middle of the body
}

func (k socket) get(path string) got {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url+path, nil)
	if err != nil {
		k.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sk_test_abc")
	if k.account != "" {
		req.Header.Set("Stripe-Account", k.account)
	}
	req.Close = true // a connection that was reset is no reason to try again
	resp, err := k.hc.Do(req)
	if err != nil {
		return got{err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return got{resp.StatusCode, resp.Header, string(body), err}
}

// ok returns the body of an answer, which must be good.
func (k socket) ok(path string) string {
	k.t.Helper()
	g := k.get(path)
	if g.err != nil || g.status != http.StatusOK {
		k.t.Fatalf("GET %s: %d %v\n%s", path, g.status, g.err, g.body)
	}
	return g.body
}

func (g got) says(t testing.TB, status int, text string) {
	t.Helper()
	if g.err != nil || g.status != status || !strings.Contains(g.body, text) {
		t.Errorf("got %d %v\n%s\nwant %d …%s…", g.status, g.err, g.body, status, text)
	}
}
