package main

import (
	"bytes"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stripelake/stripelake/extract"
)

// asDying makes the test binary guard itself as the program does, and then be what
// Go's runtime gives up.
const asDying = "STRIPELAKE_TEST_AS_DYING"

var hoard [][]byte

func die(how string) {
	exitOnRuntimeAbort()
	var core syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &core); err != nil || core.Cur > 1 || core.Max > 1 {
		os.Exit(97)
	}
	switch how {
	case "fatal":
		new(sync.Mutex).Unlock()
	case "panic":
		go func() { panic("in a goroutine") }()
		select {}
	case "no memory":
		for {
			hoard = append(hoard, make([]byte, 1<<46))
		}
	}
	os.Exit(98)
}

// TestRuntimeEndsAsFailed holds that what Go's runtime gives up does not end as wrong
// usage does, and that no core may be written.
func TestRuntimeEndsAsFailed(t *testing.T) {
	t.Parallel()
	for how, want := range map[string]string{
		"fatal": "fatal error: sync: unlock of unlocked mutex",
		"panic": "panic: in a goroutine",
		// Without more text: the runtime of the race detector gives up at its limit of
		// address space, with words of its own.
		"no memory": "fatal error: ",
	} {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), asDying+"="+how)
		said, err := cmd.CombinedOutput()
		checkEnd(t, how, cmd, err, string(said))
		if !strings.Contains(string(said), want) {
			t.Errorf("%s: it says:\n%s", how, said)
		}
	}
}

// TestCrashTellsNoKey has a sync crash while it asks Stripe. Its stacks hold no key.
func TestCrashTellsNoKey(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGSEGV, syscall.SIGABRT, syscall.SIGQUIT} {
		stripe := &tattler{hold: "/v1/refunds", asked: make(chan struct{})}
		server := httptest.NewServer(stripe)
		t.Cleanup(server.Close)
		const key = "rk_test_51CrashTellsNoKeyOfAnybody"
		cmd := exec.CommandContext(t.Context(), os.Args[0], "sync", "--lake", t.TempDir()+"/lake", "--api-base", server.URL)
		cmd.Env = append(os.Environ(), asProgram+"=1", "STRIPE_API_KEY="+key)
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-stripe.asked
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		checkEnd(t, signal.String(), cmd, cmd.Wait(), said.String())
		if regexp.MustCompile(`rk_test_|51CrashTells`).MatchString(said.String()) {
			t.Errorf("%s: it tells the key:\n%s", signal, &said)
		}
	}
}

func checkEnd(t *testing.T, how string, cmd *exec.Cmd, err error, said string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(said, "\n"), "\n")
	if !errors.As(err, new(*exec.ExitError)) || cmd.ProcessState.ExitCode() != 1 || !strings.HasPrefix(lines[len(lines)-1], "stripelake: ended by its runtime") {
		t.Errorf("%s: %v, and it says:\n%s", how, err, said)
	}
}

// TestPanicIsOneLine holds that a panic of the main goroutine is told in one line,
// with its place and without a key (Invariant 11).
func TestPanicIsOneLine(t *testing.T) {
	t.Parallel()
	err := func() (err error) {
		defer recovered(&err)
		panic("a\nline with sk_test_51PanicIsOneLine in it")
	}()
	if said := err.Error(); strings.Contains(said, "\n") || strings.Contains(said, "51Panic") || !strings.HasPrefix(said, "a line with ") || !strings.Contains(said, ", in stripelake.TestPanicIsOneLine.func1:") {
		t.Errorf("it says %q", extract.Redact(said))
	}
	if err := func() (err error) { defer recovered(&err); return errSilent }(); !errors.Is(err, errSilent) {
		t.Errorf("an error becomes %v", err)
	}
}
