package extract

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const testKey = "sk_test_51AbCdEf"

// t0 is the fake's time unless a test says otherwise: 2024-03-01 12:00:00 UTC.
var t0 = time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC)

// row is one object of the fake. Created 0 means that it has none; so does an empty id.
type row struct {
	ID      string
	Created int64
	Note    string // changes the bytes
	Kind    string // "" is a charge
	Active  *bool
	Unread  bool // listed, but not found by its id
}

func (r row) json() string {
	m := map[string]any{"object": cmp.Or(r.Kind, "charge"), "livemode": false}
	if r.ID != "" {
		m["id"] = r.ID
	}
	if r.Created != 0 {
		m["created"] = r.Created
	}
	if r.Note != "" {
		m["note"] = r.Note
	}
	if r.Active != nil {
		m["active"] = *r.Active
	}
	text, _ := json.Marshal(m)
	return string(text)
}

// stripeFake lists its rows newest first as Stripe does. Rows without created come
// last, and only if no lower bound excludes them.
type stripeFake struct {
	mu      sync.Mutex
	now     time.Time // zero: the test's clock
	rows    []row
	queries []string // as received, decoded

	// fault answers in the fake's place if it returns true. n counts from 1.
	fault func(n int, w http.ResponseWriter, r *http.Request) bool
}

func (f *stripeFake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queries = append(f.queries, r.URL.Path+"?"+mustUnescape(r.URL.RawQuery))
	n := len(f.queries)
	now := f.now
	if now.IsZero() {
		now = time.Now()
	}
	h := w.Header()
	h.Set("Date", now.UTC().Format(http.TimeFormat))
	h.Set("Request-Id", fmt.Sprintf("req_%d", n))
	h.Set("Content-Type", "application/json")
	h.Set("Stripe-Version", "2023-10-16")
	if f.fault != nil && f.fault(n, w, r) {
		return
	}
	if r.URL.Path == "/v1/account" {
		say(w, `{"id":"acct_1","object":"account"}`)
		return
	}
	list, id, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/v1/"), "/")
	if id == "" {
		f.list(w, r)
		return
	}
	if id, err := url.QueryUnescape(id); err == nil { // Stripe: as in a query
		f.retrieve(w, list, id)
	}
}

func (f *stripeFake) retrieve(w http.ResponseWriter, list, id string) {
	i := slices.IndexFunc(f.rows, func(o row) bool { return o.ID == id && !o.Unread })
	if i < 0 {
		param := "id"
		if list == "prices" {
			param = "price"
		}
		text, _ := json.Marshal("No such object: '" + id + "'")
		apiError(w, 404, `"code":"resource_missing","param":"`+param+`","message":`+string(text))
		return
	}
	say(w, f.rows[i].json())
}

func mustUnescape(s string) string {
	return strings.NewReplacer("%5B", "[", "%5D", "]").Replace(s)
}

func (f *stripeFake) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	listed := slices.Clone(f.rows)
	slices.SortStableFunc(listed, func(a, b row) int { return cmp.Compare(b.Created, a.Created) })
	listed = slices.DeleteFunc(listed, func(o row) bool {
		gte, bounded := number(q.Get("created[gte]"))
		lt, capped := number(q.Get("created[lt]"))
		return bounded && o.Created < gte || capped && o.Created >= lt ||
			q.Get("active") == "false" && (o.Active == nil || *o.Active)
	})
	if after := q.Get("starting_after"); after != "" {
		i := slices.IndexFunc(listed, func(o row) bool { return o.ID == after })
		if i < 0 {
			apiError(w, 400, `"code":"resource_missing","param":"starting_after","message":"No such object: '`+after+`'"`)
			return
		}
		listed = listed[i+1:]
	}
	limit, _ := number(q.Get("limit"))
	more := len(listed) > int(limit)
	if more {
		listed = listed[:limit]
	}
	say(w, envelope(more, listed...))
}

func envelope(more bool, rows ...row) string {
	texts := make([]string, len(rows))
	for i, o := range rows {
		texts[i] = o.json()
	}
	return fmt.Sprintf(`{"object":"list","url":"/v1/charges","has_more":%t,"data":[%s]}`, more, strings.Join(texts, ","))
}

func apiError(w http.ResponseWriter, status int, fields string) {
	w.WriteHeader(status)
	say(w, `{"error":{"type":"invalid_request_error",`+fields+`}}`)
}

func say(w io.Writer, text string) { _, _ = io.WriteString(w, text) }

func number(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

func (f *stripeFake) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.queries)
}

// roundTrip calls the handler without a network, so that tests with a fake clock can
// wait for it.
type roundTrip struct{ http.Handler }

func (h roundTrip) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	res := rec.Result()
	res.Request = req
	return res, nil
}

// tripper is a transport made of one function.
type tripper func(*http.Request) (*http.Response, error)

func (t tripper) RoundTrip(req *http.Request) (*http.Response, error) { return t(req) }

// fastClient returns a client of f without an effective rate limit, with pages of limit
// objects and delays that end at once.
func fastClient(tb testing.TB, f http.Handler, limit int) *Client {
	tb.Helper()
	c, err := newClient(Config{
		Key: testKey, MaxRPS: 1e9,
		Retry: Retry{Attempts: 3, Base: time.Nanosecond, Cap: time.Nanosecond},
	}, roundTrip{f})
	if err != nil {
		tb.Fatal(err)
	}
	c.limit = limit
	return c
}

// collect runs to the end and returns every page.
func collect(tb testing.TB, c *Client, stream string, after Cursor, r Range) []Page {
	tb.Helper()
	var pages []Page
	for page, err := range c.Pages(tb.Context(), resource(tb, stream), after, r) {
		if err != nil {
			tb.Fatal(err)
		}
		pages = append(pages, page)
	}
	return pages
}

// collectErr runs until an error and returns it with the earlier pages.
func collectErr(tb testing.TB, c *Client, stream string, after Cursor, r Range) (pages []Page, last error) {
	tb.Helper()
	for page, err := range c.Pages(tb.Context(), resource(tb, stream), after, r) {
		if err != nil {
			last = err
			continue
		}
		pages = append(pages, page)
	}
	return pages, last
}

func ids(pages ...Page) []string {
	var out []string
	for _, p := range pages {
		for _, o := range p.Objects {
			out = append(out, cmp.Or(o.ID, string(o.Raw)))
		}
	}
	return out
}

func rowsAt(created ...int64) []row {
	rows := make([]row, len(created))
	for i, at := range created {
		rows[i] = row{ID: fmt.Sprintf("ch_%d", i+1), Created: at}
	}
	return rows
}

func unixTime(n int64) time.Time { return time.Unix(n, 0).UTC() }

func oneline(err error) bool { return !bytes.ContainsRune([]byte(err.Error()), '\n') }
