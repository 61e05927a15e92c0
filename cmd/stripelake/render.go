package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline"
)

// renderer shows a run's events in one of three forms: JSON lines on stdout for
// programs, one redrawn line on a terminal, plain lines elsewhere.
type renderer struct {
	out     io.Writer
	raw     io.Writer // the same, unescaped: for control sequences
	json    bool
	redraw  bool                      // out is a terminal
	drawn   time.Time                 // when the progress line was last drawn
	read    map[string]int            // objects so far, by resource
	results map[string]pipeline.Event // of resources that are read to their end; printed once
	rebuild bool                      // nothing is read from Stripe: applied segments are the progress
	pending bool                      // the last line is a progress line
}

func (env *environment) renderer(asJSON bool) *renderer {
	return &renderer{
		out: env.stdout, raw: env.raw, json: asJSON, redraw: !asJSON && env.raw.isTerminal(), drawn: time.Now(),
		read: map[string]int{}, results: map[string]pipeline.Event{},
	}
}

func (r *renderer) event(e pipeline.Event) {
	if r.json {
		line, err := json.Marshal(e)
		if err == nil {
			fmt.Fprintf(r.out, "%s\n", line)
		}
		return
	}
	switch e.Event {
	case pipeline.EventStarted:
		r.line("account %s (%s mode)", e.Account, e.Mode)
	case pipeline.EventNotice:
		r.line("%s", e.Message)
	case pipeline.EventPage:
		r.progress(e.Resource, e.Objects)
	case pipeline.EventApplied:
		if r.rebuild {
			r.progress(e.Resource, e.Objects)
		}
	case pipeline.EventRead:
		r.results[e.Resource] = e
	case pipeline.EventPublished:
		r.flushResults()
		r.line("published generation %d", e.Generation)
	case pipeline.EventFinished:
		r.flushResults()
		r.summary(*e.Summary)
	}
}

// flushResults prints how the resources that are done were read, in their fixed
// order: they finish in any order.
func (r *renderer) flushResults() {
	for _, resource := range pipeline.Resources() {
		result, known := r.results[resource.Name]
		switch {
		case !known:
			continue
		case result.Message == "" || result.Kept:
			number, noun, _ := strings.Cut(counted(r.read[resource.Name], "object"), " ")
			how := map[bool]string{true: ", not to its end"}[result.Kept]
			r.line("  %-21s %9s %s read%s", resource.Name, number, noun, how)
		default:
			r.line("  %-21s  not read", resource.Name)
		}
		delete(r.results, resource.Name)
	}
}

func (r *renderer) summary(s pipeline.Summary) {
	if r.rebuild {
		if s.Rows > 0 {
			r.line("%s derived, %s", counted(s.Rows, "row"), secondsText(s.Seconds))
		}
	} else if s.Generation == 0 && s.Objects == s.Unchanged+s.Suppressed && s.Requests > 0 {
		r.line("nothing new (%s, %s)", counted(int(s.Requests), "request"), secondsText(s.Seconds))
	} else {
		r.line("%s (%s unchanged), %s, %s, %s", counted(s.Objects, "object"), digits(s.Unchanged), counted(s.Rows, "row"), counted(int(s.Requests), "request"), secondsText(s.Seconds))
	}
	if s.Suppressed > 0 {
		r.line("%s left out: people who were forgotten", counted(s.Suppressed, "object"))
	}
	if s.Blanked > 0 {
		r.line("%s kept without descriptions and other text: perhaps of people who were forgotten", counted(s.Blanked, "object"))
	}
	if s.Rejects > 0 {
		r.line("%s rejected: see meta.rejects", counted(s.Rejects, "object"))
	}
	if s.Drift > 0 {
		r.line("%s of unexpected fields or values, new in this run: see meta.drift", counted(s.Drift, "kind"))
	}
	if s.Incomplete > 0 {
		r.line("%s cut short by Stripe: see meta.incomplete_lists", counted(s.Incomplete, "nested list"))
	}
}

// How often progress is shown: redrawn in place, or as a line of its own in a
// log.
const (
	redrawEvery = 100 * time.Millisecond
	lineEvery   = 30 * time.Second
)

// progress shows how many objects of each resource are read.
func (r *renderer) progress(resource string, objects int) {
	r.read[resource] += objects
	if since := time.Since(r.drawn); since < redrawEvery || !r.redraw && since < lineEvery {
		return
	}
	var parts []string
	for _, resource := range pipeline.Resources() {
		if n := r.read[resource.Name]; n > 0 {
			parts = append(parts, resource.Name+" "+digits(n))
		}
	}
	r.drawn = time.Now()
	if text := strings.Join(parts, " · "); r.redraw {
		fmt.Fprintf(r.raw, "\r\033[K%s", text)
		r.pending = true
	} else {
		r.line("%s", text)
	}
}

func (r *renderer) line(format string, args ...any) {
	r.done()
	fmt.Fprintf(r.out, format+"\n", args...)
}

// done clears the progress line.
func (r *renderer) done() {
	if r.pending {
		fmt.Fprint(r.raw, "\r\033[K")
		r.pending = false
	}
}

// digits writes an integer with groups of three digits: 12,345.
func digits(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func counted(n int, noun string) string { return plural(n, noun, noun+"s") }

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return digits(n) + " " + many
}

func secondsText(s float64) string { return strconv.FormatFloat(s, 'f', 1, 64) + " s" }

// bytesText writes a size in binary units with one decimal.
func bytesText(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	size, unit := float64(n), 0
	for size >= 1024 && unit < len(units)-1 {
		size, unit = size/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", size, units[unit])
}
