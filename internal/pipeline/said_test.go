package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/doctor"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/report"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

// TestSixLakesSayTheSame: whoever reads `status`, the page or meta.coverage of a
// lake learns the same of how complete it is.
func TestSixLakesSayTheSame(t *testing.T) {
	t.Parallel()
	for name, tc := range laketest.Sampled(map[string]struct {
		make func(t *testing.T) *laketest.Scene
		why  string // of the charges, or of the refunds
		run  string // how the last run ended
		gaps bool
	}{
		"complete":           {completeLake, "", "done", false},
		"interrupted":        {interruptedLake, "unfinished", "interrupted", true},
		"killed":             {killedLake, "unfinished", "killed", true},
		"one list forbidden": {forbiddenLake, "forbidden", "incomplete", false},
		"three days old":     {agedLake, "events unread", "incomplete", false},
		"half a year missing": {func(t *testing.T) *laketest.Scene {
			s := pausedLake(t)
			publishState(s)
			return s
		}, "unfinished", "done", true},
	}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tc.make(t)
			status, err := pipeline.ReadStatus(t.Context(), s.Lake)
			if err != nil {
				t.Fatal(err)
			}
			if status.LastRun == nil || status.LastRun.Outcome != tc.run {
				t.Errorf("the last run was %+v, want %s", status.LastRun, tc.run)
			}
			said := saidByStatus(status)
			if !slices.ContainsFunc(said, func(line string) bool { return strings.Contains(line, " "+tc.why+" ") }) || strings.Contains(strings.Join(said, ""), " to ") != tc.gaps {
				t.Errorf("status says\n%s\nwant %q, and gaps: %t", strings.Join(said, "\n"), tc.why, tc.gaps)
			}
			for _, r := range status.Resources {
				noGapInside(t, r)
			}
			if diff := cmp.Diff(said, saidByWarehouse(s)); diff != "" {
				t.Errorf("(-status +meta.coverage):\n%s", diff)
			}
			if diff := cmp.Diff(said, saidByPage(t, s)); diff != "" {
				t.Errorf("(-status +page):\n%s", diff)
			}
		})
	}
}

// noGapInside: what is said to be complete has no gap in it.
func noGapInside(t *testing.T, r pipeline.ResourceStatus) {
	t.Helper()
	for _, g := range r.Gaps {
		if r.CompleteTo != nil && (g.From == nil || g.From.Before(*r.CompleteTo)) && (r.CompleteFrom == nil || g.To.After(*r.CompleteFrom)) {
			t.Errorf("%s is said to be complete from %s to %s, and from %s to %s is not read",
				r.Resource, saidTime(r.CompleteFrom, "the beginning"), r.CompleteTo, saidTime(g.From, "the beginning"), g.To)
		}
	}
}

// pageResources are the resources on the report's page.
var pageResources = []string{"balance_transactions", "charges", "refunds", "subscriptions"}

const saidMinute = "2006-01-02 15:04"

func saidTime(t *time.Time, none string) string {
	if t == nil {
		return none
	}
	return t.UTC().Format(saidMinute)
}

