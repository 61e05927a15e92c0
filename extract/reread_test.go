package extract

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// reread collects the objects that a Reread yields, and the cursor of each page.
func reread(t testing.TB, c *Client, items ...Item) (objects []Object, cursors []Cursor, last error) {
	t.Helper()
	for page, err := range c.Reread(t.Context(), resource(t, "charges"), "before", items, "then") {
		if err != nil {
			return objects, cursors, err
		}
		objects, cursors = append(objects, page.Objects...), append(cursors, page.Cursor)
	}
	return objects, cursors, nil
}

func itemAt(id string, created int64, apart int) Item {
	return Item{ID: id, Created: unixTime(created), Apart: apart}
}

// Items close together are listed, others are requested by id; only the last page has
// the cursor after them.
func TestRereadTakesTheShorterWay(t *testing.T) {
	t.Parallel()
	f := &stripeFake{now: t0, rows: rowsAt(9000, 8999, 8998, 5000, 1000)}
	objects, cursors, err := reread(t, fastClient(t, f, 100),
		itemAt("ch_5", 1000, 500), itemAt("ch_1", 9000, 0), itemAt("ch_3", 8998, 1), itemAt("ch_4", 5000, 300))
	if err != nil {
		t.Fatal(err)
	}
	got := ids(Page{Objects: objects})
	slices.Sort(got)
	if diff := cmp.Diff([]string{"ch_1", "ch_2", "ch_3", "ch_4", "ch_5"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	queries := slices.Sorted(slices.Values(f.queries))
	want := []string{"/v1/charges/ch_4?", "/v1/charges/ch_5?", "/v1/charges?limit=100&created[gte]=8998&created[lt]=9001"}
	if diff := cmp.Diff(want, queries); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	// Invariant 1: only the last page's cursor passes the hints.
	for i, c := range cursors {
		if (c == "then") != (i == len(cursors)-1) {
			t.Errorf("page %d of %d has the cursor %s", i+1, len(cursors), c)
		}
	}
}

// summary formats the fields of an object that the tests here compare.
func summary(o Object) string {
	return fmt.Sprintln(o.Deleted, o.Missing, o.Created.Unix(), o.Origin, string(o.Raw))
}

// Case 19, case 20: a deleted object comes as a tombstone with the created of its item,
// whether Stripe sends a stub or a 404; a forbidden one does not.
func TestRereadOfWhatIsGone(t *testing.T) {
	t.Parallel()
	f := &stripeFake{now: t0, rows: rowsAt(9000, 8000)}
	for i := range f.rows {
		f.rows[i].Kind = "customer"
	}
	f.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/cus_stub") {
			say(w, `{"id":"cus_stub","object":"customer","deleted":true}`)
			return true
		}
		return false
	}
	items := []Item{itemAt("cus_gone", 8500, 500), itemAt("cus_stub", 100, 500), itemAt("ch_2", 8000, 0), itemAt("cus_none", 8000, 0)}
	got := map[string]string{}
	for page, err := range fastClient(t, f, 100).Reread(t.Context(), resource(t, "customers"), "before", items, "then") {
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Objects {
			got[o.ID] = summary(o)
		}
	}
	want := map[string]string{
		"cus_gone": fmt.Sprintln(true, true, 8500, "retrieve", `{"id":"cus_gone","object":"customer","deleted":true}`),
		"cus_none": fmt.Sprintln(true, true, 8000, "retrieve", `{"id":"cus_none","object":"customer","deleted":true}`),
		"cus_stub": fmt.Sprintln(true, false, 100, "retrieve", `{"id":"cus_stub","object":"customer","deleted":true}`),
		"ch_2":     fmt.Sprintln(false, false, 8000, "list", `{"created":8000,"id":"ch_2","livemode":false,"object":"customer"}`),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}

	f.fault = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		apiError(w, 403, `"message":"no"`)
		return true
	}
	if objects, cursors, err := reread(t, fastClient(t, f, 100), itemAt("ch_1", 9000, 0)); !IsForbidden(err) || len(objects) > 0 || len(cursors) > 0 {
		t.Errorf("403: %v, %v, %v", objects, cursors, err)
	}
	f.fault = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusNotFound) // from a proxy, not from Stripe
		say(w, "<html>not found</html>")
		return true
	}
	c := fastClient(t, f, 100)
	if objects, _, err := reread(t, c, itemAt("ch_1", 9000, 0)); err != nil || len(objects) > 0 || len(c.Failures()) != 1 {
		t.Errorf("a proxy's 404 made %v, %v, %v", objects, err, c.Failures())
	}
}

