package extract

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// of rereads items of a stream other than the charges.
func of(t testing.TB, c *Client, stream string, items ...Item) (objects map[string]string, last error) {
	t.Helper()
	objects = map[string]string{}
	for page, err := range c.Reread(t.Context(), resource(t, stream), "before", items, "then") {
		last = err
		for _, o := range page.Objects {
			objects[o.ID] = summary(o)
		}
	}
	return objects, last
}

// An id may have any character, and Stripe reads a + in a path as a blank: each id
// finds its object.
func TestIDsInPaths(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		id := rapid.OneOf(rapid.StringMatching(`[ -~]{1,30}`), rapid.String()).Draw(rt, "id")
		if id == "" || id == "." || id == ".." {
			rt.Skip("no id, or a path of its own")
		}
		f := &stripeFake{now: t0, rows: []row{{ID: id, Created: 9000}}}
		objects, _, err := reread(t, fastClient(t, f, 100), itemAt(id, 9000, 0))
		if err != nil || len(objects) != 1 || objects[0].ID != id || objects[0].Missing {
			rt.Errorf("%q: %v, %v, %q", id, objects, err, f.queries)
		}
	})
	for _, list := range []struct{ url, want string }{
		{"/v1/customers/ann+shop@example.com/sources", "/v1/customers/ann%2Bshop@example.com/sources"},
		{"/v1/customers/ann%2Bshop%2F1/sources", "/v1/customers/ann%2Bshop%2F1/sources"},
		{"/v1/subscription_items?subscription=a%2Bb", "/v1/subscription_items"},
	} {
		f := &stripeFake{now: t0}
		var paths []string
		f.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/v1/charges" {
				say(w, `{"object":"list","has_more":false,"data":[{"id":"ch_1","object":"charge","created":5,"x":{"object":"list","has_more":true,"data":[],"url":"`+list.url+`"}}]}`)
			} else {
				paths = append(paths, r.URL.EscapedPath())
				if r.URL.Query().Has("subscription") && r.URL.Query().Get("subscription") != "a+b" {
					t.Errorf("the query became %s", r.URL.RawQuery)
				}
				say(w, envelope(false))
			}
			return true
		}
		collect(t, fastClient(t, f, 100), "charges", `{"v":2,"windows":[{"lt":9}],"goal":9}`, Range{To: unixTime(9)})
		if !slices.Equal(paths, []string{list.want}) {
			t.Errorf("the list at %s was asked for at %q", list.url, paths)
		}
	}
}

// A 404 is no deletion: the lists of that second are requested, several ids of one
// second share them, and an object in them exists.
func TestListAfter404(t *testing.T) {
	t.Parallel()
	no := false
	f := &stripeFake{now: t0, rows: []row{
		{ID: "pr_there", Created: 9000, Kind: "price", Unread: true},
		{ID: "pr_old", Created: 9000, Kind: "price", Active: &no, Unread: true},
		{ID: "pr_other", Created: 8000, Kind: "price"},
	}}
	got, err := of(t, fastClient(t, f, 100), "prices",
		itemAt("pr_there", 9000, 500), itemAt("pr_old", 9000, 500), itemAt("pr_gone", 9000, 500), itemAt("pr_gone_too", 7000, 500), Item{ID: "pr_when"})
	if err != nil {
		t.Fatal(err)
	}
	deleted := func(id string, created string) string {
		return "true true " + created + ` retrieve {"id":"` + id + `","object":"price","deleted":true}` + "\n"
	}
	want := map[string]string{
		"pr_there": "false false 9000 list " + f.rows[0].json() + "\n", "pr_old": "false false 9000 list " + f.rows[1].json() + "\n",
		"pr_gone": deleted("pr_gone", "9000"), "pr_gone_too": deleted("pr_gone_too", "7000"), "pr_when": deleted("pr_when", "-62135596800"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	const tiers = "?limit=100"
	var lists []string
	for _, q := range f.queries {
		if strings.HasPrefix(q, "/v1/prices?") {
			lists = append(lists, strings.NewReplacer("&expand[]=data.tiers", "", "&expand[]=data.currency_options", "").Replace(q))
		}
	}
	wantLists := []string{
		"/v1/prices" + tiers + "&active=false&created[gte]=7000&created[lt]=7001", "/v1/prices" + tiers + "&active=false&created[gte]=9000&created[lt]=9001",
		"/v1/prices" + tiers + "&created[gte]=7000&created[lt]=7001", "/v1/prices" + tiers + "&created[gte]=9000&created[lt]=9001",
	}
	slices.Sort(lists)
	if diff := cmp.Diff(wantLists, lists); diff != "" {
		t.Errorf("lists (-want +got):\n%s", diff)
	}

	// A list that cannot be read is no evidence.
	f.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/v1/prices" {
			apiError(w, 403, `"message":"no"`)
		}
		return r.URL.Path == "/v1/prices"
	}
	if got, err := of(t, fastClient(t, f, 100), "prices", itemAt("pr_gone", 9000, 0)); !IsForbidden(err) || len(got) > 0 {
		t.Errorf("%v, %v", got, err)
	}
}