// saidByStatus is a line a resource: its name, the span that is complete, as of
// when, why not, and what is missing.
func saidByStatus(s pipeline.Status) (lines []string) {
	for _, r := range s.Resources {
		if !slices.Contains(pageResources, r.Resource) {
			continue
		}
		from := "–"
		if r.CompleteTo != nil {
			from = saidTime(r.CompleteFrom, "the beginning")
		}
		line := strings.Join([]string{r.Resource, from, saidTime(r.CompleteTo, "–"), saidTime(r.AsOf, "–"), string(r.Why)}, " ") + " "
		for _, g := range r.Gaps {
			line += "from " + saidTime(g.From, "the beginning") + " to " + saidTime(&g.To, "")
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

func saidByWarehouse(s *laketest.Scene) []string {
	s.T.Helper()
	const format = "'%Y-%m-%d %H:%M'"
	lines := s.Rows(`SELECT concat_ws(' ', resource, CASE WHEN complete_through IS NULL THEN '–' ELSE coalesce(strftime(complete_from, ` + format + `), 'the beginning') END,
  coalesce(strftime(complete_through, ` + format + `), '–'), coalesce(strftime(as_of, ` + format + `), '–'), coalesce(why, ''), coalesce(spans, ''))
FROM meta.coverage LEFT JOIN (SELECT account, resource, string_agg('from ' || coalesce(strftime(gap_from, ` + format + `), 'the beginning') || ' to ' || strftime(gap_to, ` + format + `), '' ORDER BY gap_to) AS spans
  FROM meta.gaps GROUP BY ALL) USING (account, resource)
WHERE list_contains(['` + strings.Join(pageResources, "','") + `'], resource)`)
	slices.Sort(lines)
	return lines
}

var saidRow = regexp.MustCompile(`<tr><th scope="row">acct_[^<]*</th>(.*)</tr>`)

// saidByPage reads the table of the page, and holds that each sentence above it
// is in it.
func saidByPage(t *testing.T, s *laketest.Scene) (lines []string) {
	t.Helper()
	page, err := report.BNPL(t.Context(), laketest.Warehouse(t, s.Lake), report.Lake{Decimals: func(string) int { return 2 }})
	var html bytes.Buffer
	if err == nil {
		err = page.Write(&html)
	}
	if err != nil {
		t.Fatal(err)
	}
	listed := 0
	for _, row := range saidRow.FindAllStringSubmatch(html.String(), -1) {
		cells := strings.Split(strings.TrimSuffix(strings.TrimPrefix(row[1], "<td>"), "</td>"), "</td><td>")
		why, spans, _ := strings.Cut(cells[4], "; not read: ")
		lines = append(lines, strings.Join(append(cells[:4:4], why, spans), " "))
		if cells[4] != "" {
			listed++
			if !strings.Contains(html.String(), "<li>"+cells[0]+": "+cells[4]+"</li>") {
				t.Errorf("the page does not say %s: %s above its charts", cells[0], cells[4])
			}
		}
	}
	if (listed > 0) != strings.Contains(html.String(), "Not all is here") {
		t.Errorf("%d resources are not complete, and the page says otherwise", listed)
	}
	slices.Sort(lines)
	return lines
}

// publishState publishes what is in the log, as the next sync of anything does.
func publishState(s *laketest.Scene) {
	s.T.Helper()
	s.Sync("prices")
}

func completeLake(t *testing.T) *laketest.Scene {
	s := laketest.NewScene(t, laketest.Shop(t, nil).Handler())
	s.Sync()
	return s
}

// stoppedLake is one whose backfill of charges was stopped in the middle, and
// published since.
func stoppedLake(t *testing.T) *laketest.Scene {
	t.Helper()
	server := laketest.Shop(t, func(c *stripesim.Config) { c.Charges = 600 })
	s := laketest.NewScene(t, server.Handler())
	interrupt(s, 3)
	publishState(s)
	return s
}

// interrupt begins a sync of charges and stops it once some segments are in the log.
func interrupt(s *laketest.Scene, segments int) {
	s.T.Helper()
	ctx, cancel := context.WithCancel(s.T.Context())
	defer cancel()
	sync := laketest.NewPatientSync(s.T, s.Lake, s.API, func(o *load.Options) { o.SegmentObjects = 100 })
	sync.Resources = []string{"charges"}
	sync.OnEvent = func(e pipeline.Event) {
		if e.Event == pipeline.EventSegment && e.Resource == "charges" {
			if segments--; segments == 0 {
				cancel()
			}
		}
	}
	if _, err := sync.Run(ctx); !errors.Is(err, context.Canceled) {
		s.T.Fatal(err)
	}
}

// begun is a lake with a run on its record that has not ended or ended so.
func begun(s *laketest.Scene, outcome string) *laketest.Scene {
	s.T.Helper()
	sync := laketest.NewSync(s.Lake, s.API, nil)
	state, err := sync.Lake.OpenState(s.T.Context())
	if err != nil {
		s.T.Fatal(err)
	}
	run := load.Run{ID: "the last", Started: time.Now().Add(time.Hour), Command: "sync"}
	err = state.Runs().Begin(s.T.Context(), run)
	if outcome != "" && err == nil {
		run.Outcome = outcome
		err = state.Runs().End(s.T.Context(), run)
	}
	if err := errors.Join(err, state.WriteStatus(s.T.Context()), state.Close()); err != nil {
		s.T.Fatal(err)
	}
	return s
}

func interruptedLake(t *testing.T) *laketest.Scene { return begun(stoppedLake(t), "interrupted") }

// killedLake: nobody holds the lock of a run that has not ended.
func killedLake(t *testing.T) *laketest.Scene { return begun(stoppedLake(t), "") }

func forbiddenLake(t *testing.T) *laketest.Scene {
	server := laketest.Shop(t, nil)
	if err := server.SetFaults(stripesim.Fault{Kind: stripesim.Forbidden, Path: "/v1/refunds", Times: stripesim.Always}); err != nil {
		t.Fatal(err)
	}
	s := laketest.NewScene(t, server.Handler())
	if _, err := s.Try(); pipeline.ExitCode(err) != 3 {
		t.Fatal(err)
	}
	return s
}

// agedLake is three days old: since then its events may not be read.
func agedLake(t *testing.T) *laketest.Scene {
	server := laketest.Shop(t, nil)
	s := laketest.NewScene(t, server.Handler())
	s.Sync()
	server.Advance(72 * time.Hour)
	if err := server.SetFaults(stripesim.Fault{Kind: stripesim.Forbidden, Path: "/v1/events", Times: stripesim.Always}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Try(); pipeline.ExitCode(err) != 3 {
		t.Fatal(err)
	}
	return s
}

// pausedLake was not synced for half a year; the sync after that was stopped when
// it had read the newest.
func pausedLake(t *testing.T) *laketest.Scene {
	from := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	server := laketest.Shop(t, func(c *stripesim.Config) {
		c.Charges, c.From, c.To, c.Now = 900, from, from.AddDate(0, 8, 0), from.AddDate(0, 2, 0)
	})
	s := laketest.NewScene(t, server.Handler())
	s.Sync("charges")
	server.Advance(180 * 24 * time.Hour)
	interrupt(s, 1)
	return s
}

// Data is as old as the oldest resource that was ever selected, which is named;
// one whose changes are not known is too old at any age.
func TestMaxAge(t *testing.T) {
	t.Parallel()
	now := time.Date(2025, 3, 14, 0, 0, 0, 0, time.UTC)
	resource := func(name string, ago time.Duration, why load.Why) pipeline.ResourceStatus {
		r := pipeline.ResourceStatus{Account: "acct_1", Resource: name, Why: why}
		if ago > 0 {
			r.AsOf = new(now.Add(-ago))
		}
		return r
	}
	young, unselected := resource("prices", time.Minute, ""), resource("customers", 0, load.WhyNeverRead)
	for name, tc := range map[string]struct {
		of   []pipeline.ResourceStatus
		want string // in the error; empty: none
	}{
		"young":          {[]pipeline.ResourceStatus{young, unselected, resource("charges", time.Hour, "")}, ""},
		"old":            {[]pipeline.ResourceStatus{resource("refunds", 2*time.Hour, ""), young, resource("charges", time.Hour+time.Second, ""), unselected}, "too old: refunds of acct_1: as of 2025-03-13T22:00:00Z, which is 2h0m0s ago, and --max-age allows 1h"},
		"never followed": {[]pipeline.ResourceStatus{resource("refunds", 2*time.Hour, ""), resource("charges", 0, ""), young}, "charges of acct_1: its changes were never followed"},
		"no events":      {[]pipeline.ResourceStatus{young, resource("charges", time.Minute, load.WhyNoEvents)}, "charges of acct_1: the events could not be read"},
		"relisting":      {[]pipeline.ResourceStatus{young, resource("charges", 0, load.WhyRelisting)}, "charges of acct_1: changes were missed"},
		"forbidden":      {[]pipeline.ResourceStatus{young, resource("charges", 0, load.WhyForbidden)}, "charges of acct_1: its changes were never followed"},
		"nothing":        {[]pipeline.ResourceStatus{unselected}, "nothing is read yet"},
	} {
		err := pipeline.Status{Resources: tc.of}.Within(time.Hour, now)
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %s", name, err, tc.want)
		}
		if err != nil && pipeline.ExitCode(err) != 3 {
			t.Errorf("%s: exit %d", name, pipeline.ExitCode(err))
		}
	}
}

// A reason that a run found holds until another one tries; status needs no
// warehouse for it.
func TestWhyHoldsUntilTried(t *testing.T) {
	t.Parallel()
	s := forbiddenLake(t)
	why := func(want load.Why) {
		t.Helper()
		status, err := pipeline.ReadStatus(t.Context(), s.Lake)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(status.Resources, func(r pipeline.ResourceStatus) bool { return r.Resource == "refunds" })
		if got := status.Resources[i].Why; got != want {
			t.Errorf("refunds: %q, want %q", got, want)
		}
	}
	why(load.WhyForbidden)
	s.Sync("charges")
	why(load.WhyForbidden)
	s.Becomes(laketest.Shop(t, nil).Handler())
	s.Sync("refunds")
	why("")
}

// The doctor knows a run that is dead from one that goes on, and why a resource is
// not complete.
func TestDoctorKnowsWhy(t *testing.T) {
	t.Parallel()
	for name, tc := range laketest.Sampled(map[string]struct {
		make func(t *testing.T) *laketest.Scene
		want []string
	}{
		"complete":           {completeLake, nil},
		"interrupted":        {interruptedLake, []string{"warning complete: /charges: unfinished; run stripelake sync, which reads the rest", "warning last run: was interrupted; run stripelake sync again, which goes on"}},
		"killed":             {killedLake, []string{"warning complete: /charges: unfinished; run stripelake sync, which reads the rest", "warning last run: was killed; run stripelake sync again, which goes on"}},
		"one list forbidden": {forbiddenLake, []string{"warning complete: /refunds: forbidden; give the key Read permission", "warning last run: sync, incomplete: refunds not read: list refunds: 403 this key"}},
		"at work":            {workingLake, nil},
	}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := diagnose(t, tc.make(t).Lake)
			laketest.CheckFindings(t, found, tc.want...)
			running := slices.ContainsFunc(found, func(f doctor.Finding) bool {
				return f.Check == "last run" && strings.HasPrefix(f.Says, "sync is running since ")
			})
			if running != (name == "at work") {
				t.Errorf("it says that a run is at work: %t", running)
			}
		})
	}
}

// workingLake is one whose charges are being read: the lock is held until the test
// ends.
func workingLake(t *testing.T) *laketest.Scene {
	t.Helper()
	s := stoppedLake(t)
	state, err := laketest.NewSync(s.Lake, s.API, nil).Lake.OpenState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = state.Close() })
	err = state.Runs().Begin(t.Context(), load.Run{ID: "the last", Started: time.Now().Add(time.Hour), Command: "sync"})
	if err := errors.Join(err, state.WriteStatus(t.Context())); err != nil {
		t.Fatal(err)
	}
	return s
}
