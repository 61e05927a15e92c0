package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// No command ends well whose output went nowhere, and none calls that the lake's
// disk.
func TestOutputThatIsFull(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full here")
	}
	defer func() { _ = full.Close() }()
	lake := filepath.Join(t.TempDir(), "lake")
	getenv := func(string) string { return "" }
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"stripelake", "demo", "--lake", lake, "--charges", "20"}, getenv, &stdout, &stderr); code != 0 {
		t.Fatalf("exit status %d: %s", code, stderr.String())
	}
	for _, args := range []string{
		"status", "status --json", "verify", "doctor", "query SHOW", "query --format csv SHOW", "query --format json SHOW", "compact", "rebuild", "rebuild --json",
		"schema coverage charges", "schema check", "schema diff", "schema explain charges", "sync --help", "--help",
	} {
		words := append([]string{"stripelake"}, strings.Fields(strings.Replace(args, "SHOW", "FROM(SELECT(1))", 1))...)
		if command := words[1]; command != "schema" && !strings.HasPrefix(command, "-") && !strings.Contains(args, "--help") {
			words = append(words[:2:2], append([]string{"--lake", lake}, words[2:]...)...)
		}
		if strings.HasPrefix(args, "schema coverage") || strings.HasPrefix(args, "schema diff") {
			words = append(words[:3:3], append([]string{"--lake", lake}, words[3:]...)...)
		}
		var stderr bytes.Buffer
		code := run(t.Context(), words, getenv, full, &stderr)
		if said := stderr.String(); code != 1 || !strings.HasSuffix(said, "stripelake: write to standard output: no space left on device: what was printed is not whole\n") || strings.Contains(said, "disk") {
			t.Errorf("%s: exit status %d: %s", args, code, said)
		}
	}
}
