package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

type statusOptions struct {
	lake   string
	json   bool
	maxAge optional[time.Duration]
}

func (o *statusOptions) flags() []cli.Flag {
	return []cli.Flag{lakeFlag(&o.lake), jsonFlag(&o.json, "print one JSON object"), &cli.GenericFlag{
		Name: "max-age", Value: (*timeSpan)(&o.maxAge.value), Action: o.maxAge.noteAny, DefaultText: "any age",
		Usage: "exit with status 3 if the changes of a resource are older than `DURATION`, for example 1h or 2d, or if their age is unknown",
	}}
}

func statusCommand(env *environment) *cli.Command {
	var o statusOptions
	return takesNone(&cli.Command{
		Name:        "status",
		Usage:       "show until when each resource is complete, and what the lake holds",
		Description: "Takes no lock, and makes no request. Example: stripelake status --max-age 2h",
		Flags:       o.flags(),
		Action:      func(c *cli.Context) error { return env.status(c.Context, &o) },
	})
}

func (env *environment) status(ctx context.Context, o *statusOptions) error {
	most := o.maxAge.value
	if o.maxAge.given && most <= 0 {
		return &pipeline.UsageError{Message: fmt.Sprintf("--max-age %s is not longer than 0", most)}
	}
	status, err := pipeline.ReadStatus(ctx, o.lake)
	if err != nil {
		return err
	}
	if o.json {
		err = env.printJSON(status)
	} else {
		err = env.printStatus(status)
	}
	if err != nil || most == 0 {
		return err
	}
	selected, err := env.resources(nil, pipeline.ResourcesInForce(o.lake))
	if err != nil {
		return err
	}
	return status.Of(selected).Within(most, time.Now())
}

func (env *environment) printStatus(s pipeline.Status) error {
	fmt.Fprintf(env.stdout, "%s (%s mode), generation %d\n", s.Lake, s.Mode, s.Generation)
	if s.AsPublished != nil {
		fmt.Fprintf(env.stdout, "as published on %s; raw/ is closed to you\n", minuteText(*s.AsPublished))
	}
	fmt.Fprintln(env.stdout)
	table := columns{{"account", "resource", "objects", "rows", "rejects", "complete from", "through", "changes to"}}
	for _, r := range s.Resources {
		from := "the beginning"
		if r.CompleteFrom != nil {
			from = minuteText(*r.CompleteFrom)
		}
		through := "-"
		if r.CompleteTo == nil {
			from = "-"
		} else {
			through = minuteText(*r.CompleteTo)
		}
		table.add(r.Account, r.Resource, digits(int(r.Objects)), digits(int(r.Rows)), digits(int(r.Rejects)), from, through, changesTo(r))
	}
	if err := table.print(env, 2, true); err != nil {
		return err
	}
	fmt.Fprintln(env.stdout)
	if s.Unknown {
		fmt.Fprintln(env.stdout, "objects, rows and rejects are not known until the next sync: .state/status.json is missing or damaged")
	}
	if age := ageText(s); age != "" {
		fmt.Fprintln(env.stdout, age)
	}
	for _, r := range s.Resources {
		if !s.Unknown && r.Segments != nil && r.Applied < *r.Segments {
			by := "the next sync"
			if pipeline.IsRunning(s.LastRun) && !s.Unsure {
				by = "the run that goes on"
			}
			fmt.Fprintf(env.stdout, "%s: %s in the log and not yet in the tables; %s applies them\n",
				r.Resource, counted(int(*r.Segments-r.Applied), "segment"), by)
		}
		if r.IncompleteLists > 0 {
			fmt.Fprintf(env.stdout, "%s: %s cut short by Stripe (meta.incomplete_lists)\n", r.Resource, counted(int(r.IncompleteLists), "nested list"))
		}
		if r.APIVersion != "" {
			fmt.Fprintf(env.stdout, "%s: came in API version %s, and %s was asked for: look at --api-base and the proxy in between (meta.coverage)\n", r.Resource, r.APIVersion, extract.APIVersion)
		}
		if n := len(r.NotFound); n > 0 {
			fmt.Fprintf(env.stdout, "%s: %d that other rows name are not found at Stripe, such as %s (meta.not_found)\n", r.Resource, n, r.NotFound[0])
		}
		if why := whyText(r.Why, s); why != "" {
			fmt.Fprintf(env.stdout, "%s: %s\n", r.Resource, why)
		}
		for _, gap := range r.Gaps {
			from := "the beginning"
			if gap.From != nil {
				from = minuteText(*gap.From)
			}
			fmt.Fprintf(env.stdout, "%s: not read yet: from %s to %s\n", r.Resource, from, minuteText(gap.To))
		}
	}
	env.printGivenUp(s.GivenUp)
	if events := unfollowedText(s.Unfollowed); events != "" {
		fmt.Fprintln(env.stdout, "no resource covers: "+events)
	}
	if s.Drift > 0 {
		fmt.Fprintf(env.stdout, "drift: %s of unexpected fields or values (meta.drift)\n", counted(int(s.Drift), "kind"))
	}
	if run := s.LastRun; run != nil {
		fmt.Fprintf(env.stdout, "last run: %s, %s, started %s\n", run.Command, outcomeText(s), minuteText(run.Started))
	}
	if sizes := sizesText(s.Sizes); sizes != "" {
		fmt.Fprintln(env.stdout, "sizes: "+sizes)
	}
	if s.Publish != nil {
		fmt.Fprintln(env.stdout, "last publish: "+publishText(*s.Publish))
	}
	return nil
}

