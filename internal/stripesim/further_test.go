package stripesim

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// newest is the API version in which the lists beyond the six are asked for.
const newest = "2026-08-26.dahlia"

// closed makes a copy of a schema document in which an object has no members
// but those that Stripe describes.
func closed(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, member := range v {
			out[k] = closed(member)
		}
		if _, ok := v["properties"].(map[string]any); ok && v["additionalProperties"] == nil {
			out["additionalProperties"] = false
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = closed(v[i])
		}
		return out
	}
	return v
}

// unlisted are members that no published schema of that version has, but
// recorded responses do, by object and, after a point, a member of it.
var unlisted = map[string][]string{
	"product": {"attributes", "type"}, "line_item": {"plan"}, "recurring": {"trial_period_days", "meter"}, "invoice.lines": {"total_count"}, "transfer.reversals": {"total_count"}, "balance_transaction": {"balance_type"},
	"discount": {"subscription_item"},
}

func withUnlisted(doc any) any {
	defs := doc.(map[string]any)["$defs"].(map[string]any)
	for object, members := range unlisted {
		name, member, _ := strings.Cut(object, ".")
		def, ok := defs[name].(map[string]any)
		if member != "" {
			def, ok = def["properties"].(map[string]any)[member].(map[string]any)
		}
		for _, member := range members {
			if ok {
				def["properties"].(map[string]any)[member] = true
			}
		}
	}
	return doc
}

// Every object beyond the six is one that Stripe could have sent, in both API
// versions, and has no member that Stripe does not describe. At times all
// through the business, so with every state of it.
func TestFurtherObjectsFollowOpenAPI(t *testing.T) {
	t.Parallel()
	cfg := Config{Seed: 3, Charges: 400, Wide: true, Pricing: true, LongLists: true, Variants: 100}
	s := newTestServer(t, cfg)
	tl := s.business.tl
	for _, version := range []string{Version, newest} {
		compile := compiler(t, withUnlisted(closed(readOpenAPI(t, version))))
		for _, name := range furtherNames {
			res := s.resource(name)
			if res.since > version {
				continue
			}
			schema, states := compile(res.object), 0
			for at := tl.from + 20*day; at <= tl.to; at += (tl.to - tl.from) / 3 {
				v := viewOf(at)
				v.version = version
				lo, hi := res.window(query{from: noCreated, to: unsetNow}, at)
				for n := lo; n < hi; n++ {
					w := newWriter(v)
					res.render(w, n)
					validate(t, schema, name, w.buf)
					states++
				}
			}
			if states == 0 {
				t.Errorf("%s is empty", name)
			}
		}
	}
}

// What is new changes nothing of the six, and without Wide nothing of the
// events: testdata/account.sha256 is older than the new lists.
func TestFurtherListsLeaveEventsAsTheyWere(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 2000})
	events := s.business.events(s.moment().at)
	var all strings.Builder
	for n := range events.count {
		all.Write(events.json(n, s.moment().at))
	}
	golden(t, "testdata/events.sha256", sum(all.String())+"\n")
}

// A list can be paged in both directions, an object read by its id, and a
// wrong id is not found.
func TestFurtherLists(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 2500, Wide: true})
	c := newClient(t, s)
	c.version = newest
	for _, name := range furtherNames {
		limit := "7"
		if s.resource(name).count > 300 {
			limit = "97"
		}
		all := c.walk("/v1/"+name, queryValues("limit", limit))
		want := slices.Collect(s.Ledger().IDs(name))
		slices.Reverse(want)
		got := make([]string, len(all))
		for i, o := range all {
			got[i] = o.ID
		}
		if diff := cmp.Diff(want, got); diff != "" || len(got) < 8 {
			t.Errorf("%s: %d objects (-ledger +list):\n%s", name, len(got), diff)
			continue
		}
		if back := c.walkBack("/v1/"+name, queryValues("limit", limit), got[len(got)-1]); len(back) != len(got)-1 {
			t.Errorf("%s: %d objects backwards, %d forwards", name, len(back), len(got))
		}
		if res := s.resource(name); !res.timeless {
			half := all[len(all)/2].Created
			after := c.walk("/v1/"+name, queryValues("limit", "100", "created[gte]", itoa(half)))
			before := c.walk("/v1/"+name, queryValues("limit", "100", "created[lt]", itoa(half)))
			if len(after)+len(before) != len(all) || len(after) == 0 || after[len(after)-1].Created < half {
				t.Errorf("%s: %d since %d and %d before, of %d", name, len(after), half, len(before), len(all))
			}
		}
		if resp := c.do(http.MethodGet, "/v1/"+name+"/"+escape(got[0])); resp.StatusCode != http.StatusOK {
			t.Errorf("%s %s: %s", name, got[0], resp.Status)
		}
		if resp := c.do(http.MethodGet, "/v1/"+name+"/none"); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s none: %s", name, resp.Status)
		}
	}
}

