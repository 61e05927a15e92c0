package stripesim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// one is an answer about one object: its status and the members of its body
// that the tests look at.
type one struct {
	status int
	body   string
	ID     string
	Object string
	Gone   bool `json:"deleted"`
	Error  struct{ Code, Param, Message string }
}

func (c client) one(target string) (o one) {
	c.t.Helper()
	resp := c.do(http.MethodGet, target)
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := json.Unmarshal(body, &o); err != nil {
		c.t.Fatalf("%s: %v\n%s", target, err, body)
	}
	o.status, o.body = resp.StatusCode, string(body)
	return o
}

// Stripe reads a path as it reads a query: percent signs are undone, and a + that
// is left is a blank.
func TestIDsThatMerchantsChose(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 200, ChosenIDs: 1000})
	c := newClient(t, s)
	for _, list := range []string{"customers", "prices"} {
		plus := 0
		ids := slices.Collect(s.Ledger().IDs(list))
		for _, id := range ids {
			if o := c.one("/v1/" + list + "/" + url.QueryEscape(id)); o.ID != id {
				t.Errorf("%s %q: %s", list, id, o.body)
			}
			if l := c.list("/v1/"+list, queryValues("starting_after", id, "limit", "1")); l.Object != "list" {
				t.Errorf("%s after %q: %+v", list, id, l)
			}
			if strings.Contains(id, "+") {
				plus++
				o := c.one("/v1/" + list + "/" + url.PathEscape(id))
				if o.status != http.StatusNotFound || !strings.Contains(o.Error.Message, strings.ReplaceAll(id, "+", " ")) {
					t.Errorf("%s %q with its + as it is: %d %s", list, id, o.status, o.body)
				}
			}
		}
		if got := idsOf(c.walk("/v1/"+list, queryValues("limit", "100"))); len(got) != len(ids) || plus == 0 {
			t.Errorf("%d %s are listed, want %d; %d have a +", len(got), list, len(ids), plus)
		}
	}
	checkTruth(t, s)
}

// A deleted price is in no list and not found by its id. It has an event.
func TestDeletePrice(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 200})
	c := newClient(t, s)
	ids, err := s.Change(DeletePrice, 2)
	if err != nil || len(ids) != 2 {
		t.Fatal(ids, err)
	}
	deleted := map[string]bool{}
	for id := range s.Ledger().Deleted("prices") {
		deleted[id] = true
	}
	listed := idsOf(c.walk("/v1/prices", queryValues("limit", "100")))
	told := c.list("/v1/events", queryValues("type", "price.deleted"))
	if s.Advance(time.Second); len(told.Data) != 2 || len(deleted) != 2 || len(listed) != s.Ledger().Count("prices") {
		t.Errorf("%d events, %d deleted, %d listed of %d", len(told.Data), len(deleted), len(listed), s.Ledger().Count("prices"))
	}
	for _, id := range ids {
		o := c.one("/v1/prices/" + id)
		if o.status != http.StatusNotFound || o.Error.Param != "price" || !deleted[id] || slices.Contains(listed, id) || s.Object("prices", id) != nil {
			t.Errorf("%s is there: %s", id, o.body)
		}
		for _, action := range []Action{DeletePrice, UpdatePrice, DeactivatePrice} {
			if _, err := s.Act(action, id); err == nil {
				t.Errorf("%s of %s, which is deleted", action, id)
			}
		}
	}
}

// The faults of an object that is asked for by its id leave lists alone.
func TestFaultsOfOneObject(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 50})
	c := newClient(t, s)
	for _, list := range []string{"charges", "customers", "prices"} {
		object := strings.TrimSuffix(list, "s")
		id := firstOf(s.Ledger().IDs(list))
		for kind, holds := range map[FaultKind]func(one) bool{
			NotFound: func(o one) bool {
				return o.status == http.StatusNotFound && o.Error.Code == "resource_missing" && (o.Error.Param == "id" || o.Error.Param == object) && strings.Contains(o.Error.Message, id)
			},
			NotFoundParam: func(o one) bool {
				return o.status == http.StatusNotFound && o.Error.Code == "resource_missing" && o.Error.Param == "expand"
			},
			WrongKind: func(o one) bool { return o.status == http.StatusOK && o.ID == id && o.Object != object },
			FalseStub: func(o one) bool { return o.status == http.StatusOK && o.ID == id && o.Object == object && o.Gone },
		} {
			if err := s.SetFaults(Fault{Kind: kind, Path: "/v1/" + list, Times: Always}); err != nil {
				t.Fatal(err)
			}
			struck := s.Struck()[kind]
			c.list("/v1/"+list, queryValues("limit", "1"))
			if o := c.one("/v1/" + list + "/" + id); !holds(o) || s.Struck()[kind] != struck+1 {
				t.Errorf("%s of %s: %d %s\nstruck %v", kind, id, o.status, o.body, s.Struck())
			}
			if o := c.one("/v1/" + list + "/nobody"); o.status != http.StatusNotFound || s.Struck()[kind] != struck+1 {
				t.Errorf("%s of nobody: %s", kind, o.body)
			}
		}
		if err := s.SetFaults(); err != nil {
			t.Fatal(err)
		}
	}
}
