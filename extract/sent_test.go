package extract

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// A request is reported with what a log may show: no key, no query and no id of an
// object, whatever was asked for.
func TestOnRequest(t *testing.T) {
	t.Parallel()
	f := &stripeFake{now: t0, rows: rowsAt(9000, 8000)}
	var mu sync.Mutex
	var all []Sent
	c, err := newClient(Config{Key: testKey, OnRequest: func(s Sent) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, s)
	}}, roundTrip{f})
	if err != nil {
		t.Fatal(err)
	}
	collect(t, c, "charges", "", Range{To: unixTime(10000)})
	if _, _, err := reread(t, c, itemAt("ch_1", 9000, 500)); err != nil {
		t.Fatal(err)
	}
	if len(all) != f.count() || len(all) == 0 {
		t.Errorf("%d reported, %d sent", len(all), f.count())
	}
	for _, s := range all {
		text := fmt.Sprintf("%+v", s)
		if s.Method != http.MethodGet || s.Status == 0 || strings.Contains(text, "ch_1") || strings.Contains(text, testKey) || strings.ContainsAny(s.Endpoint, "?=") {
			t.Errorf("reported as %s", text)
		}
	}
	if last := all[len(all)-1]; last.Endpoint != "/v1/charges/:id" {
		t.Errorf("the object was asked for at %q", last.Endpoint)
	}
}

// Where the beginning of a list is known, pages say about how many objects are left: of
// an even list to a fifth of all, and none after the last page. Nothing is said where
// nothing is known.
func TestObjectsLeft(t *testing.T) {
	t.Parallel()
	const n, limit = 1500, 10
	r := rand.New(rand.NewPCG(1, 2))
	f := &stripeFake{now: t0}
	for i := range n {
		f.rows = append(f.rows, row{ID: fmt.Sprintf("ch_%05d", i), Created: t0.Unix() - 60 - distributions["uniform"](r, i)})
	}
	c := fastClient(t, f, limit)
	read, said := int64(0), 0
	for page, err := range c.Pages(t.Context(), resource(t, "charges"), "", Range{From: t0.AddDate(0, 0, -300)}) {
		if err != nil {
			t.Fatal(err)
		}
		if read += int64(len(page.Objects)); page.Left == nil {
			continue
		}
		said++
		if read > n/10 && (*page.Left < n-read-n/5 || *page.Left > n-read+n/5) {
			t.Errorf("after %d of %d objects: %d left", read, n, *page.Left)
		}
	}
	if said < n/limit/2 {
		t.Errorf("%d pages of %d said how many are left", said, n/limit)
	}
	read = 0
	for page, err := range c.Pages(t.Context(), resource(t, "charges"), "", Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		read += int64(len(page.Objects))
		// Windows are read ahead: where one of them has come to the beginning, it is known.
		if page.Left != nil && len(page.Objects) == limit && (*page.Left < n-read-n/5 || *page.Left > n-read+n/5) {
			t.Fatalf("after %d of %d objects %d are left of a list whose beginning nobody knows", read, n, *page.Left)
		}
	}
	c.began.Store(t0.AddDate(0, 0, -301).Unix())
	for page, err := range c.Pages(t.Context(), resource(t, "charges"), "", Range{}) {
		if err != nil || page.Left == nil && len(page.Objects) == limit && page.Objects[0].Created.Before(t0.AddDate(0, 0, -30)) {
			t.Fatalf("%v, %v, %v left, although the account says since when it exists", err, page.Objects[0].Created, page.Left)
		}
	}
}