// An unusable answer is reported, and is no deletion; the others are read.
func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		stream string
		answer func(w http.ResponseWriter)
		want   string
	}{
		"404 of expand":      {"customers", status(404, `{"error":{"code":"resource_missing","param":"expand","message":"No such thing"}}`), `about the parameter "expand" and not about the id`},
		"404 of nothing":     {"customers", status(404, `{"error":{"code":"resource_missing","message":"No such thing"}}`), `about the parameter "" and not about the id`},
		"404 of a path":      {"customers", status(404, `{"error":{"message":"Unrecognized request URL"}}`), "look at the proxy in between"},
		"404 of a proxy":     {"customers", status(404, html), "look at the proxy in between"},
		"400 of the id":      {"customers", status(400, `{"error":{"code":"resource_missing","param":"id","message":"No such thing"}}`), "No such thing"},
		"another kind":       {"customers", status(200, `{"id":"x_odd","object":"charge","created":9000}`), `it is a "charge" and not a "customer"`},
		"no kind":            {"customers", status(200, `{"id":"x_odd","created":9000}`), `it is a "" and not a "customer"`},
		"another id":         {"customers", status(200, `{"id":"x_even","object":"customer","created":9000}`), `it is "x_even" and not "x_odd"`},
		"stub of another id": {"customers", status(200, `{"id":"x_even","object":"customer","deleted":true}`), `it is "x_even" and not "x_odd"`},
		"a deleted charge":   {"charges", status(200, `{"id":"x_odd","object":"charge","created":9000,"deleted":true}`), "Stripe deletes no charges"},
		"a deleted refund":   {"refunds", status(200, `{"id":"x_odd","object":"refund","deleted":true}`), "Stripe deletes no refunds"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kind := strings.TrimSuffix(tc.stream, "s")
			f := &stripeFake{now: t0, rows: []row{{ID: "x_1", Created: 9900, Kind: kind}, {ID: "x_2", Created: 100, Kind: kind}}}
			f.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
				odd := strings.HasSuffix(r.URL.Path, "/x_odd")
				if odd {
					tc.answer(w)
				}
				return odd
			}
			c := fastClient(t, f, 100)
			got, err := of(t, c, tc.stream, itemAt("x_1", 9900, 500), itemAt("x_odd", 9000, 500), itemAt("x_2", 100, 500))
			if err != nil {
				t.Fatal(err)
			}
			failed := c.Failures()
			if len(failed) != 1 || failed[0].What != kind+" x_odd" || !strings.Contains(failed[0].Message, tc.want) ||
				failed[0].RequestID == "" || strings.Contains(failed[0].Message, "\n") {
				t.Errorf("failures %+v, want %q", failed, tc.want)
			}
			if len(got) != 2 || got["x_odd"] != "" {
				t.Errorf("read %v, want the two others", got)
			}
		})
	}
}

// If unusable answers come one after the other, the objects are not the cause, and the
// rest is not requested.
func TestAnswersThatAreNoneForEver(t *testing.T) {
	t.Parallel()
	f := &stripeFake{now: t0}
	f.fault = func(_ int, w http.ResponseWriter, _ *http.Request) bool { say(w, html); return true }
	var items []Item
	for i := range 1000 {
		items = append(items, itemAt("ch_"+strings.Repeat("x", i), int64(i), 500))
	}
	if _, _, err := reread(t, fastClient(t, f, 100), items...); err == nil || f.count() > 100 {
		t.Errorf("%d requests, error %v", f.count(), err)
	}
}

// A list is unusable if it shows a deleted object of a kind that is never deleted.
func TestDeletedInAList(t *testing.T) {
	t.Parallel()
	for stream, bad := range map[string]bool{"charges": true, "refunds": true, "balance_transactions": true, "subscriptions": true, "customers": false, "prices": false} {
		f := &stripeFake{now: t0}
		f.fault = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			say(w, `{"object":"list","has_more":false,"data":[{"id":"x_1","object":"x","created":5,"deleted":true}]}`)
			return true
		}
		pages, err := collectErr(t, fastClient(t, f, 100), stream, "", Range{To: unixTime(9)})
		if (err != nil) != bad || bad == (len(pages) > 0) {
			t.Errorf("%s: %d pages, error %v", stream, len(pages), err)
		}
	}
}