// The lists follow mutations: each is in order and finds its objects, none is
// from the future, and what existed before still exists.
func TestFurtherListsFollowMutations(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 1000, Wide: true, Pricing: true})
	s.SetNow(time.Date(2025, 9, 3, 4, 5, 6, 0, time.UTC))
	before := map[string][]string{}
	for _, name := range furtherNames {
		before[name] = slices.Collect(s.Ledger().IDs(name))
	}
	for _, action := range append([]Action{AuthorizeCharge, AuthorizeCharge}, Actions()...) {
		if ids, err := s.Change(action, 2); err != nil || len(ids) == 0 {
			t.Fatal(action, ids, err)
		}
		s.Advance(time.Hour)
	}
	for _, name := range furtherNames {
		res, last := s.resource(name), int64(0)
		for n := range res.count {
			id := string(res.appendID(nil, n))
			if got, ok := res.find(id); !ok || got != n || res.created(n) < last || res.created(n) > s.Now().Unix() {
				t.Fatalf("%s %s: found at %d, is at %d, created %d", name, id, got, n, res.created(n))
			}
			last = res.created(n)
		}
		for _, id := range before[name] {
			if _, ok := res.find(id); !ok {
				t.Errorf("%s %s is no more", name, id)
			}
		}
	}
}

// A request gets the API version that it asks for, and is told so.
func TestRequestedVersion(t *testing.T) {
	t.Parallel()
	c := newClient(t, newTestServer(t, Config{Charges: 20}))
	for asked, want := range map[string]string{"": Version, newest: newest, "newest": ""} {
		c.version = asked
		resp := c.do(http.MethodGet, "/v1/charges")
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if want == "" && resp.StatusCode != http.StatusBadRequest || want != "" && resp.Header.Get("Stripe-Version") != want {
			t.Errorf("asked for %q: %s in %q\n%.200s", asked, resp.Status, resp.Header.Get("Stripe-Version"), body)
		}
		if shows := strings.Contains(string(body), `"invoice":`); want != "" && shows != (want == Version) {
			t.Errorf("in %q a charge shows its invoice: %v", asked, shows)
		}
	}
}

// Every event of the new kinds can be listed, read by its id, and shows the
// object as it was then.
func TestFurtherEvents(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 2500, Wide: true})
	seen := map[string]int{}
	for at := s.business.tl.from + 30*day; at <= s.business.tl.to; at += 30 * day {
		s.SetNow(time.Unix(at, 0))
		events := s.business.events(at)
		for n := range events.count {
			id := string(events.appendID(nil, n))
			if got, ok := events.find(id); !ok || got != n {
				t.Fatalf("event %s: found at %d, is at %d", id, got, n)
			}
			if c := s.business.log(at).changes[n]; c.kind == furtherHappened {
				seen[s.business.eventType(c)]++
			}
		}
	}
	for _, h := range happenings {
		if h.since > s.cfg.EventVersion {
			continue
		}
		if seen[h.event] == 0 {
			t.Errorf("no event is %s", h.event)
		}
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func escape(id string) string { return url.PathEscape(id) }

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}
