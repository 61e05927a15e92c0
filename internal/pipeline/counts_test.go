package pipeline_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

// Events that cannot be read are counted as events, each once, although every
// resource looks for its changes in them. What they may have told of is found by
// listing everything again, so that the next run has nothing to say of them.
func TestUnreadableEventsAreCounted(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{1: "1 event could not be read", 4: "4 events could not be read"} {
		ago := noon.Add(-time.Hour)
		s := newScene(t, recorded(t, 1, noon, paid("ch_1", ago), paid("ch_gone", ago)))
		s.sync()
		objects := []string{paid("ch_1", ago, `"description":"changed"`)}
		for i := range n {
			objects = append(objects, sent("event", "evt_"+itoa(i), noon.Add(time.Minute), `"data":{"object":{}}`))
		}
		s.becomes(recorded(t, 1, noon.Add(time.Hour), objects...))
		summary, err := s.try()
		if err == nil || !strings.HasPrefix(err.Error(), want+", so everything was listed again instead: evt_0: ") || strings.Contains(err.Error(), "\n") || pipeline.ExitCode(err) != 3 || len(summary.GivenUp) != n {
			t.Errorf("%v: %v", summary.GivenUp, err)
		}
		s.expect("what was not read", "SELECT count(*), min(what) FROM meta.requests", itoa(n)+" what is told by event evt_0")
		s.expect("what changed", "SELECT id, description, deleted FROM charges ORDER BY id", "ch_1 changed false", "ch_gone null true")
		s.becomes(recorded(t, 1, noon.Add(2*time.Hour), append(objects, paid("ch_2", noon.Add(time.Hour)))...))
		s.sync()
		s.expect("what was not read", "SELECT count(*) FROM meta.requests", "0")
	}
}

// Counts agree with what they count.
func TestFailuresInWords(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"given up: charge ch_1: 402 no":             &pipeline.GivenUpError{All: []load.GivenUp{{What: "charge ch_1", Message: "402 no"}}},
		"1 event could not be read, so ":            &pipeline.GivenUpError{All: []load.GivenUp{{What: "what is told by event evt_1"}}},
		"1 of 20 objects does not fit its schema, ": &pipeline.RejectsError{Rejects: 1, Objects: 20},
		"2 of 20 objects do not fit their schema, ": &pipeline.RejectsError{Rejects: 2, Objects: 20},
		"1 of 1 object does not fit its schema, ":   &pipeline.RejectsError{Rejects: 1, Objects: 1},
	} {
		if got := err.Error(); !strings.HasPrefix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What Stripe answered a 404 for is no object that was read, and nothing new,
// whether the answer is believed or not.
func TestNotFoundIsNoObjectRead(t *testing.T) {
	t.Parallel()
	ago, soon := noon.Add(-time.Hour), noon.Add(30*time.Minute)
	price := sent("price", "price_1", ago, `"active":true,"currency":"usd","type":"one_time","unit_amount":5`)
	told := event("evt_1", "price.deleted", soon, price)
	for name, first := range map[string][]string{"never listed": {}, "deleted": {price}} {
		s := newScene(t, recorded(t, 1, noon, first...))
		s.sync("prices")
		s.read = map[string]int{}
		s.becomes(recorded(t, 1, noon.Add(time.Hour), told))
		for i := range 3 {
			if summary := s.sync("prices"); summary.Objects != 0 || summary.Unchanged != 0 || s.read["prices"] != 0 {
				t.Errorf("%s, sync %d: %d objects, %d unchanged, %d in pages", name, i, summary.Objects, summary.Unchanged, s.read["prices"])
			}
		}
	}
}
