package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestLockHelper is the other process of the lock test.
func TestLockHelper(t *testing.T) {
	dir := os.Getenv("STRIPELAKE_LOCK_TEST")
	if dir == "" {
		t.Skip("runs only as another process")
	}
	l, err := Open(dir, Options{Mode: "test"})
	if err != nil {
		t.Fatal(err)
	}
	g, err := l.OpenLog(t.Context(), acct)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	s, err := l.OpenState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	fmt.Println("locked")
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent closes our input
}

func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestLockHelper$")
	cmd.Env = append(os.Environ(), "STRIPELAKE_LOCK_TEST="+dir)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAtLeast(stdout, make([]byte, 16), len("locked\n")); err != nil {
		t.Fatal(err)
	}
	l, err := Open(dir, Options{Mode: "test", StateWait: -1})
	if err != nil {
		t.Fatal(err)
	}
	for what, open := range map[string]func() error{
		"log of acct_1": func() error { _, err := l.OpenLog(t.Context(), acct); return err },
		"state":         func() error { _, err := l.OpenState(t.Context()); return err },
	} {
		var busy *BusyError
		if err := open(); !errors.As(err, &busy) || busy.What != what || busy.Holder.PID != cmd.Process.Pid {
			t.Errorf("%s: %v", what, err)
		}
	}
	other, err := l.OpenLog(t.Context(), "acct_2") // another account's log is free
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Error(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	stdin.Close()
	g, err := l.OpenLog(t.Context(), acct) // a killed process leaves no lock behind
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
}

func TestLakeFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := Open(dir, Options{}); err == nil {
		t.Error("a lake without a mode")
	}
	if _, err := Open(filepath.Join(dir, "what?"), Options{Mode: "live"}); err == nil {
		t.Error("a path that DuckDB misreads")
	}
	l, err := Open(dir, Options{Mode: "live"})
	if err != nil {
		t.Fatal(err)
	}
	day := func(d int) time.Time { return time.Date(2024, 1, d, 0, 0, 0, 0, time.UTC) }
	for _, step := range []struct{ from, want int }{{10, 10}, {20, 10}, {5, 5}, {10, 5}} {
		got, err := l.SetStart(acct, "charge", day(step.from))
		if err != nil || !got.Equal(day(step.want)) {
			t.Errorf("start %d: got %v %v, want %d", step.from, got, err, step.want)
		}
	}
	if err := l.Remember("shop-1", true); err != nil {
		t.Fatal(err)
	}
	if err := l.Remember("../x", true); err == nil {
		t.Error("an account that leaves the lake was accepted")
	}
	if _, err := Open(dir, Options{Mode: "test"}); !errors.Is(err, ErrOtherMode) {
		t.Error(err)
	}
	l, err = Open(dir, Options{})
	if err != nil || l.Mode() != "live" {
		t.Fatal(l, err)
	}
	got, err := l.Accounts()
	want := []Account{{ID: acct, Starts: map[string]time.Time{"charge": day(5)}}, {ID: "shop-1", Label: true}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	data, err := json.Marshal(map[string]any{"format": lakeFormat + 1, "mode": "live"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "lake.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrNewerFormat) {
		t.Error(err)
	}
}
