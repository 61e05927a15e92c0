package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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
			api := startMock(t, binary)
			lake := filepath.Join(t.TempDir(), "lake")
			var stdout, stderr bytes.Buffer
			getenv := func(name string) string { return map[string]string{"STRIPE_API_KEY": "sk_test_contract"}[name] }
			args := []string{"stripelake", "sync", "--lake", lake, "--api-base", api}
			if code := run(t.Context(), args, getenv, &stdout, &stderr); code != 0 {
				t.Fatalf("exit status %d\n%s%s", code, stdout.String(), stderr.String())
			}
			for _, resource := range []string{"charges", "subscriptions", "refunds", "balance_transactions", "customers", "prices"} {
				want := regexp.MustCompile(fmt.Sprintf(`(?m)^  %s +[1-9]\d* objects read$`, resource))
				if !want.MatchString(stdout.String()) {
					t.Errorf("no %s were read:\n%s", resource, stdout.String())
				}
			}
		})
	}
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
