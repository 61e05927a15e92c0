package extract

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVanishedCursorGoesOnByCreated(t *testing.T) {
	t.Parallel()
	f := &stripeFake{now: t0, rows: rowsAt(9000, 8000, 8000, 8000, 7000, 6000)}
	f.fault = func(n int, _ http.ResponseWriter, _ *http.Request) bool {
		if n == 3 { // deleted between the first page and the second; request 1 asked for the time
			f.rows = slices.DeleteFunc(f.rows, func(o row) bool { return o.ID == "ch_2" })
		}
		return false
	}
	pages := collect(t, fastClient(t, f, 2), "charges", "", Range{})
	if diff := cmp.Diff([]string{"ch_1", "ch_2", "ch_3", "ch_4", "ch_5", "ch_6"}, ids(pages...)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if q := f.queries[3]; !strings.HasSuffix(q, "created[lt]=8001") {
		t.Errorf("after the cursor vanished: %s", q)
	}
}

func TestVanishedCursorAtResume(t *testing.T) {
	t.Parallel()
	f := &stripeFake{now: t0, rows: rowsAt(9000, 8000, 8000, 7000)}
	after := Cursor(`{"v":2,"windows":[{"lt":10000,"after":"ch_gone","last":8000}],"goal":10000}`)
	pages := collect(t, fastClient(t, f, 100), "charges", after, Range{To: unixTime(10000)})
	if diff := cmp.Diff([]string{"ch_2", "ch_3", "ch_4"}, ids(pages...)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got, want := pages[0].Cursor, Cursor(`{"v":2,"high":10000}`); got != want {
		t.Errorf("cursor %s, want %s: the upper part was read before", got, want)
	}
}

// A server for which every cursor has vanished must not keep the client busy for ever.
func TestCursorThatAlwaysVanishes(t *testing.T) {
	t.Parallel()
	f := &stripeFake{now: t0, rows: rowsAt(8000, 8000, 8000)}
	f.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Has("starting_after") {
			apiError(w, 400, `"code":"resource_missing","param":"starting_after","message":"No such charge"`)
			return true
		}
		return false
	}
	_, err := collectErr(t, fastClient(t, f, 2), "charges", "", Range{})
	if !vanished(err) || f.count() > 15 {
		t.Errorf("%d requests, then %v", f.count(), err)
	}
}

func TestLastObjectWithoutID(t *testing.T) {
	t.Parallel()
	t.Run("goes on by created", func(t *testing.T) {
		t.Parallel()
		f := &stripeFake{now: t0, rows: []row{{ID: "ch_1", Created: 9000}, {Created: 8000, Note: "a"}, {ID: "ch_3", Created: 8000}, {ID: "ch_4", Created: 7000}}}
		pages := collect(t, fastClient(t, f, 2), "charges", "", Range{})
		want := []string{"ch_1", f.rows[1].json(), "ch_3", "ch_4"}
		if diff := cmp.Diff(want, ids(pages...)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
	t.Run("is an error where that does not advance", func(t *testing.T) {
		t.Parallel()
		f := &stripeFake{now: t0, rows: []row{{Created: 8000, Note: "a"}, {Created: 8000, Note: "b"}, {ID: "ch_3", Created: 8000}}}
		pages, err := collectErr(t, fastClient(t, f, 2), "charges", "", Range{})
		if err == nil || !strings.Contains(err.Error(), "no id") || f.count() > 10 {
			t.Errorf("%d requests, then %v", f.count(), err)
		}
		if v, _ := pages[len(pages)-1].Cursor.Coverage(); len(v.Gaps) == 0 {
			t.Error("the window counts as read") // Invariant 9
		}
	})
}

func TestModeOfObjectsStopsTheRun(t *testing.T) {
	t.Parallel()
	f := &stripeFake{now: t0}
	f.fault = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		say(w, `{"object":"list","has_more":false,"data":[{"id":"re_1"},{"id":"ch_live","livemode":true}]}`)
		return true
	}
	pages, err := collectErr(t, fastClient(t, f, 2), "charges", "", Range{To: unixTime(9)})
	wantErrIs(t, err, ErrMode)
	if len(pages) > 0 || f.count() != 2 {
		t.Errorf("%d pages, %d requests; want none, and no repetition", len(pages), f.count())
	}
}
