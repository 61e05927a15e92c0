package pipeline_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/verify"
)

// moved puts a folder of a lake on another disk and a link in its place. It returns
// where it is now.
func moved(t *testing.T, lake string, folder ...string) string {
	t.Helper()
	from, to := filepath.Join(append([]string{lake}, folder...)...), filepath.Join(t.TempDir(), "disk")
	if err := errors.Join(os.Rename(from, to), os.Symlink(to, from)); err != nil {
		t.Fatal(err)
	}
	return to
}

// TestLinkedFolders holds that a lake whose raw log lies on another disk, as a
// whole, by account or by stream, is the same lake to every command.
func TestLinkedFolders(t *testing.T) {
	laketest.Slow(t)
	t.Parallel()
	p := laketest.NewPerson(t)
	plain := filepath.Join(t.TempDir(), "lake")
	p.Build(t, plain, p.URL)
	acct := laketest.AccountOf(t, plain)
	want := workedOn(t, p, laketest.Copied(t, plain), nil)
	for _, linked := range [][]string{{"raw", acct, "charges"}, {"raw"}, {"raw", acct}, {"raw", acct, "events"}}[:laketest.Sample(1, 4)] {
		t.Run(strings.Join(linked[min(1, len(linked)-1):], "/"), func(t *testing.T) {
			t.Parallel()
			dir := laketest.Copied(t, plain)
			disk := moved(t, dir, linked...)
			if diff := cmp.Diff(want, workedOn(t, p, dir, linked)); diff != "" {
				t.Errorf("not as without the link (-plain +linked):\n%s", diff)
			}
			if found := laketest.LookBelow(t, dir, disk, p.Marks); len(found) > 0 {
				t.Errorf("still on the other disk: %v", found)
			}
		})
	}
}

// workedOn has every command work on a lake and returns what they say. The person
// is forgotten in it and in its backup, which has the same folder linked.
func workedOn(t *testing.T, p *laketest.Person, dir string, linked []string) (said map[string]any) {
	t.Helper()
	said = map[string]any{}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	backup := filepath.Join(t.TempDir(), "backup")
	_, err := pipeline.Backup(t.Context(), openMembers(t, dir), backup)
	do(err)
	backupDisk := backup
	if linked != nil {
		backupDisk = moved(t, backup, linked...)
	}
	leftover := filepath.Join(dir, "raw", laketest.AccountOf(t, dir), "charges", "00000009-00000009.parquet.tmp")
	do(os.WriteFile(leftover, nil, 0o600))
	health, err := verify.Inspect(dir)
	do(err)
	said["doctor"] = []any{health.Segments, len(health.Damage), health.Leftover}
	relisted(t, dir, p.URL)
	if _, err := os.Stat(leftover); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what was half written: %v", err)
	}
	said["verify"] = len(laketest.Verify(t, dir, false))
	sizes, err := load.LogSizes(dir)
	do(err)
	for _, s := range sizes {
		said["log of "+s.Stream] = s.Segments
	}
	said["compact"], err = pipeline.Compact(t.Context(), openMembers(t, dir), 0)
	do(err)
	s := laketest.NewSync(dir, p.URL, nil)
	_, err = (&pipeline.Rebuild{Mappings: s.Mappings, Lake: s.Lake}).Run(t.Context())
	do(err)
	said["rebuild"] = laketest.Digest(t, dir)
	receipts, err := laketest.Forget(t.Context(), dir, nil, p.ID)
	do(err)
	said["forget"] = receipts[0].Erased
	if found := laketest.Look(t, dir, p.Marks); len(found) > 0 {
		t.Errorf("still there: %v", found)
	}
	said["forgotten"], said["verify after"] = laketest.Digest(t, dir), len(laketest.Verify(t, dir, true))
	_, err = pipeline.Backup(t.Context(), openMembers(t, dir), backup)
	do(err)
	if found := laketest.LookBelow(t, dir, backupDisk, p.Marks); len(found) > 0 {
		t.Errorf("still in the backup: %v", found)
	}
	return said
}

