package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/stripelake/stripelake/internal/stripesim"
)

// The metrics of a run pass promtool's lint and tell the lake; a failed run keeps what
// the lake records of earlier ones.
func TestMetricsFile(t *testing.T) {
	t.Parallel()
	server, err := stripesim.New(stripesim.Config{Charges: 60})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file, lake := filepath.Join(dir, "stripelake.prom"), filepath.Join(dir, "lake")
	sync := func(api string) int {
		var out, errs bytes.Buffer
		args := []string{"stripelake", "sync", "--lake", lake, "--api-base", api, "--metrics-file", file, "--retry-for", "0"}
		return run(t.Context(), args, func(name string) string { return map[string]string{"STRIPE_API_KEY": "sk_test_metrics"}[name] }, &out, &errs)
	}
	if code := sync(serve(t, server)); code != 0 {
		t.Fatalf("exit status %d", code)
	}
	of := `lake="` + lake + `"`
	first := metricsIn(t, file)
	for _, want := range []string{
		`stripelake_last_run_exit_status{command="sync",` + of + `} 0`,
		`stripelake_rows{` + of + `,table="charges"} 60`,
		`stripelake_rejects{account="` + server.AccountID() + `",` + of + `,resource="refunds"} 0`,
		`stripelake_run_rate_limited{` + of + `} 0`,
		`stripelake_live{` + of + `} 0`,
		`stripelake_generation{` + of + `} 1`,
	} {
		if !strings.Contains(first, want+"\n") {
			t.Errorf("the metrics lack %s:\n%s", want, first)
		}
	}
	for _, want := range []string{
		`(?m)^stripelake_complete_through_timestamp_seconds\{account="acct_\w+",lake="[^"]+",resource="charges"\} 1\.\d+e\+09$`,
		`(?m)^stripelake_run_requests\{lake="[^"]+",path="/v1/charges",status="200"\} \d+$`,
		`(?m)^stripelake_last_success_timestamp_seconds\{command="sync",lake="[^"]+"\} 1\.\d+e\+09$`,
	} {
		if !regexp.MustCompile(want).MatchString(first) {
			t.Errorf("the metrics lack %s:\n%s", want, first)
		}
	}
	for path, n := range server.Requests() {
		if want := fmt.Sprintf("stripelake_run_requests{%s,path=%q,status=\"200\"} %d\n", of, path, n); !strings.Contains(first, want) {
			t.Errorf("the metrics lack %s, which the server counted:\n%s", want, first)
		}
	}
	if code := sync("http://127.0.0.1:1"); code != 1 {
		t.Fatalf("exit status %d", code)
	}
	second, success := metricsIn(t, file), regexp.MustCompile(`stripelake_last_success.*\} .*`)
	if !strings.Contains(second, `stripelake_last_run_exit_status{command="sync",`+of+"} 1\n") || success.FindString(first) != success.FindString(second) {
		t.Errorf("after a failure:\n%s", second)
	}
}

// metricsIn reads a file of metrics, and checks its form and who may read it.
func metricsIn(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o644 {
		t.Errorf("mode %s, %v", info.Mode(), err)
	}
	problems, err := promlint.New(bytes.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	return string(text)
}
