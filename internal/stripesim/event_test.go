package stripesim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// eventful returns a lively business on a winter's day, with 30 days of events.
func eventful(t testing.TB, version string) *Server {
	t.Helper()
	cfg := lively
	cfg.Charges = 3000
	cfg.EventVersion, cfg.Now = version, time.Date(2025, 12, 10, 12, 0, 0, 0, time.UTC)
	return newTestServer(t, cfg)
}

func (e event) object() string {
	var o struct{ Object string }
	_ = json.Unmarshal(e.Data.Object, &o)
	return o.Object
}

// Every family of events occurs, with the object that Stripe puts into it. Only
// newer versions have events of refunds themselves. Balance transactions have
// none.
func TestEventTypes(t *testing.T) {
	t.Parallel()
	compile := openAPI(t)
	old := []string{
		"charge.captured of charge", "charge.dispute.closed of dispute", "charge.dispute.created of dispute",
		"charge.dispute.funds_reinstated of dispute", "charge.dispute.funds_withdrawn of dispute", "charge.expired of charge",
		"charge.failed of charge", "charge.refund.updated of refund", "charge.refunded of charge", "charge.succeeded of charge",
		"customer.created of customer", "customer.deleted of customer", "customer.subscription.created of subscription",
		"customer.subscription.deleted of subscription", "customer.subscription.paused of subscription",
		"customer.subscription.trial_will_end of subscription", "customer.subscription.updated of subscription",
		"customer.updated of customer", "price.created of price", "price.updated of price",
	}
	for version, want := range map[string][]string{
		"":            old,
		versionAcacia: append(slices.Clone(old), "refund.created of refund", "refund.updated of refund"),
	} {
		s := eventful(t, version)
		c := newClient(t, s)
		seen := map[string]int{}
		for month := range 12 {
			s.SetNow(time.Date(2025, time.Month(month+1), 28, 0, 0, 0, 0, time.UTC))
			events := c.events()
			for _, e := range events {
				k := e.Type + " of " + e.object()
				if seen[k]++; seen[k] < 10 && version == "" {
					validate(t, compile(e.object()), e.ID, e.Data.Object)
				}
			}
		}
		for _, k := range want {
			if seen[k] == 0 {
				t.Errorf("%q: no %s", version, k)
			}
			delete(seen, k)
		}
		for k, n := range seen {
			t.Errorf("%q: %d × %s", version, n, k)
		}
	}
}

// The list is newest first and 30 days long, in any page size and direction;
// ids are in no order, not even in a second, and each is found by itself.
func TestEventList(t *testing.T) {
	t.Parallel()
	s := eventful(t, "")
	c := newClient(t, s)
	all := c.events()
	ids, now := make([]string, len(all)), s.Now().Unix()
	unordered := 0
	for i, e := range all {
		ids[i] = e.ID
		if e.Created > now || e.Created < now-eventSpan {
			t.Fatalf("%s is of %d, now is %d", e.ID, e.Created, now)
		}
		if i > 0 && e.Created > all[i-1].Created {
			t.Fatalf("%s: not newest first", e.ID)
		}
		unordered += btoi(i > 0 && e.ID > all[i-1].ID)
	}
	if unordered*3 < len(all) || unordered*3 > 2*len(all) {
		t.Errorf("%d of %d ids follow the order of time", unordered, len(all))
	}
	if diff := cmp.Diff(ids, idsOf(c.walk("/v1/events", queryValues("limit", "7")))); diff != "" {
		t.Errorf("by 7 (-by 100 +by 7):\n%s", diff)
	}
	back := c.walkBack("/v1/events", queryValues("limit", "31"), ids[len(ids)-1])
	if diff := cmp.Diff(ids[:len(ids)-1], idsOf(back)); diff != "" {
		t.Errorf("backwards:\n%s", diff)
	}
	for _, e := range all[:50] {
		var one event
		if err := json.Unmarshal(read(t, c.do(http.MethodGet, "/v1/events/"+e.ID)), &one); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e.Type+e.subject(t).ID, one.Type+one.subject(t).ID); diff != "" {
			t.Error(diff)
		}
	}
}

