package pipeline_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
)

// A link to an older generation, or a state from some syncs ago, is found by
// the next sync, by doctor and by verify. Each command that publishes repairs
// it: the published tables follow the log, without a file of another time
// (Invariant 7). A lake restored as a whole has no finding.
func TestPutBack(t *testing.T) {
	laketest.Slow(t)
	t.Parallel()
	if testing.Short() {
		t.Skip("nothing here runs side by side: not for the race detector")
	}
	server := laketest.Shop(t, func(c *stripesim.Config) { c.Deletions = 50 })
	sound := laketest.NewScene(t, server.Handler())
	former := filepath.Join(t.TempDir(), "work.duckdb")
	sound.Sync()
	first := laketest.Twin(t, sound, server)
	laketest.CopyTo(t, filepath.Join(sound.Lake, ".state", "work.duckdb"), former)
	server.SetNow(laketest.ShopEnd)
	laketest.Act(t, server, stripesim.CreateCharge)
	laketest.Act(t, server, stripesim.CreateRefund)
	sound.Sync()
	server.SetNow(laketest.ShopEnd.Add(time.Hour))
	sound.Sync()
	want := laketest.Digest(t, sound.Lake)
	rolledBack := asLink(".state/generations/000002")
	older := func(dir string) error {
		data, err := os.ReadFile(former)
		return errors.Join(err, os.WriteFile(filepath.Join(dir, ".state", "work.duckdb"), data, 0o600))
	}
	const back, behind = "leads to generation 2, and the state published generation 3 last", "leads to generation 3, and the state is an older one, which published generation 1 last"
	cases := map[string]func(*testing.T){}
	for name, tc := range map[string]struct {
		damage func(string) error
		found  string
		says   string
	}{
		"link rolled back": {rolledBack, "generation rolled back: current: ", back},
		"older state":      {older, "state older than what is published: current: ", behind},
	} {
		mended := func(t *testing.T, mend func(s *laketest.Scene)) {
			t.Helper()
			t.Parallel()
			s := laketest.Twin(t, sound, server)
			if err := errors.Join(os.Chmod(s.Lake, 0o700), tc.damage(s.Lake)); err != nil {
				t.Fatal(err)
			}
			mend(s)
			laketest.CheckSound(t, s.Lake, false)
			if diff := cmp.Diff(want, laketest.Digest(t, s.Lake)); diff != "" {
				t.Errorf("(-sound +mended):\n%s", diff)
			}
			laketest.CheckFindings(t, diagnose(t, s.Lake))
		}
		cases[name+", sync"] = func(t *testing.T) {
			mended(t, func(s *laketest.Scene) {
				laketest.CheckFindings(t, diagnose(t, s.Lake), "problem generation: current "+tc.says)
				s.Sync()
				if said := strings.Join(s.Notices, "\n"); said != "publishing every file anew: current "+tc.says {
					t.Errorf("the sync said %q", said)
				}
			})
		}
		cases[name+", rebuild"] = func(t *testing.T) {
			mended(t, func(s *laketest.Scene) {
				if found := strings.Join(laketest.Verify(t, s.Lake, false), "\n"); !strings.HasPrefix(found, tc.found+tc.says) {
					t.Errorf("verify found %q", found)
				}
				again := rebuildOf(s)
				if _, err := again.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
			})
		}
		cases[name+", repair"] = func(t *testing.T) {
			mended(t, func(s *laketest.Scene) {
				v, sync := laketest.NewVerifyAtStripe(t, s)
				v.Stripe, sync.Client = nil, nil
				if _, err := v.Run(t.Context()); pipeline.ExitCode(err) != 3 {
					t.Fatal(err)
				}
				if _, err := v.Repair(t.Context(), sync); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
	cases["all of it"] = func(t *testing.T) {
		t.Parallel()
		if err := os.Chmod(first.Lake, 0o700); err != nil {
			t.Fatal(err)
		}
		laketest.CheckSound(t, first.Lake, false)
		laketest.CheckFindings(t, diagnose(t, first.Lake))
		first.Sync()
		if len(first.Notices) > 0 {
			t.Errorf("the sync said %q", first.Notices)
		}
		laketest.CheckSound(t, first.Lake, false)
		if diff := cmp.Diff(want, laketest.Digest(t, first.Lake)); diff != "" {
			t.Errorf("(-sound +mended):\n%s", diff)
		}
	}
	for name, run := range laketest.Sampled(cases) {
		t.Run(name, run)
	}
}

// A state of another lake, or from before an erasure, is never published: it is set
// aside and the tables are derived again, which is said. So it is with one that a
// rebuild of another lake had begun.
func TestStateOfAnotherLake(t *testing.T) {
	laketest.Slow(t)
	t.Parallel()
	at := laketest.Noon.AddDate(0, 0, -3)
	customer := func(id string) string { return laketest.Sent("customer", id, at, `"email":"`+id+`@example.com"`) }
	const work = ".state/work.duckdb"
	place := func(from, as string) func(string) error {
		return func(dir string) error {
			data, err := os.ReadFile(filepath.Join(from, work))
			return errors.Join(err, os.WriteFile(filepath.Join(dir, as), data, 0o600))
		}
	}
	lake := func(seed int64, customers ...string) *laketest.Scene {
		var objects []string
		for _, id := range customers {
			objects = append(objects, customer(id))
		}
		s := laketest.NewScene(t, laketest.Recorded(t, seed, laketest.Noon, objects...))
		s.Sync()
		return s
	}
	other := lake(2, "cus_other")
	check := func(t *testing.T, s *laketest.Scene, want ...string) {
		t.Helper()
		s.Expect("customers", "SELECT id FROM customers ORDER BY id", want...)
		laketest.CheckSound(t, s.Lake, false)
		laketest.CheckFindings(t, diagnose(t, s.Lake))
	}
	for name, damage := range map[string]func(string) error{
		"another's": place(other.Lake, work),
		"another's, and no lake.json": func(dir string) error {
			return errors.Join(place(other.Lake, work)(dir), os.Remove(filepath.Join(dir, "lake.json")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := lake(1, "cus_1", "cus_2")
			if err := damage(s.Lake); err != nil {
				t.Fatal(err)
			}
			if name == "another's" {
				if found := laketest.Verify(t, s.Lake, false); len(found) == 0 || !strings.HasPrefix(found[0], "state of another lake: .state/work.duckdb") {
					t.Errorf("verify found %q", found)
				}
				laketest.CheckFindings(t, diagnose(t, s.Lake), "problem state: .state/work.duckdb is not this lake's own")
			}
			s.Sync()
			if said := strings.Join(s.Notices, "\n"); !strings.Contains(said, "deriving the tables again from the raw log: it is not this lake's own, set aside as "+filepath.Join(s.Lake, work)+".of-another-lake") {
				t.Errorf("the sync said %q", said)
			}
			if _, err := os.Stat(filepath.Join(s.Lake, work+".of-another-lake")); err != nil {
				t.Error(err)
			}
			check(t, s, "cus_1", "cus_2")
		})
	}
	t.Run("from before an erasure", func(t *testing.T) {
		t.Parallel()
		s := lake(1, "cus_1", "cus_2")
		former := filepath.Join(t.TempDir(), "work.duckdb")
		laketest.CopyTo(t, filepath.Join(s.Lake, work), former)
		if _, err := laketest.Forget(t.Context(), s.Lake, nil, "cus_2"); err != nil {
			t.Fatal(err)
		}
		laketest.CopyTo(t, former, filepath.Join(s.Lake, work))
		s.Sync()
		check(t, s, "cus_1")
	})
	t.Run("a rebuild's", func(t *testing.T) {
		t.Parallel()
		s := lake(1, "cus_1", "cus_2")
		if err := place(other.Lake, ".state/next.duckdb")(s.Lake); err != nil {
			t.Fatal(err)
		}
		again := rebuildOf(s)
		again.Tables = []string{"customers"}
		if _, err := again.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		check(t, s, "cus_1", "cus_2")
	})
}
