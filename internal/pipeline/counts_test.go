package pipeline_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/load"
)

// Events that cannot be read are counted as events, each once, although the
// reader of every resource looks for changes in them. The objects that they
// were about are found by listing everything again, so the next run reports
// nothing.
func TestUnreadableEventsAreCounted(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{1: "1 event could not be read", 4: "4 events could not be read"} {
		ago := laketest.Noon.Add(-time.Hour)
		s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, laketest.Paid("ch_1", ago), laketest.Paid("ch_gone", ago)))
		s.Sync()
		objects := []string{laketest.Paid("ch_1", ago, `"description":"changed"`)}
		for i := range n {
			objects = append(objects, laketest.Sent("event", "evt_"+strconv.Itoa(i), laketest.Noon.Add(time.Minute), `"data":{"object":{}}`))
		}
		s.Becomes(laketest.Recorded(t, 1, laketest.Noon.Add(time.Hour), objects...))
		summary, err := s.Try()
		if err == nil || !strings.HasPrefix(err.Error(), want+", so everything was listed again instead: evt_0: ") || strings.Contains(err.Error(), "\n") || pipeline.ExitCode(err) != 3 || len(summary.GivenUp) != n {
			t.Errorf("%v: %v", summary.GivenUp, err)
		}
		s.Expect("what was not read", "SELECT count(*), min(what) FROM meta.requests", strconv.Itoa(n)+" what is told by event evt_0")
		s.Expect("what changed", "SELECT id, description, deleted FROM charges ORDER BY id", "ch_1 changed false", "ch_gone null true")
		s.Becomes(laketest.Recorded(t, 1, laketest.Noon.Add(2*time.Hour), append(objects, laketest.Paid("ch_2", laketest.Noon.Add(time.Hour)))...))
		s.Sync()
		s.Expect("what was not read", "SELECT count(*) FROM meta.requests", "0")
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
	ago, soon := laketest.Noon.Add(-time.Hour), laketest.Noon.Add(30*time.Minute)
	price := laketest.Sent("price", "price_1", ago, `"active":true,"currency":"usd","type":"one_time","unit_amount":5`)
	told := laketest.Event("evt_1", "price.deleted", soon, price)
	for name, first := range map[string][]string{"never listed": {}, "deleted": {price}} {
		s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, first...))
		s.Sync("prices")
		s.Read = map[string]int{}
		s.Becomes(laketest.Recorded(t, 1, laketest.Noon.Add(time.Hour), told))
		for i := range 3 {
			if summary := s.Sync("prices"); summary.Objects != 0 || summary.Unchanged != 0 || s.Read["prices"] != 0 {
				t.Errorf("%s, sync %d: %d objects, %d unchanged, %d in pages", name, i, summary.Objects, summary.Unchanged, s.Read["prices"])
			}
		}
	}
}