// mostUnfollowed is how many kinds of object are named of which events concern no resource.
const mostUnfollowed = 8

// unfollowedText says how many events concern no resource: "payout: 212 events".
func unfollowedText(all []load.Unfollowed) string {
	counts := map[string]int64{}
	for _, u := range all {
		counts[u.Object] += u.Events
	}
	kinds := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	var parts []string
	for i, kind := range kinds {
		if i == mostUnfollowed {
			parts = append(parts, counted(len(kinds)-i, "more kind"))
			break
		}
		parts = append(parts, kind+": "+counted(int(counts[kind]), "event"))
	}
	return strings.Join(parts, ", ")
}

// mostGivenUp is how many given-up requests are printed one by one.
const mostGivenUp = 10

// printGivenUp prints the requests that were given up, and why.
func (env *environment) printGivenUp(all []load.GivenUp) {
	for i, g := range all {
		if i == mostGivenUp {
			fmt.Fprintf(env.stdout, "given up: %s more (meta.requests)\n", digits(len(all)-i))
			return
		}
		fmt.Fprintf(env.stdout, "given up: %s, since %s: %s\n", g.What, minuteText(g.Since), g.Message)
	}
}

// ageText returns the age of the resource that is the oldest, or "".
func ageText(s pipeline.Status) string {
	oldest := s.Oldest()
	if oldest == nil || oldest.AsOf == nil {
		return ""
	}
	return fmt.Sprintf("as of %s: %s old (%s)", minuteText(*oldest.AsOf), ageOf(time.Since(*oldest.AsOf)), oldest.Resource)
}

// ageOf writes a duration in its largest unit.
func ageOf(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return counted(int(d/(24*time.Hour)), "day")
	case d >= 2*time.Hour:
		return counted(int(d/time.Hour), "hour")
	}
	return counted(int(max(d, 0)/time.Minute), "minute")
}

// whyText says why a resource is not complete, or not up to now.
func whyText(why load.Why, s pipeline.Status) string {
	switch why {
	case load.WhyNeverRead:
		return "never read: no sync that selected it has got so far"
	case load.WhyUnfinished:
		return "unfinished: " + unfinishedText(s) + "sync goes on where it ends"
	case load.WhyForbidden:
		return "forbidden: the key may not read it (403); give it Read permission, and sync again"
	case load.WhyGaveUp:
		return "gave up: what Stripe answered could not be used; sync asks again"
	case load.WhyCursor:
		return "cursor damaged: how far it was read is not known; run stripelake verify --stripe --repair"
	case load.WhyRelisting:
		return "listing again: changes were missed; until all of it is listed, older ones may be missing"
	case load.WhyNoEvents:
		return "events unread: what is new is here, and what has changed is not; doctor tells why"
	}
	return ""
}

// unfinishedText says how the last run explains that a resource is unfinished.
func unfinishedText(s pipeline.Status) string {
	switch {
	case s.LastRun == nil || s.Unsure:
		return ""
	case s.LastRun.Outcome == pipeline.OutcomeRunning:
		return "a run is at work; "
	case s.LastRun.Outcome == pipeline.OutcomeKilled || s.LastRun.Outcome == pipeline.OutcomeInterrupted:
		return "the last run was " + s.LastRun.Outcome + "; "
	case s.LastRun.Outcome == pipeline.OutcomeStopped:
		return "the last run reached its bound; "
	}
	return "a run was stopped before it was all read, or --to bounded it; "
}

// outcomeText says how the last run ended, or that it goes on.
func outcomeText(s pipeline.Status) string {
	switch outcome := s.LastRun.Outcome; {
	case s.Unsure && s.AsPublished != nil:
		return "running then, and running, over or killed now: this user may not read the lock"
	case s.Unsure:
		return "running, or killed: this user may not read the lock"
	case outcome == pipeline.OutcomeKilled:
		return "killed: the next sync goes on"
	default:
		return outcome
	}
}

// sizesText lists the sizes that could be measured.
func sizesText(s load.Sizes) string {
	var known []string
	for _, size := range []struct {
		of    string
		bytes *int64
	}{{"raw log", s.Log}, {"state", s.State}, {"published", s.Published}} {
		if size.bytes != nil {
			known = append(known, size.of+" "+bytesText(*size.bytes))
		}
	}
	return strings.Join(known, ", ")
}

// publishText says what a publish wrote, and how much had changed.
func publishText(p pipeline.Publish) string {
	text := fmt.Sprintf("%s written, %s linked; %s of files, %s of state, ",
		counted(p.Files, "file"), digits(p.Linked), bytesText(p.Partitions), bytesText(p.State))
	if p.Warehouse > 0 {
		text += "a copy of " + bytesText(p.Warehouse)
	} else {
		text += "the warehouse shared with the state"
	}
	if p.Changed > 0 {
		text += fmt.Sprintf("; for %s changed, %.1f bytes a byte", bytesText(p.Changed), p.PerByte)
	}
	return text
}

// changesTo returns the time up to which the changes of a resource's objects
// are read.
func changesTo(r pipeline.ResourceStatus) string {
	switch {
	case r.Why == load.WhyRelisting:
		return "listing again"
	case r.AsOf == nil:
		return "-"
	}
	return minuteText(*r.AsOf)
}

// minuteText writes a time in UTC to the minute.
func minuteText(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") }