func read(t testing.TB, resp *http.Response) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := b.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEventFilters(t *testing.T) {
	t.Parallel()
	s := eventful(t, "")
	c := newClient(t, s)
	all := c.events()
	mid := all[len(all)/2].Created
	at := strconv.FormatInt(mid, 10)
	for _, tc := range []struct {
		query []string
		keep  func(event) bool
	}{
		{[]string{"type", "charge.refunded"}, func(e event) bool { return e.Type == "charge.refunded" }},
		{[]string{"type", "charge.*"}, func(e event) bool { return strings.HasPrefix(e.Type, "charge.") }},
		{[]string{"type", "*"}, func(event) bool { return true }},
		{[]string{"types[]", "price.created"}, func(e event) bool { return e.Type == "price.created" }},
		{[]string{"types[0]", "price.created", "types[1]", "charge.failed"}, func(e event) bool { return e.Type == "price.created" || e.Type == "charge.failed" }},
		{[]string{"delivery_success", "true"}, func(event) bool { return true }},
		{[]string{"delivery_success", "false"}, func(event) bool { return false }},
		{[]string{"created[gte]", at}, func(e event) bool { return e.Created >= mid }},
		{[]string{"created[lt]", at, "type", "charge.succeeded"}, func(e event) bool { return e.Created < mid && e.Type == "charge.succeeded" }},
	} {
		var want []string
		for _, e := range all {
			if tc.keep(e) {
				want = append(want, e.ID)
			}
		}
		var got []string
		for _, e := range c.events(tc.query...) {
			got = append(got, e.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tc.query, diff)
		}
	}
	many := ""
	for i := range maxTypes + 1 {
		many += fmt.Sprintf("&types[]=charge.%d", i)
	}
	k := dial(t, s)
	k.get("/v1/events?"+many).says(t, 400, "up to 20")
	k.get("/v1/events?type=charge.failed&types[]=charge.failed").says(t, 400, "type, types")
	k.get("/v1/events/evt_missing").says(t, 404, "No such event: 'evt_missing'")
	k.get("/v1/events?starting_after=evt_missing").says(t, 400, `"param": "starting_after"`)
}

// Stripe: events can be read for 30 days. The answer for an older one says so.
func TestEventsExpire(t *testing.T) {
	t.Parallel()
	s := eventful(t, "")
	k, c := dial(t, s), newClient(t, s)
	all := c.events()
	oldest := all[len(all)-1]
	s.SetNow(time.Unix(oldest.Created+eventSpan, 0))
	k.get("/v1/events/"+oldest.ID).says(t, 200, oldest.ID)
	s.Advance(time.Second)
	k.get("/v1/events/"+oldest.ID).says(t, 404, "aged out of our retention policy")
	k.get("/v1/events?starting_after="+oldest.ID).says(t, 400, "aged out of our retention policy")
	// The same holds when the changelog was made after the event expired.
	fresh := eventful(t, "")
	fresh.SetNow(s.Now())
	dial(t, fresh).get("/v1/events/"+oldest.ID).says(t, 404, "aged out of our retention policy")
	// With the clock set back the events can be read again.
	s.SetNow(s.cfg.Now)
	if diff := cmp.Diff(len(all), len(c.events())); diff != "" {
		t.Error(diff)
	}
	s.SetNow(s.cfg.From.AddDate(0, 1, 0))
	if first := c.events(); len(first) == 0 || first[0].Created > s.Now().Unix() {
		t.Error("no events of the first month")
	}
}

// An event always shows the state of its own second, in the account's version.
// An update shows the previous values too.
func TestEventPayload(t *testing.T) {
	t.Parallel()
	s := eventful(t, "")
	c := newClient(t, s)
	for _, e := range c.events("type", "charge.captured") {
		var was struct {
			Captured bool
			Refunded int64 `json:"amount_refunded"`
		}
		if err := json.Unmarshal(e.Data.Object, &was); err != nil || !was.Captured || was.Refunded != 0 {
			t.Errorf("%s: %+v (%v)", e.ID, was, err)
		}
	}
	updates := c.events("type", "customer.subscription.updated")
	for _, e := range append(updates, c.events("type", "customer.updated")...) {
		if len(e.Data.Previous) == 0 {
			t.Errorf("%s %s of %s changed nothing", e.Type, e.ID, e.subject(t).ID)
		}
	}
	for _, e := range c.events("type", "customer.subscription.created") {
		if e.Data.Previous != nil {
			t.Errorf("%s has previous_attributes", e.ID)
		}
	}
}

