package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestContract syncs from Stripe's own stripe-mock, which refuses requests that
// its OpenAPI document does not allow. Every request of ours must be legal in
// the pinned API version and in the newest, and the objects of both must map.
// `make contract` builds the mocks and names them in the environment.
func TestContract(t *testing.T) {
	for _, mock := range []string{"STRIPE_MOCK_2023", "STRIPE_MOCK_2026"} {
		t.Run(mock, func(t *testing.T) {
			binary := os.Getenv(mock)
			if binary == "" {
				t.Skipf("%s does not name a stripe-mock: run make contract", mock)
			}
			api := filtered(t, startMock(t, binary))
			lake := filepath.Join(t.TempDir(), "lake")
			var stdout, stderr bytes.Buffer
			getenv := func(name string) string { return map[string]string{"STRIPE_API_KEY": "sk_test_contract"}[name] }
			args := []string{"stripelake", "sync", "--lake", lake, "--api-base", api}
			if code := run(t.Context(), args, getenv, &stdout, &stderr); code != 0 {
				t.Fatalf("exit status %d\n%s%s", code, stdout.String(), stderr.String())
			}
			for _, resource := range []string{"charges", "subscriptions", "refunds", "balance_transactions", "customers", "prices"} {
				want := regexp.MustCompile(fmt.Sprintf(`(?m)^  %s +[1-9]\d* objects? read$`, resource))
				if !want.MatchString(stdout.String()) {
					t.Errorf("no %s were read:\n%s", resource, stdout.String())
				}
			}
		})
	}
}

// filtered serves what a stripe-mock does, and of a list only what was created in
// the span that is asked for: the mock answers with the same object whatever the
// span, and a sync refuses that.
func filtered(t *testing.T, mock string) string {
	t.Helper()
	target, err := url.Parse(mock)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Set("Accept-Encoding", "identity")
		},
		ModifyResponse: func(res *http.Response) error {
			asked := res.Request.URL.Query()
			body, err := io.ReadAll(res.Body)
			if err != nil {
				return err
			}
			var list map[string]json.RawMessage
			var objects []json.RawMessage
			if json.Unmarshal(body, &list) == nil && json.Unmarshal(list["data"], &objects) == nil {
				objects = slices.DeleteFunc(objects, func(o json.RawMessage) bool {
					var head struct{ Created int64 }
					from, fromErr := strconv.ParseInt(asked.Get("created[gte]"), 10, 64)
					to, toErr := strconv.ParseInt(asked.Get("created[lt]"), 10, 64)
					return json.Unmarshal(o, &head) != nil || fromErr == nil && head.Created < from || toErr == nil && head.Created >= to
				})
				if list["data"], err = json.Marshal(objects); err == nil {
					body, err = json.Marshal(list)
				}
			}
			res.Body = io.NopCloser(bytes.NewReader(body))
			res.ContentLength = int64(len(body))
			res.Header.Set("Content-Length", strconv.Itoa(len(body)))
			return err
		},
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL
}

// startMock starts a stripe-mock on ports that the system chooses and returns
// where it serves.
func startMock(t *testing.T, binary string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, "-http-addr", "127.0.0.1:", "-https-addr", "127.0.0.1:")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() })
	var said strings.Builder
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		if _, address, ok := strings.Cut(lines.Text(), "Listening for HTTP at address: "); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return "http://" + strings.TrimSpace(address)
		}
	}
	t.Fatalf("stripe-mock did not say where it serves:\n%s", said.String())
	return ""
}
