package pipeline_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

// compared compares a scene's lake with its Stripe, and heals what differs.
func compared(t *testing.T, s *scene, sample int, repair bool) []string {
	t.Helper()
	sync := historySync(t, s.lake, s.api, nil)
	v := pipeline.Verify{Dir: s.lake, Wait: -1, Stripe: &pipeline.AtStripe{Client: sync.Client, Redactors: sync.Redactors, Sample: sample}}
	found, err := v.Run(t.Context())
	if (found.Findings > 0) != (pipeline.ExitCode(err) == 3) {
		t.Fatal(found, err)
	}
	var lines []string
	for _, c := range found.Checks {
		for _, f := range c.Findings {
			lines = append(lines, strings.ReplaceAll(f.Name+": "+f.What, account(t, s.lake), "acct_"))
		}
		for _, note := range c.Notes {
			t.Log(c.Check + ": " + note)
		}
	}
	if repair {
		if _, err := v.Repair(t.Context(), sync); err != nil {
			t.Fatal(err)
		}
	}
	return lines
}

// A lake that missed something, or holds what is gone, is told so, object by
// object, and a repair heals just that. Stripe says nothing of it by events.
func TestVerifyAgainstStripe(t *testing.T) {
	t.Parallel()
	at := noon.AddDate(0, 0, -3)
	held := `"captured":false,"amount_captured":0` // needs no balance transaction
	lines := func(objects ...string) http.Handler { return recorded(t, 1, noon, objects...) }
	same, gone := paid("ch_same", at, held), paid("ch_gone", at.Add(time.Hour), held)
	s := newScene(t, lines(same, gone, paid("ch_stale", at, held, `"description":"old"`)))
	s.sync()
	for _, line := range compared(t, s, 0, false) {
		t.Error(line)
	}
	s.becomes(lines(same, paid("ch_stale", at, held, `"description":"new"`), paid("ch_missing", at, held), paid("ch_young", noon.Add(-30*time.Second), held)))
	want := []string{"object extra: acct_/charges ch_gone", "object missing: acct_/charges ch_missing", "object stale: acct_/charges ch_stale"}
	if got := compared(t, s, 0, true); !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	s.expect("healed", `SELECT id, deleted, description FROM charges ORDER BY id`,
		"ch_gone true null", "ch_missing false null", "ch_same false null", "ch_stale false new")
	for _, line := range compared(t, s, 0, false) {
		t.Error(line)
	}
	clean(t, s.lake, true)
}

// What has changed since the lake followed changes, or is younger than what it
// covers, is the next sync's and no finding.
func TestVerifyAgainstStripeThatGoesOn(t *testing.T) {
	t.Parallel()
	server := shop(t, func(c *stripesim.Config) { c.Charges, c.LongLists, c.Deletions = 300, true, 50 })
	s := newScene(t, server.Handler())
	s.sync()
	for _, line := range compared(t, s, 0, false) {
		t.Error(line)
	}
	for _, action := range stripesim.Actions() {
		server.Advance(time.Minute)
		if _, err := server.Change(action, 2); err != nil {
			t.Fatal(err)
		}
	}
	server.Advance(30 * time.Minute)
	for _, sample := range []int{0, 2} {
		for _, line := range compared(t, s, sample, false) {
			t.Error(line)
		}
	}
	s.sync()
	for _, line := range compared(t, s, 0, false) {
		t.Error(line)
	}
}

// The key of another account compares nothing, and adds nothing to the lake.
func TestVerifyAgainstAnotherAccount(t *testing.T) {
	t.Parallel()
	s := newScene(t, shop(t, nil).Handler())
	s.sync("prices")
	before := account(t, s.lake)
	s.becomes(shop(t, func(c *stripesim.Config) { c.Seed = 8 }).Handler())
	v := pipeline.Verify{Dir: s.lake, Wait: -1, Stripe: &pipeline.AtStripe{Client: historySync(t, s.lake, s.api, nil).Client}}
	if _, err := v.Run(t.Context()); pipeline.ExitCode(err) != 2 || !strings.Contains(err.Error(), "and the lake holds "+before) {
		t.Error(err)
	}
	if accounts, err := load.ReadAccounts(s.lake); len(accounts) != 1 || err != nil {
		t.Error(accounts, err)
	}
}
