package stripesim

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// lively is a business in which everything happens that can.
var lively = Config{Seed: 3, Charges: 2000, Deletions: 60, LongLists: true}

// momentOf draws a moment of the business, after its first day.
func momentOf(rt *rapid.T, s *Server, name string) int64 {
	return rapid.Int64Range(s.cfg.From.Unix()+day, s.cfg.To.Unix()+day).Draw(rt, name)
}

// At any moment the books are right.
func TestTruthAtAnyMoment(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, lively)
	rapid.Check(t, func(rt *rapid.T) {
		s.SetNow(time.Unix(momentOf(rt, s, "now"), 0))
		checkCharges(rt, s, s.Ledger())
	})
}

// The end of the history is the business as it is without a clock.
func TestHistoryEndsAtTheTruth(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, lively)
	want := digest(s)
	s.SetNow(s.cfg.To)
	if got := digest(s); got != want {
		t.Error("the end of the history is another business")
	}
}

// Objects of the past follow Stripe's OpenAPI description too.
func TestPastFollowsOpenAPI(t *testing.T) {
	t.Parallel()
	compile := openAPI(t)
	s := newTestServer(t, lively)
	for _, share := range []int64{3, 11, 19} {
		s.SetNow(time.Unix(s.business.tl.from+(s.business.tl.to-s.business.tl.from)*share/20, 0))
		for _, name := range resourceNames {
			schema := compile(s.resource(name).object)
			for id, raw := range s.Ledger().Raw(name) {
				validate(t, schema, id, raw)
			}
		}
	}
}

// snapshot returns every object that events are about, with its JSON.
func snapshot(s *Server) map[string]string {
	objects := map[string]string{}
	for _, name := range []string{"charges", "customers", "prices", "refunds", "subscriptions"} {
		for id, raw := range s.Ledger().Raw(name) {
			objects[id] = withoutPrices(raw)
		}
	}
	return objects
}

// withoutPrices removes the prices that a subscription embeds, its items and
// its plan. A price that changes has events of its own, and the subscription
// none.
func withoutPrices(raw []byte) string {
	before, rest, _ := strings.Cut(string(raw), "\"items\": {")
	middle, rest, _ := strings.Cut(rest, "\n  \"plan\": {")
	_, middle, _ = strings.Cut(middle, "\n  \"latest_invoice\"")
	_, after, _ := strings.Cut(rest, "\n  }")
	return before + middle + after
}

type event struct {
	ID, Type   string
	Created    int64
	APIVersion string `json:"api_version"`
	Data       struct {
		Object   json.RawMessage
		Previous map[string]any `json:"previous_attributes"`
	}
}

func (e event) subject(t testing.TB) (o struct{ ID, Object, Charge, Status string }) {
	t.Helper()
	if err := json.Unmarshal(e.Data.Object, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// events reads all events there are.
func (c client) events(pairs ...string) []event {
	c.t.Helper()
	q := queryValues(append(pairs, "limit", "100")...)
	var all []event
	for {
		l := c.list("/v1/events", q)
		for _, raw := range l.Data {
			var e event
			if err := json.Unmarshal(raw, &e); err != nil {
				c.t.Fatal(err)
			}
			all = append(all, e)
		}
		if !l.HasMore {
			return all
		}
		q.Set("starting_after", all[len(all)-1].ID)
	}
}

// checkExplained compares the differences between two moments with the events
// between them: whatever is new, changed or deleted has an event. A refund's
// event may be its charge's.
func checkExplained(t fataler, c client, before, after map[string]string, from int64) {
	t.Helper()
	told := map[string]bool{}
	for _, e := range c.events() {
		if e.Created > from {
			o := e.subject(c.t)
			told[o.ID], told[o.Charge] = true, true
		}
	}
	delete(told, "") // most objects are of no charge
	for _, id := range slices.Sorted(maps.Keys(after)) {
		var f struct{ Charge string }
		if before[id] == after[id] {
			continue
		}
		if err := json.Unmarshal([]byte(after[id]), &f); err != nil && !strings.HasPrefix(id, "sub_") {
			t.Fatal(err)
		}
		if !told[id] && !told[f.Charge] {
			t.Fatalf("%s changed without an event:\n%s", id, cmp.Diff(before[id], after[id]))
		}
	}
	for id := range before {
		if _, ok := after[id]; !ok && !told[id] {
			t.Fatalf("%s is gone without an event", id)
		}
	}
}

// Whatever changes between two moments less than 30 days apart has an event in
// between, balance transactions excepted.
func TestEventsExplainEveryChange(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, lively)
	c := newClient(t, s)
	const span = 29 * day
	from := s.business.tl.from + hour
	s.SetNow(time.Unix(from, 0))
	for before := snapshot(s); from < s.business.tl.to; from += span {
		s.Advance(time.Duration(span) * time.Second)
		after := snapshot(s)
		checkExplained(t, c, before, after, from)
		before = after
	}
}

// Mutations keep the books right and have events too. What they do not touch
// stays as it was.
func TestActions(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		cfg := lively
		cfg.Charges, cfg.Seed = 150, rapid.Int64Range(1, 50).Draw(rt, "seed")
		s := newTestServer(t, cfg)
		c := newClient(t, s)
		from := momentOf(rt, s, "now")
		s.SetNow(time.Unix(from, 0))
		before := snapshot(s)
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			s.Advance(time.Duration(rapid.IntRange(1, 100_000).Draw(rt, "seconds")) * time.Second)
			action := rapid.SampledFrom(Actions()).Draw(rt, "action")
			if _, err := s.Change(action, rapid.IntRange(1, 5).Draw(rt, "times")); err != nil {
				rt.Fatal(err)
			}
			checkCharges(rt, s, s.Ledger())
		}
		checkExplained(rt, c, before, snapshot(s), from)
		for _, res := range s.resources {
			for n := 1; n < res.count; n++ {
				if res.created(n) < res.created(n-1) {
					rt.Fatalf("%s out of order", res.name)
				}
			}
		}
	})
}
