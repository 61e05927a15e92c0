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

// renderer shows a run's events: its results on standard output, as lines for
// people or as JSON lines, and everything else by signals.
type renderer struct {
	signals *signals
	out     io.Writer
	json    bool
	begun   bool                      // an event is printed
	read    map[string]int            // objects so far, by resource
	results map[string]pipeline.Event // of resources that are read to their end; printed once
	rebuild bool                      // nothing is read from Stripe: applied segments are the progress
}

func (env *environment) renderer(asJSON bool) *renderer {
	return &renderer{
		signals: &env.signals, out: env.stdout, json: asJSON, read: map[string]int{}, results: map[string]pipeline.Event{},
	}
}

// eventFormat is the version of the events of --json. Fields and kinds of event may
// be added in it; what is there keeps its meaning.
const eventFormat = 1

// jsonEvent is a line of --json.
type jsonEvent struct {
	Time   string `json:"time"`             // UTC, RFC 3339 with milliseconds
	Format int    `json:"format,omitempty"` // version of the events; in the first one
	pipeline.Event
}

func (r *renderer) event(e pipeline.Event) {
	switch {
	case r.json:
		r.encode(e)
	case e.Event == pipeline.EventPage:
		r.read[e.Resource] += e.Objects
	case e.Event == pipeline.EventRead:
		r.results[e.Resource] = e
	case e.Event == pipeline.EventPublished:
		r.flushResults()
	case e.Event == pipeline.EventFinished:
		r.signals.stopDrawing()
		r.flushResults()
		r.summary(*e.Summary)
	}
	r.signals.note(e, r.rebuild)
}

// encode prints an event as a JSON line.
func (r *renderer) encode(e pipeline.Event) {
	line := jsonEvent{Time: time.Now().UTC().Format(logTime), Event: e}
	if !r.begun {
		r.begun, line.Format = true, eventFormat
	}
	if text, err := json.Marshal(line); err == nil {
		fmt.Fprintf(r.out, "%s\n", text)
	}
}

// flushResults prints how the resources that are done were read, in their fixed
// order: they finish in any order.
func (r *renderer) flushResults() {
	var lines strings.Builder
	for _, name := range r.signals.activity.order() {
		result, known := r.results[name]
		switch {
		case !known:
			continue
		case result.Message == "" || result.Kept:
			number, noun, _ := strings.Cut(counted(r.read[name], "object"), " ")
			how := map[bool]string{true: ", not to its end"}[result.Kept]
			fmt.Fprintf(&lines, "  %-21s %9s %s read%s\n", name, number, noun, how)
		default:
			fmt.Fprintf(&lines, "  %-21s  not read\n", name)
		}
		delete(r.results, name)
		r.signals.hide(name)
	}
	if lines.Len() > 0 {
		r.line("%s", strings.TrimSuffix(lines.String(), "\n"))
	}
}

func (r *renderer) summary(s pipeline.Summary) {
	if r.rebuild {
		derived := "nothing"
		if s.Rows > 0 {
			derived = counted(s.Rows, "row")
		}
		r.line("%s derived, %s", derived, secondsText(s.Seconds))
	} else if s.Generation == 0 && s.Stopped == "" && s.Objects == s.Unchanged+s.Suppressed && s.Requests > 0 {
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
		r.problem("%s rejected: see meta.rejects", counted(s.Rejects, "object"))
	}
	if s.Drift > 0 {
		r.problem("%s of unexpected fields or values, new in this run: see meta.drift", counted(s.Drift, "kind"))
	}
	if s.Incomplete > 0 {
		r.problem("%s cut short by Stripe: see meta.incomplete_lists", counted(s.Incomplete, "nested list"))
	}
}

// line prints a result. What is asked for with --quiet is the lake alone.
func (r *renderer) line(format string, args ...any) {
	if !r.signals.quiet {
		fmt.Fprintf(r.out, format+"\n", args...)
	}
}

// problem prints a result that somebody should look at.
func (r *renderer) problem(format string, args ...any) {
	if r.signals.quiet {
		r.signals.logger().Warn(fmt.Sprintf(format, args...))
		return
	}
	r.line(format, args...)
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
