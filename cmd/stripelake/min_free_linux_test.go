package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSyncStopsAboveFullDisk copies an account onto a small disk. The sync stops above
// its floor and publishes what it has; the next one, without a floor, comes to the lake
// of a large disk.
func TestSyncStopsAboveFullDisk(t *testing.T) {
	t.Parallel()
	disk := t.TempDir()
	if err := syscall.Mount("none", disk, "tmpfs", 0, "size=40m"); err != nil {
		t.Skipf("only root can mount a small disk: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	api := startSimulator(t, "127.0.0.1:0", "--charges", "7000").url
	sync := func(lake string, flags ...string) (stdout, stderr string, code int) {
		t.Helper()
		cmd := asStripelake(t, append([]string{"sync", "--lake", lake, "--api-base", api, "--max-rps", "10000"}, flags...)...)
		var out, errs strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &errs
		_ = cmd.Run()
		return out.String(), errs.String(), cmd.ProcessState.ExitCode()
	}
	lake, large := filepath.Join(disk, "lake"), filepath.Join(t.TempDir(), "lake")
	if out, errs, code := sync(large); code != 0 {
		t.Fatalf("exit status %d: %s%s", code, out, errs)
	}
	says := regexp.MustCompile(`^stripelake: only \d+ MiB free on the disk under ` + lake + `, and \d+ MiB are to stay free: make room for \d+ MiB, or allow less with --min-free: nothing is lost, and the next sync goes on\n$`)
	out, errs, code := sync(lake, "--min-free", "90%") // at first all is free
	if code != 1 || !says.MatchString(withoutRecords(errs)) || !strings.Contains(errs, "published generation 1") || !strings.Contains(errs, "stopped by --min-free; left to the next sync: ") {
		t.Fatalf("exit status %d: %s%s", code, out, errs)
	}
	if verify, err := asStripelake(t, "verify", "--lake", lake).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, verify)
	}
	// By default the disk is too small from the beginning, and nothing is asked for.
	before, err := os.ReadDir(filepath.Join(lake, ".state", "generations"))
	if err != nil {
		t.Fatal(err)
	}
	if out, errs, code = sync(lake); code != 1 || !says.MatchString(withoutRecords(errs)) || out != "" {
		t.Errorf("exit status %d: %s%s", code, out, errs)
	}
	if after, _ := os.ReadDir(filepath.Join(lake, ".state", "generations")); len(after) != len(before) {
		t.Errorf("%d generations, and there were %d", len(after), len(before))
	}
	if out, errs, code = sync(lake, "--min-free", "0"); code != 0 {
		t.Fatalf("exit status %d: %s%s", code, out, errs)
	}
	if diff := cmp.Diff(digest(t, large), digest(t, lake)); diff != "" {
		t.Errorf("-large +small:\n%s", diff)
	}
}
