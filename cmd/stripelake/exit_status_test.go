package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

func TestExitStatusesAreDocumented(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"README.md", "docs/engineers.md", "docs/reference/cli.md"} {
		text, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), exitStatusTable()) {
			t.Errorf("%s does not have the table of exit statuses:\n%s", name, exitStatusTable())
		}
	}
}

// TestInterrupted stops a sync by a signal while it reads, and while it waits for
// Stripe to answer again.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		signal syscall.Signal
		at     string // the event
		gone   bool   // Stripe is, from the first page on
	}{
		"SIGINT while it reads":          {signal: syscall.SIGINT, at: "page"},
		"SIGTERM while it reads":         {signal: syscall.SIGTERM, at: "page"},
		"SIGINT while it waits for one":  {signal: syscall.SIGINT, at: "outage", gone: true},
		"SIGTERM while it waits for one": {signal: syscall.SIGTERM, at: "outage", gone: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stripe := startSimulator(t, "127.0.0.1:0")
			lake := filepath.Join(t.TempDir(), "lake")
			sync, out, errs := startSync(t, "--lake", lake, "--api-base", stripe.url, "--retry-for", "1h")
			signalled, pages := false, 0
			for lines := bufio.NewScanner(out); lines.Scan(); {
				if strings.Contains(lines.Text(), `"event":"page"`) {
					if pages++; pages == 1 && tc.gone {
						stripe.kill()
					}
				}
				if !signalled && strings.Contains(lines.Text(), `"event":"`+tc.at+`"`) {
					signalled = true
					if err := sync.Process.Signal(tc.signal); err != nil {
						t.Error(err)
					}
				}
			}
			_ = sync.Wait()
			if code := sync.ProcessState.ExitCode(); code != 130 || withoutRecords(errs.String()) != "stripelake: interrupted; what was read is kept, and the next run goes on from there\n" {
				t.Errorf("exit status %d: %s", code, errs.String())
			}
			status, err := asStripelake(t, "status", "--lake", lake).CombinedOutput()
			if err != nil || !strings.Contains(string(status), "\nlast run: sync, interrupted, started ") {
				t.Errorf("%v\n%s", err, status)
			}
		})
	}
}

// A run goes on if nobody reads its progress any more, and says so by its status alone.
func TestReaderIsGone(t *testing.T) {
	t.Parallel()
	stripe := startSimulator(t, "127.0.0.1:0")
	lake := filepath.Join(t.TempDir(), "lake")
	sync, out, errs := startSync(t, "--lake", lake, "--api-base", stripe.url, "--max-rps", "10000")
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	_ = sync.Wait()
	if code := sync.ProcessState.ExitCode(); code != 1 || withoutRecords(errs.String()) != "" {
		t.Errorf("exit status %d: %s", code, errs.String())
	}
	status, err := asStripelake(t, "status", "--lake", lake).CombinedOutput()
	if err != nil || !strings.Contains(string(status), "\nlast run: sync, done, started ") {
		t.Errorf("%v\n%s", err, status)
	}
}

// withoutRecords is what is on standard error besides the log.
func withoutRecords(stderr string) string {
	return regexp.MustCompile(`(?m)^time=\S+ level=.*\n`).ReplaceAllString(stderr, "")
}

// startSync starts a sync with --json, whose events can be read while it runs.
func startSync(t *testing.T, flags ...string) (sync *exec.Cmd, out io.ReadCloser, errs *strings.Builder) {
	t.Helper()
	sync, errs = asStripelake(t, append([]string{"sync", "--json"}, flags...)...), new(strings.Builder)
	sync.Stderr = errs
	out, err := sync.StdoutPipe()
	if err == nil {
		err = sync.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return sync, out, errs
}