func openMembers(t *testing.T, dir string) *load.Lake {
	t.Helper()
	lake, err := load.Open(dir, load.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return lake
}

// TestLinksThatAreRefused holds that a linked file of the log, which an erasure would
// replace and not erase, is refused by name, and so is a link to a disk that is not
// there, by whoever writes and whoever reads.
func TestLinksThatAreRefused(t *testing.T) {
	t.Parallel()
	ann := laketest.Sent("customer", "cus_ann", laketest.Noon)
	for _, tc := range []struct {
		what string
		link func(t *testing.T, s *laketest.Scene) string // returns what is named
		says string
	}{
		{"a file", func(t *testing.T, s *laketest.Scene) string {
			name := []string{"raw", laketest.AccountOf(t, s.Lake), "customers", "00000001-00000001.parquet"}
			moved(t, s.Lake, name...)
			return filepath.Join(name...)
		}, "is a link: put the file itself in its place"},
		{"no log", func(t *testing.T, s *laketest.Scene) string {
			if err := os.RemoveAll(moved(t, s.Lake, "raw")); err != nil {
				t.Fatal(err)
			}
			return "raw"
		}, "is a link that leads nowhere: mount the disk"},
		{"no account", func(t *testing.T, s *laketest.Scene) string {
			name := filepath.Join("raw", laketest.AccountOf(t, s.Lake))
			if err := os.RemoveAll(moved(t, s.Lake, name)); err != nil {
				t.Fatal(err)
			}
			return name
		}, "is a link that leads nowhere: mount the disk"},
		{"no stream", func(t *testing.T, s *laketest.Scene) string {
			name := filepath.Join("raw", laketest.AccountOf(t, s.Lake), "customers")
			if err := os.RemoveAll(moved(t, s.Lake, name)); err != nil {
				t.Fatal(err)
			}
			return name
		}, "is a link that leads nowhere: mount the disk"},
	} {
		t.Run(tc.what, func(t *testing.T) {
			t.Parallel()
			s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon.Add(24*60*60e9), ann))
			s.Sync("customers")
			named := tc.link(t, s)
			asked := s.Asked.Load()
			for command, run := range map[string]func() error{
				"sync":   func() error { _, err := s.Try("customers"); return err },
				"forget": func() error { _, err := laketest.Forget(t.Context(), s.Lake, nil, "cus_ann"); return err },
				"compact": func() error {
					_, err := pipeline.Compact(t.Context(), openMembers(t, s.Lake), 0)
					return err
				},
				"backup": func() error {
					_, err := pipeline.Backup(t.Context(), openMembers(t, s.Lake), filepath.Join(t.TempDir(), "backup"))
					return err
				},
				"rebuild": func() error {
					r := laketest.NewSync(s.Lake, s.API, nil)
					_, err := (&pipeline.Rebuild{Mappings: r.Mappings, Lake: r.Lake}).Run(t.Context())
					return err
				},
				"sizes": func() error { _, err := load.LogSizes(s.Lake); return err },
				"verify": func() error {
					found, err := (&pipeline.Verify{Dir: s.Lake, Wait: -1}).Run(t.Context())
					for _, c := range found.Checks {
						for _, f := range c.Findings {
							err = errors.Join(err, fmt.Errorf("%s: %s: %s", f.What, f.Says, f.Fix))
						}
					}
					return err
				},
				"doctor": func() error {
					health, err := verify.Inspect(s.Lake)
					return errors.Join(append(health.Damage, err)...)
				},
			} {
				if err := run(); err == nil || !strings.Contains(err.Error(), named) || !strings.Contains(err.Error(), tc.says) {
					t.Errorf("%s: %v", command, err)
				}
			}
			if asked = s.Asked.Load() - asked; asked > 1 { // whose key it is
				t.Errorf("%d requests", asked)
			}
			if _, err := os.Stat(filepath.Join(s.Lake, "forgotten.json")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a refused erasure has begun: %v", err)
			}
		})
	}
}
