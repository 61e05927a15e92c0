package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline"
)

// Invariant 11: in each form of the log a key is redacted and a control character
// visible, in the message and in an attribute.
func TestLogIsSafe(t *testing.T) {
	t.Parallel()
	for _, o := range []logOptions{{}, {json: true}, {terminal: true, level: slog.LevelDebug}} {
		var out bytes.Buffer
		log := newLogger(&out, o)
		log.Warn("refused sk_test_1234567890\x1b[2J", "detail", "rk_live_abcdef\x07", "error", errors.New("whsec_abcdef"))
		log.Debug("shown", "detail", "rk_live_abcdef\x07", "error", errors.New("whsec_abcdef"))
		for _, bad := range []string{"1234567890", "abcdef", "\x1b[2J", "\x07"} {
			if strings.Contains(out.String(), bad) {
				t.Errorf("%+v: %q has %q", o, out.String(), bad)
			}
		}
		if !strings.Contains(out.String(), "redacted") {
			t.Errorf("%+v: %q", o, out.String())
		}
	}
}

// On a terminal a record is its time and its message; one that is no information also
// has its level.
func TestLogOnATerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := newLogger(&out, logOptions{terminal: true})
	log.Info("published generation 7", "generation", 7)
	log.Warn("current is damaged")
	var got []string
	for line := range strings.Lines(out.String()) {
		at, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if _, err := time.Parse(time.TimeOnly, at); err != nil {
			t.Error(err)
		}
		got = append(got, rest)
	}
	if said := strings.Join(got, "|"); said != "published generation 7|WRN current is damaged" {
		t.Errorf("%q", said)
	}
}

// Once every reader waits for what it has appended, the run says that it applies; a page
// that comes then is read again.
func TestApplyingIsAStage(t *testing.T) {
	t.Parallel()
	a := newActivity("sync")
	a.begin(stageReading)
	for _, step := range []struct {
		event pipeline.Event
		want  string
	}{
		{pipeline.Event{Event: pipeline.EventPage, Resource: "charges", Objects: 1}, stageReading},
		{pipeline.Event{Event: pipeline.EventPage, Resource: "refunds", Objects: 1}, stageReading},
		{pipeline.Event{Event: pipeline.EventSegment, Resource: "charges", Segment: 1}, stageReading},
		{pipeline.Event{Event: pipeline.EventWaiting, Resource: "charges"}, stageReading},
		{pipeline.Event{Event: pipeline.EventRead, Resource: "refunds"}, stageApplying},
		{pipeline.Event{Event: pipeline.EventPage, Resource: "charges", Objects: 1}, stageReading},
	} {
		a.note(step.event, false)
		if a.stage != step.want {
			t.Errorf("after %s of %s it is %s, want %s", step.event.Event, step.event.Resource, a.stage, step.want)
		}
	}
}

// Where nothing is drawn, a run records twice a minute how far it is, also while no
// event comes.
func TestProgressIsRecorded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		a := newActivity("sync")
		stop := a.logEvery(recordEvery, newLogger(&out, logOptions{json: true}))
		a.begin(stageReading)
		left := int64(1500)
		a.note(pipeline.Event{Event: pipeline.EventPage, Account: "acct_1", Resource: "charges", Objects: 500, Left: &left}, false)
		a.note(pipeline.Event{Event: pipeline.EventPage, Account: "acct_1", Resource: "refunds", Objects: 100}, false)
		a.note(pipeline.Event{Event: pipeline.EventSegment, Account: "acct_1", Resource: "charges", Segment: 1}, false)
		time.Sleep(95 * time.Second)
		stop()
		time.Sleep(time.Hour)
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 3 {
			t.Fatalf("%d records in 95 s:\n%s", len(lines), out.String())
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(lines[1]), &got); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]any{
			"msg": "progress: reading", "seconds": 60.0, "charges": 500.0, "charges_about": 2000.0, "refunds": 100.0,
			"segments": 1.0, "segments_applied": 0.0,
		} {
			if got[name] != want {
				t.Errorf("%s is %v, want %v", name, got[name], want)
			}
		}
		if _, said := got["refunds_about"]; said {
			t.Error("nobody knows how many refunds there are")
		}
	})
}
