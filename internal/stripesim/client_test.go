package stripesim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
)

// A client asks a handler without a network in between.
type client struct {
	t   testing.TB
	h   http.Handler
	key string

	version string // of the API; "" asks for none
}

func newClient(t testing.TB, s *Server) client {
	return client{t: t, h: s.Handler(), key: "sk_test_abc"}
}

func (c client) do(method, target string) *http.Response {
	c.t.Helper()
	r := httptest.NewRequestWithContext(c.t.Context(), method, target, nil)
	if c.key != "" {
		r.Header.Set("Authorization", "Bearer "+c.key)
	}
	if c.version != "" {
		r.Header.Set("Stripe-Version", c.version)
	}
	rec := httptest.NewRecorder()
	c.h.ServeHTTP(rec, r)
	return rec.Result()
}

type listedObject struct {
	ID      string `json:"id"`
	Created int64  `json:"created"`
}

type listing struct {
	Object  string            `json:"object"`
	Data    []json.RawMessage `json:"data"`
	HasMore bool              `json:"has_more"`
	URL     string            `json:"url"`
}

func (l listing) objects(t testing.TB) []listedObject {
	t.Helper()
	objects := make([]listedObject, len(l.Data))
	for i, raw := range l.Data {
		if err := json.Unmarshal(raw, &objects[i]); err != nil {
			t.Fatal(err)
		}
	}
	return objects
}

func (c client) list(path string, q url.Values) listing {
	c.t.Helper()
	resp := c.do(http.MethodGet, path+"?"+q.Encode())
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		c.t.Fatalf("GET %s?%s: %s\n%s", path, q.Encode(), resp.Status, body)
	}
	var l listing
	if err := json.Unmarshal(body, &l); err != nil {
		c.t.Fatal(err)
	}
	return l
}

// walk pages to the end, from newest to oldest.
func (c client) walk(path string, q url.Values) []listedObject {
	c.t.Helper()
	q = cloneValues(q)
	var all []listedObject
	for {
		l := c.list(path, q)
		page := l.objects(c.t)
		all = append(all, page...)
		if !l.HasMore {
			return all
		}
		if len(page) == 0 {
			c.t.Fatalf("%s: has_more and no data", path)
		}
		q.Set("starting_after", page[len(page)-1].ID)
	}
}

// walkBack pages to the end, from oldest to newest.
func (c client) walkBack(path string, q url.Values, oldest string) []listedObject {
	c.t.Helper()
	q = cloneValues(q)
	q.Set("ending_before", oldest)
	var all []listedObject
	for {
		l := c.list(path, q)
		page := l.objects(c.t)
		all = append(slices.Clone(page), all...)
		if !l.HasMore {
			return all
		}
		q.Set("ending_before", page[0].ID)
	}
}

func cloneValues(q url.Values) url.Values {
	out := url.Values{}
	for k, v := range q {
		out[k] = slices.Clone(v)
	}
	return out
}

func queryValues(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return q
}