// An unusable answer about one object does not stop the others: they are read, and that
// one is reported. Very many in a row are not the items' fault, unless each is known to
// be unreadable.
func TestRereadGoesOnBehindOneThatFails(t *testing.T) {
	t.Parallel()
	times := make([]int64, 30)
	items := make([]Item, len(times))
	for i := range times {
		times[i] = int64(9000 - 100*i)
		items[i] = itemAt(fmt.Sprint("ch_", i+1), times[i], 500)
	}
	known := slices.Clone(items)
	for i := range known {
		known[i].Unread = true
	}
	for name, tc := range map[string]struct {
		items  []Item
		status int
		fails  func(id string) bool
		unread int
		ends   bool
	}{
		"a 402":                   {items, 402, func(id string) bool { return id == "ch_4" }, 1, false},
		"a 400":                   {items, 400, func(id string) bool { return id == "ch_4" }, 1, false},
		"a 422 of every other":    {items, 422, func(id string) bool { return id[len(id)-1]%2 == 0 }, 15, false},
		"a 405 of all":            {items, 405, func(string) bool { return true }, 0, true},
		"a 405 of all, as before": {known, 405, func(string) bool { return true }, 30, false},
		"a 403 is of the key":     {items, 403, func(id string) bool { return id == "ch_4" }, 0, true},
	} {
		f := &stripeFake{now: t0, rows: rowsAt(times...)}
		f.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
			hit := tc.fails(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
			if hit {
				apiError(w, tc.status, `"message":"no"`)
			}
			return hit
		}
		c := fastClient(t, f, 100)
		var read, unread int
		var last error
		for page, err := range c.Reread(t.Context(), resource(t, "charges"), "before", tc.items, "then") {
			read, unread, last = read+len(page.Objects), unread+len(page.Unread), err
		}
		if (last != nil) != tc.ends || !tc.ends && (unread != tc.unread || read != len(items)-unread || len(c.Failures()) != unread) {
			t.Errorf("%s: %d read, %d unread, %d failures, %v", name, read, unread, len(c.Failures()), last)
		}
	}
}

func TestRereadNothing(t *testing.T) {
	t.Parallel()
	f := &stripeFake{now: t0}
	objects, cursors, err := reread(t, fastClient(t, f, 100))
	if err != nil || len(objects) > 0 || len(cursors) != 1 || cursors[0] != "then" || f.count() > 0 {
		t.Errorf("%v, %v, %v, %d requests", objects, cursors, err, f.count())
	}
}

// Errands never take more requests than reading by id, and never omit an item.
func TestErrandsAreNoLonger(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.IntRange(1, 100).Draw(rt, "limit")
		var items []Item
		at := int64(1_000_000)
		for i := range rapid.IntRange(0, 60).Draw(rt, "items") {
			apart := rapid.SampledFrom([]int{0, 0, 1, 5, 50, 99, 100, 1000}).Draw(rt, "apart")
			at -= int64(apart + 1)
			items = append(items, itemAt(fmt.Sprint("ch_", i), at, apart))
		}
		total, seen := 0, 0
		for _, e := range errands(items, limit, rapid.Bool().Draw(rt, "listed")) {
			seen += len(e.items)
			rows := 1
			for _, i := range e.items[1:] {
				rows += i.Apart + 1
			}
			if e.listed {
				total += (rows + limit - 1) / limit
			} else {
				total += len(e.items)
			}
		}
		if seen != len(items) || total > len(items) {
			rt.Errorf("%d items became %d in %d requests", len(items), seen, total)
		}
	})
}
