package pipeline_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/query"
)

// asFolder puts a copy of what people read in the place of the link to it, as an
// archive or an object store does that knows no links.
func asFolder(dir string) error {
	link, copied := filepath.Join(dir, "current"), filepath.Join(dir, "copied")
	published, err := filepath.EvalSymlinks(link)
	if err == nil {
		err = os.CopyFS(copied, os.DirFS(published))
	}
	return errors.Join(err, os.Remove(link), os.Rename(copied, link), os.Chmod(link, 0o755))
}

func asFile(dir string) error {
	return errors.Join(os.Remove(filepath.Join(dir, "current")), laketest.WriteFile("current", ".state/generations/000001")(dir))
}

// asLink makes the link lead to where it was copied from.
func asLink(to string) func(string) error {
	return func(dir string) error {
		link := filepath.Join(dir, "current")
		return errors.Join(os.Remove(link), os.Symlink(to, link))
	}
}

// Whatever stands in the place of the link, the next sync or repair publishes all
// the same. What stood there is kept, named by every run, and closed to others.
func TestWhatStandsInPlaceOfTheLink(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("nothing here runs side by side: not for the race detector")
	}
	server := laketest.Shop(t, nil)
	sound := laketest.NewScene(t, server.Handler())
	sound.Sync()
	elsewhere := filepath.Join(t.TempDir(), "000001")
	if err := os.CopyFS(elsewhere, os.DirFS(filepath.Join(sound.Lake, "current"))); err != nil {
		t.Fatal(err)
	}
	for name, tc := range laketest.Sampled(map[string]struct {
		damage func(string) error
		is     string
		reads  bool // until the sync
	}{
		"folder":          {asFolder, "a folder", true},
		"file":            {asFile, "a file", false},
		"link elsewhere":  {asLink(elsewhere), "a link to somewhere else", true},
		"link to nowhere": {asLink("/nowhere/000001"), "a link to somewhere else", false},
	}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, repaired := laketest.Twin(t, sound, server), laketest.Twin(t, sound, server)
			if err := errors.Join(os.Chmod(s.Lake, 0o700), tc.damage(s.Lake), tc.damage(repaired.Lake)); err != nil {
				t.Fatal(err)
			}
			says := "current is " + tc.is + " and not the link to a generation"
			answer, err := query.Ask(t.Context(), s.Lake, query.Question{SQL: "SELECT count(*) FROM charges"})
			switch {
			case tc.reads && err != nil:
				t.Errorf("query: %v", err)
			case tc.reads:
				_ = answer.Close()
			case err == nil || !strings.HasSuffix(err.Error(), says+": run `stripelake sync`, which sets it aside and publishes anew"):
				t.Errorf("query: %v", err)
			}
			if _, err := pipeline.ReadStatus(t.Context(), s.Lake); err != nil {
				t.Errorf("status: %v", err)
			}
			laketest.CheckFindings(t, diagnose(t, s.Lake), "problem generation: "+says+"; run stripelake sync, which publishes it anew")
			if found := strings.Join(laketest.Verify(t, s.Lake, false), "\n"); found != "generation replaced: current: "+strings.TrimPrefix(says, "current ") {
				t.Errorf("verify found %q", found)
			}
			v, sync := laketest.NewVerifyAtStripe(t, repaired)
			v.Stripe, sync.Client = nil, nil
			if _, err := v.Run(t.Context()); pipeline.ExitCode(err) != 3 {
				t.Fatal(err)
			}
			if _, err := v.Repair(t.Context(), sync); err != nil {
				t.Errorf("repair: %v", err)
			}
			laketest.CheckSound(t, repaired.Lake, false)

			s.Sync()
			aside := setAside(t, s.Lake)
			tells := aside + " stood in the place of the link that people read: look at it, and remove it"
			if said := strings.Join(s.Notices, "\n"); said != "publishing every file anew: "+says+"\n"+tells {
				t.Errorf("the sync said %q", said)
			}
			laketest.CheckSound(t, s.Lake, false)
			s.Notices = nil
			s.Sync()
			if said := strings.Join(s.Notices, "\n"); said != tells {
				t.Errorf("the next sync said %q", said)
			}
			laketest.CheckFindings(t, diagnose(t, s.Lake), "warning set aside: "+aside)
			again := rebuildOf(s)
			if _, err := again.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if info, err := os.Lstat(filepath.Join(s.Lake, aside)); err != nil || info.IsDir() && info.Mode().Perm() != 0o700 {
				t.Errorf("%s: %v", info.Mode(), err)
			}
			if err := asFile(s.Lake); err != nil { // a second one, which the first does not keep from being kept
				t.Fatal(err)
			}
			s.Sync()
			if names, err := load.ReadSetAside(s.Lake); err != nil || len(names) != 2 {
				t.Errorf("set aside: %q, %v", names, err)
			}
			if err := os.RemoveAll(filepath.Join(s.Lake, aside)); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// rebuildOf is a rebuild with nothing to do.
func rebuildOf(s *laketest.Scene) pipeline.Rebuild {
	s.T.Helper()
	sync := laketest.NewPatientSync(s.T, s.Lake, s.API, nil)
	return pipeline.Rebuild{Mappings: sync.Mappings, Lake: sync.Lake, OnEvent: func(e pipeline.Event) {
		if e.Event == pipeline.EventNotice {
			s.Notices = append(s.Notices, e.Message)
		}
	}}
}

// setAside is the name of the one thing that was.
func setAside(t *testing.T, dir string) string {
	t.Helper()
	names, err := load.ReadSetAside(dir)
	if err != nil || len(names) != 1 || !strings.HasPrefix(names[0], "current.set-aside-2") {
		t.Fatalf("set aside: %q, %v", names, err)
	}
	return names[0]
}

// An erasure reaches what was set aside, and what it sets aside itself: the receipt
// names it.
func TestForgetRemovesWhatWasSetAside(t *testing.T) {
	t.Parallel()
	at := laketest.Noon.AddDate(0, 0, -3)
	for name, sync := range map[string]bool{"before": true, "by the erasure": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, laketest.Sent("customer", "cus_gone", at, `"email":"somebody@example.com"`), laketest.Sent("customer", "cus_other", at)))
			s.Sync()
			if err := asFolder(s.Lake); err != nil {
				t.Fatal(err)
			}
			if sync {
				s.Sync()
			}
			receipts, err := laketest.Forget(t.Context(), s.Lake, nil, "cus_gone")
			if err != nil || len(receipts) != 1 || len(receipts[0].SetAside) != 1 {
				t.Fatalf("%+v, %v", receipts, err)
			}
			if names, err := load.ReadSetAside(s.Lake); err != nil || len(names) > 0 {
				t.Errorf("left: %q, %v", names, err)
			}
			if found := laketest.Look(t, s.Lake, []string{"somebody@example.com"}); len(found) > 0 {
				t.Errorf("found: %v", found)
			}
		})
	}
}

// A stricter policy removes what was set aside, and reports it: the fields that
// such files show are unknown.
func TestStricterPolicyTakesWhatWasSetAside(t *testing.T) {
	t.Parallel()
	notUnderRace(t)
	k := newKeeper(t)
	k.do(k.sync(nil))
	k.do(asFolder(k.dir))
	k.do(k.sync(nil))
	aside := setAside(t, k.dir)
	k.do(laketest.WriteFile("current.set-aside-before/notes", "what is it?")(k.dir))
	k.do(k.sync(nil))
	if names, err := load.ReadSetAside(k.dir); err != nil || len(names) != 2 {
		t.Errorf("set aside: %q, %v", names, err)
	}
	k.do(k.rebuild(setWith(t, privacy("pii: drop"))))
	if names, err := load.ReadSetAside(k.dir); err != nil || len(names) > 0 {
		t.Errorf("left: %q, %v", names, err)
	}
	if !k.said("removed, of what had been set aside: current.set-aside-before, " + aside) {
		t.Errorf("said %q", k.notices)
	}
}
