package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestSimulate starts the command with a flag of each group and asks what the
// flags are for.
func TestSimulate(t *testing.T) {
	// Not parallel: two apps of urfave/cli in one process share its help flag.
	ctx, cancel := context.WithCancel(t.Context())
	out, stdout := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, strings.Fields("stripelake simulate --addr 127.0.0.1:0 --charges 500 --long-lists --deletions 5% --shape uniform "+
			"--now 2025-06-01 --clock 1x --lag 1s --event-version 2025-03-31.basil --accounts 1 --forbid events "+
			"--limit-global 1000 --limit-endpoint 3 --limit-concurrent 50 --latency 1ms --faults 0 --fault-seed 2 --fault 503:/v1/prices:2"),
			func(string) string { return "" }, stdout, io.Discard)
		_ = stdout.Close()
	}()
	lines := bufio.NewScanner(out)
	lines.Scan()
	url, ok := strings.CutPrefix(lines.Text(), "simulated Stripe on ")
	if !ok {
		t.Fatalf("the first line is %q", lines.Text())
	}
	connected := ""
	for connected == "" && lines.Scan() {
		_, connected, _ = strings.Cut(lines.Text(), "connected account ")
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()

	get := func(path, key, account string) (status int, date, body string) {
		t.Helper()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth(key, "")
		if account != "" {
			req.Header.Set("Stripe-Account", account)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		content, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, resp.Header.Get("Date"), string(content)
	}
	const secret, restricted = "sk_test_simulated", "rk_test_simulated"
	for _, tc := range []struct {
		path, key, account string
		status             int
		says               string
	}{
		{"/v1/account", secret, connected, 200, connected},
		{"/v1/account", secret, "acct_other", 403, "account_invalid"},
		{"/v1/events", restricted, "", 403, "rak_event_read"},
		{"/v1/events?limit=1", secret, "", 200, `"api_version": "2025-03-31.basil"`},
		{"/v1/prices?limit=1", secret, "", 200, `"has_more": true`},
		{"/v1/prices?limit=1", secret, "", 503, "api_error"},
	} {
		status, date, body := get(tc.path, tc.key, tc.account)
		if status != tc.status || !strings.Contains(body, tc.says) || !strings.Contains(date, "01 Jun 2025 00:0") {
			t.Errorf("%s: %d at %s\n%s\nwant %d …%s…", tc.path, status, date, body, tc.status, tc.says)
		}
	}
	refused := false
	for range 1000 {
		status, _, _ := get("/v1/refunds", secret, "")
		if refused = status == http.StatusTooManyRequests; refused {
			break
		}
	}
	if !refused {
		t.Error("a thousand requests on end, and no limit")
	}
	cancel()
	if got := <-code; got != 0 {
		t.Errorf("exit status %d", got)
	}
}

// What is said to copy the account is as fast as this machine, unless limits are to be
// tried.
func TestSimulateSaysHowToCopy(t *testing.T) {
	// Not parallel: two apps of urfave/cli in one process share its help flag.
	for flags, want := range map[string]string{"": " --max-rps 4000", " --limit-global 30": "", " --key sk_test_mine": " --max-rps 4000"} {
		ctx, cancel := context.WithCancel(t.Context())
		out, stdout := io.Pipe()
		go func() {
			run(ctx, strings.Fields("stripelake simulate --addr 127.0.0.1:0 --charges 10"+flags), func(string) string { return "" }, stdout, io.Discard)
			_ = stdout.Close()
		}()
		said := ""
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if strings.Contains(lines.Text(), "stripelake sync") {
				said = lines.Text()
			}
			if strings.HasPrefix(lines.Text(), "Ctrl-C") {
				cancel()
			}
		}
		cancel()
		if command, rest, found := strings.Cut(said, " --api-base http://127.0.0.1:"); !found || !strings.HasSuffix(command, "stripelake sync") || strings.TrimLeft(rest, "0123456789") != want {
			t.Errorf("%q: %q, want it to end with %q", flags, said, want)
		}
		// A key that was given may be that of an account, and no other is accepted.
		known := !strings.Contains(flags, "--key")
		if strings.Contains(said, simulatedKey) != known || strings.Contains(said, "sk_test_mine") {
			t.Errorf("%q: %q", flags, said)
		}
	}
}