// Stripe: a subscription is made incomplete and becomes active in the same
// second; nothing tells which event came first.
func TestContradictingEvents(t *testing.T) {
	t.Parallel()
	s := eventful(t, "")
	c := newClient(t, s)
	status := map[string][]string{} // in the order of ids' places
	for _, e := range slices.Concat(c.events("type", "customer.subscription.created"), c.events("type", "customer.subscription.updated")) {
		o := e.subject(t)
		key := fmt.Sprint(o.ID, " ", e.Created)
		status[key] = append(status[key], o.Status)
	}
	pairs := 0
	for _, states := range status {
		pairs += btoi(slices.Contains(states, "incomplete") && slices.Contains(states, "active"))
	}
	if pairs == 0 {
		t.Error("no two events of one second contradict each other")
	}
	// Two updates in one second have two different events.
	id, err := s.Change(UpdateCustomer, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Act(UpdateCustomer, id[0]); err != nil {
		t.Fatal(err)
	}
	revisions := map[string]bool{}
	for _, e := range c.events("type", "customer.updated", "created", strconv.FormatInt(s.Now().Unix(), 10)) {
		var o struct{ Metadata struct{ Revision string } }
		if err := json.Unmarshal(e.Data.Object, &o); err != nil {
			t.Fatal(err)
		}
		revisions[o.Metadata.Revision] = true
	}
	if diff := cmp.Diff(map[string]bool{"1": true, "2": true}, revisions); diff != "" {
		t.Error(diff)
	}
}

// The payload is in the account's version, whatever the lists are in.
func TestEventVersions(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		version, kind string
		has, lacks    []string
	}{
		{"2016-07-06", "charge.refunded", []string{`"refunds": {`, `"api_version": "2016-07-06"`, `"request": "req_`}, nil},
		{"2020-08-27", "charge.refunded", []string{`"refunds": {`, `"idempotency_key": null`}, nil},
		{"", "charge.refunded", []string{`"invoice": `, `"api_version": "2023-10-16"`}, []string{`"refunds": {`}},
		{"", "customer.subscription.updated", []string{"\n      \"current_period_end\": "}, []string{"\n            \"current_period_end\": "}},
		{versionBasil, "customer.subscription.updated", []string{"\n            \"current_period_end\": ", `"discounts": []`}, []string{"\n      \"current_period_end\": "}},
		{versionBasil, "charge.succeeded", []string{`"amount": `}, []string{`"invoice": `}},
		{versionAcacia, "refund.created", []string{`"object": "refund"`}, nil},
	} {
		s := eventful(t, tc.version)
		id := newClient(t, s).events("type", tc.kind)[0].ID
		body := dial(t, s).ok("/v1/events/" + id)
		for _, text := range tc.has {
			if !strings.Contains(body, text) {
				t.Errorf("%s %s: no %q in\n%s", tc.version, tc.kind, text, body)
			}
		}
		for _, text := range tc.lacks {
			if strings.Contains(body, text) {
				t.Errorf("%s %s: %q in\n%s", tc.version, tc.kind, text, body)
			}
		}
		checkLayout(t, id, []byte(body))
	}
}

// A refund that was confirmed and failed later moved twice. Each move is an
// event with its own id: a reader of the first must not take the second for it.
func TestEachMoveOfARefundIsAnEvent(t *testing.T) {
	t.Parallel()
	s := eventful(t, versionAcacia)
	c := newClient(t, s)
	s.SetNow(time.Date(2025, 12, 10, 12, 0, 0, 0, time.UTC))
	moves := func() map[string][]event {
		found := map[string][]event{}
		for _, e := range c.events() {
			if e.Type == "refund.updated" {
				var o struct{ ID string }
				if err := json.Unmarshal(e.Data.Object, &o); err != nil {
					t.Fatal(err)
				}
				found[o.ID] = append(found[o.ID], e)
			}
		}
		return found
	}
	before := moves()
	if _, err := s.Change(FailRefund, 200); err != nil {
		t.Log(err) // as many as there are
	}
	s.Advance(time.Minute)
	twice := 0
	for id, events := range moves() {
		if old := before[id]; len(old) == 1 && len(events) == 2 {
			twice++
			if events[0].ID == events[1].ID || events[1].ID != old[0].ID && events[0].ID != old[0].ID {
				t.Errorf("%s: events %s and %s, before %s", id, events[0].ID, events[1].ID, old[0].ID)
			}
		} else if len(events) < len(old) {
			t.Errorf("%s: an event is gone", id)
		}
	}
	if twice == 0 {
		t.Error("no refund moved twice: the test proves nothing")
	}
}
