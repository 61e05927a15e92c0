package laketest

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/internal/pipeline"
)

// Verify verifies a lake and returns its findings as "name: what: says".
func Verify(t *testing.T, dir string, deep bool) []string {
	t.Helper()
	set, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	found, err := (&pipeline.Verify{Dir: dir, Set: set, Deep: deep, Wait: -1}).Run(t.Context())
	if findings, ok := errors.AsType[*pipeline.FindingsError](err); ok != (found.Findings > 0) || ok && findings.Findings != found.Findings {
		t.Fatalf("%d findings, error %v", found.Findings, err)
	}
	if ok := found.Findings == 0; ok != (pipeline.ExitCode(err) == 0) || !ok && pipeline.ExitCode(err) != 3 {
		t.Fatalf("%d findings exit %d: %v", found.Findings, pipeline.ExitCode(err), err)
	}
	var lines []string
	for _, c := range found.Checks {
		if c.Check == "" || c.Unit == "" || int64(len(c.Findings)) > c.Found {
			t.Errorf("%+v", c)
		}
		for _, f := range c.Findings {
			if f.Fix == "" || strings.Contains(f.What+f.Says+f.Fix, "\n") {
				t.Errorf("%+v", f)
			}
			if f.Name != "coverage beyond what was read" && f.Name != "account unknown" { // a cursor that reads well, and lake.json
				CheckAdvice(t, f.What, f.Fix)
			}
			lines = append(lines, f.Name+": "+f.What+": "+f.Says)
		}
		for _, note := range c.Notes {
			t.Log(c.Check + ": " + note)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".state", "verify*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	return lines
}

// CheckSound fails the test for each thing that a verification finds.
func CheckSound(t *testing.T, dir string, deep bool) {
	t.Helper()
	for _, found := range Verify(t, dir, deep) {
		t.Error(found)
	}
}

// CheckAdvice holds that no advice names a backup alone for what can be read from
// Stripe again.
func CheckAdvice(t *testing.T, what, fix string) {
	t.Helper()
	again := !regexp.MustCompile(`lake\.json|pii\.key|forgotten\.json|schemas`).MatchString(what)
	if again && strings.Contains(fix, "restore") && !strings.Contains(fix, "stripelake verify --stripe --repair") {
		t.Errorf("%s: %s", what, fix)
	}
}

// NewVerifyAtStripe is a verification of a scene's lake against all that its Stripe
// has, and the sync that its repair reads with.
func NewVerifyAtStripe(t *testing.T, s *Scene) (*pipeline.Verify, *pipeline.Sync) {
	t.Helper()
	sync := NewPatientSync(t, s.Lake, s.API, nil)
	return &pipeline.Verify{Dir: s.Lake, Wait: -1, Stripe: &pipeline.AtStripe{Client: sync.Client, Redactors: sync.Redactors}}, sync
}

// Repaired repairs a scene's lake against all that its Stripe has.
func Repaired(t *testing.T, s *Scene) pipeline.Repaired {
	t.Helper()
	v, sync := NewVerifyAtStripe(t, s)
	if _, err := v.Run(t.Context()); pipeline.ExitCode(err) != 3 && err != nil {
		t.Fatal(err)
	}
	resources, rejects := []string{"customers"}, 0.5
	sync.Resources, sync.MaxRejects = resources, rejects
	done, err := v.Repair(t.Context(), sync)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(sync.Resources, resources) || sync.MaxRejects != rejects {
		t.Errorf("the repair left its caller's sync with %v and %g", sync.Resources, sync.MaxRejects)
	}
	return done
}

// CheckLosses checks how many losses a repair found of which the objects are known,
// and of which they are not, and that each left what it must leave.
func CheckLosses(t *testing.T, s *Scene, done pipeline.Repaired, wantKnown, wantAsked int) {
	t.Helper()
	known, asked := 0, 0
	for _, x := range done.Losses {
		if x.Known {
			known++
		} else {
			asked++
		}
		for _, d := range x.Damage {
			if _, err := os.Stat(filepath.Join(s.Lake, d.Kept)); err != nil {
				t.Errorf("%s is not kept: %v", d.File, err)
			}
		}
		if _, err := os.Stat(filepath.Join(s.Lake, x.Path())); err != nil {
			t.Error(err)
		}
		t.Logf("%s %d to %d, seq %d to %d: %d versions, %d objects, listed again %v: %+v", x.Stream, x.First, x.Last, x.FirstSeq, x.LastSeq, x.Versions, len(x.Objects), x.Relisted, x.Damage)
	}
	if known != wantKnown || asked != wantAsked {
		t.Errorf("%d losses are known and %d are not, want %d and %d", known, asked, wantKnown, wantAsked)
	}
	pending, err := filepath.Glob(filepath.Join(s.Lake, "raw/*/*/*.repair.json"))
	if err != nil || len(pending) > 0 {
		t.Errorf("pending: %v, %v", pending, err)
	}
}
