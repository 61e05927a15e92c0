package stripesim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// page parses an answer as a list.
func (g got) page(t testing.TB) (l listing) {
	t.Helper()
	if err := json.Unmarshal([]byte(g.body), &l); err != nil {
		t.Fatalf("%v\n%s", err, g.body)
	}
	return l
}

// Each fault strikes the request it is meant for, once, and looks as described;
// the next request gets the truth.
func TestFaults(t *testing.T) {
	t.Parallel()
	const first, second = "/v1/charges?limit=3", "/v1/charges?limit=3&starting_after="
	status := func(want int, header, value string) func(testing.TB, got, string) {
		return func(t testing.TB, g got, _ string) {
			if g.err != nil || g.status != want || g.header.Get(header) != value {
				t.Errorf("%d %v, %s: %q\n%s", g.status, g.err, header, g.header.Get(header), g.body)
			}
		}
	}
	cut := func(t testing.TB, g got, whole string) {
		if g.err != nil || g.status != http.StatusOK || json.Valid([]byte(g.body)) || !strings.HasPrefix(whole, g.body) {
			t.Errorf("%d %v\n%s", g.status, g.err, g.body)
		}
	}
	broken := func(t testing.TB, g got, whole string) {
		if g.err == nil || g.status != http.StatusOK || g.body == "" || !strings.HasPrefix(whole, g.body) {
			t.Errorf("%d %v\n%s", g.status, g.err, g.body)
		}
	}
	const retry = "Stripe-Should-Retry"
	for kind, check := range map[FaultKind]func(t testing.TB, g got, whole string){
		Reset: func(t testing.TB, g got, _ string) {
			if g.err == nil || g.status != 0 {
				t.Errorf("%+v", g)
			}
		},
		ResetMidBody:    broken,
		Stall:           broken,
		HTMLPage:        status(200, "Content-Type", "text/html"),
		HTML502:         status(502, "Content-Type", "text/html"),
		Unavailable:     status(503, retry, ""),
		ServerError:     status(500, retry, ""),
		ServerErrorYes:  status(500, retry, "true"),
		ServerErrorNo:   status(500, retry, "false"),
		LockTimeout:     status(429, retry, "true"),
		Conflict:        status(409, retry, "true"),
		TooManyRequests: status(429, "Stripe-Rate-Limited-Reason", ""),
		RevokedKey:      status(401, "WWW-Authenticate", `Bearer realm="Stripe"`),
		Forbidden:       status(403, retry, ""),
		GoneParameter:   status(400, retry, ""),
		TruncatedJSON:   cut,
		CutString:       cut,
		EmptyPage: func(t testing.TB, g got, _ string) {
			if l := g.page(t); len(l.Data) != 0 || !l.HasMore {
				t.Errorf("%s", g.body)
			}
		},
		EarlyEnd: func(t testing.TB, g got, _ string) {
			if l := g.page(t); len(l.Data) != 3 || l.HasMore {
				t.Errorf("%s", g.body)
			}
		},
		WrongObject: func(t testing.TB, g got, _ string) {
			if l := g.page(t); l.Object != "balance" {
				t.Errorf("%s", g.body)
			}
		},
		WrongElement: func(t testing.TB, g got, _ string) {
			if ids := idsOf(g.page(t).objects(t)); ids[2] != "prod_stray" {
				t.Errorf("%s", g.body)
			}
		},
		DuplicateIDs: func(t testing.TB, g got, _ string) {
			if ids := idsOf(g.page(t).objects(t)); len(ids) != 4 || ids[0] != ids[3] {
				t.Errorf("%q", ids)
			}
		},
		OtherVersion: func(t testing.TB, g got, whole string) {
			if g.body != whole || g.header.Get("Stripe-Version") != "2020-08-27" {
				t.Errorf("%v, %s", g.header, g.body)
			}
		},
		RepeatedPage: nil, EndlessPage: nil, // below
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := newTestServer(t, Config{Charges: 10, Faults: Faults{Stall: time.Millisecond}})
			k := dial(t, s)
			whole := k.ok(first)
			ids := idsOf(got{body: whole}.page(t).objects(t))
			if err := s.SetFaults(Fault{Kind: kind, Path: "/v1/charges", Nth: 2}); err != nil {
				t.Fatal(err)
			}
			_ = k.ok(first)
			switch kind {
			case RepeatedPage:
				if again := idsOf(k.get(second + ids[2]).page(t).objects(t)); !slices.Equal(again, ids) {
					t.Errorf("%q is not the page before, %q", again, ids)
				}
			case EndlessPage:
				if l := k.get("/v1/charges?limit=100").page(t); len(l.Data) != 10 || !l.HasMore {
					t.Errorf("%d objects, has_more %v", len(l.Data), l.HasMore)
				}
			default:
				check(t, k.get(first), whole)
			}
			if s.Struck()[kind] != 1 {
				t.Errorf("struck %v", s.Struck())
			}
			if again := k.ok(first); again != whole {
				t.Error("the fault left a trace")
			}
		})
	}
}

// A fault can begin with a request and never end, and be meant for some
// requests only.
func TestFaultsThatStay(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 10, Faults: Faults{Scripted: []Fault{
		{Kind: RevokedKey, Path: "/v1/refunds", Nth: 2, Times: Always},
		{Kind: Unavailable, Query: "created[gte]=5", Times: 2},
	}}})
	k := dial(t, s)
	for path, want := range map[string][]int{
		"/v1/refunds":                    {200, 401, 401, 401},
		"/v1/refunds_of_somebody":        {404, 404},
		"/v1/charges":                    {200, 200, 200},
		"/v1/charges?created%5Bgte%5D=5": {503, 503, 200},
	} {
		for i, status := range want {
			if g := k.get(path); g.status != status {
				t.Errorf("%s, request %d: %d, want %d", path, i+1, g.status, status)
			}
		}
	}
}

// A rate of faults strikes about that share of the requests: the same ones for
// the same seed, with kinds that a repeated request survives.
func TestFaultRate(t *testing.T) {
	t.Parallel()
	strikes := func(seed int64) (kinds []FaultKind) {
		s := newFaultInjector(Faults{Rate: 0.1, Seed: seed})
		for range 10_000 {
			s.served++
			kinds = append(kinds, s.fromMix())
		}
		return kinds
	}
	one := strikes(1)
	if !slices.Equal(one, strikes(1)) || slices.Equal(one, strikes(2)) {
		t.Error("the seed does not decide")
	}
	count := map[FaultKind]int{}
	for _, kind := range one {
		count[kind]++
	}
	if struck := len(one) - count[""]; struck < 800 || struck > 1200 {
		t.Errorf("%d of 10,000 struck, want about 1,000", struck)
	}
	for _, kind := range survivableFaults {
		if count[kind] == 0 {
			t.Errorf("%s never strikes", kind)
		}
	}
	s := newTestServer(t, Config{Charges: 300, Faults: Faults{Rate: 0.3, Stall: time.Millisecond}})
	k := dial(t, s)
	want := string(s.Object("charges", firstOf(s.Ledger().IDs("charges"))))
	bad := 0
	for range 60 {
		g := k.get("/v1/charges/" + firstOf(s.Ledger().IDs("charges")))
		bad += btoi(g.err != nil || g.body != want)
	}
	if bad == 0 || bad > 40 {
		t.Errorf("%d of 60 answers are bad", bad)
	}
}

func firstOf(ids func(func(string) bool)) (first string) {
	ids(func(id string) bool { first = id; return false })
	return first
}
