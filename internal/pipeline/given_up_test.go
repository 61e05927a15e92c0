package pipeline_test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/load"
)

// refusing answers requests to one path with a status, for as long as it is one.
func refusing(stripe http.Handler, now time.Time, path string, status *int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", now.Format(http.TimeFormat))
		if r.URL.Path != path || *status == 0 {
			stripe.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Request-Id", "req_refused")
		w.Header().Set("Stripe-Should-Retry", "false")
		w.WriteHeader(*status)
		_, _ = io.WriteString(w, `{"error":{"type":"invalid_request_error","message":"Not today"}}`)
	})
}

// givenUp is what each place says was given up: the summary that --json prints,
// status, and the warehouse.
func givenUp(s *laketest.Scene, summary pipeline.Summary) (now, status, published []string) {
	s.T.Helper()
	told, err := pipeline.ReadStatus(s.T.Context(), s.Lake)
	if err != nil {
		s.T.Fatal(err)
	}
	for into, all := range map[*[]string][]load.GivenUp{&now: summary.GivenUp, &status: told.GivenUp} {
		for _, g := range all {
			*into = append(*into, strings.TrimSpace(fmt.Sprint(g.Resource, " ", g.What, " ", g.Status, " ", g.Fix)))
			if !strings.HasSuffix(g.Message, g.Fix) {
				s.T.Errorf("the message is %q, and the fix %q", g.Message, g.Fix)
			}
		}
	}
	return now, status, s.Rows("SELECT trim(concat_ws(' ', resource, what, status, fix)) FROM meta.requests ORDER BY ALL")
}

// What was given up stands until it is read: each run says it and ends with 3, also
// one that asks for nothing; it makes one generation when it begins to stand and one
// when it ends, and the warehouse says the same.
func TestGivenUpStandsUntilItIsRead(t *testing.T) {
	t.Parallel()
	ago := laketest.Noon.Add(-time.Hour)
	item := func(n int) string {
		return fmt.Sprintf(`{"id":"si_%d","object":"subscription_item","created":1,"price":%s}`, n,
			laketest.Sent("price", "price_1", ago, `"active":true,"currency":"usd","type":"recurring","unit_amount":5`))
	}
	cut := laketest.Sent("subscription", "sub_1", laketest.Noon.Add(20*time.Minute), `"status":"active","currency":"usd"`,
		`"items":{"object":"list","has_more":true,"data":[`+item(1)+`],"url":"/v1/subscription_items?subscription=sub_1"}`)
	charges := []string{laketest.Paid("ch_1", ago), laketest.Paid("ch_2", ago.Add(-time.Minute))}
	changed := laketest.Paid("ch_1", ago, `"description":"changed"`)
	told := laketest.Event("evt_1", "charge.updated", laketest.Noon.Add(30*time.Minute), changed)
	items := page(item(2))
	for name, tc := range laketest.Sampled(map[string]struct {
		path    string
		status  int
		objects []string
		given   string
		says    string
		want    string // what is right in the end
	}{
		"a nested list": {
			"/v1/subscription_items", 402,
			[]string{charges[0], charges[1], cut},
			"subscriptions subscription sub_1/items 402",
			"given up: subscription sub_1/items: 402 Not today (req_refused)", "SELECT count(*) = 2 FROM subscription_items",
		},
		"an object that changed": {
			"/v1/charges/ch_1", 402,
			[]string{charges[1], changed, told},
			"charges charge ch_1 402",
			"given up: charge ch_1: 402 Not today (req_refused)", "SELECT count(*) = 1 FROM charges WHERE description = 'changed'",
		},
		"a list": {
			"/v1/refunds", 403, charges, "refunds refunds 403 give the key the Refunds: Read permission in the Dashboard, or leave refunds out", "refunds not read: ", "SELECT complete_through IS NOT NULL FROM meta.coverage WHERE resource = 'refunds'",
		},
	}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status := 0
			s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, charges...))
			s.Sync()
			at := func(hours int) {
				now := laketest.Noon.Add(time.Duration(hours) * time.Hour)
				stripe := laketest.Recorded(t, 1, now, tc.objects...)
				whole := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/v1/subscription_items" {
						_, _ = io.WriteString(w, items)
						return
					}
					stripe.ServeHTTP(w, r)
				})
				s.Becomes(refusing(whole, now, tc.path, &status))
			}
			status = tc.status
			var generations []uint64
			for _, hours := range []int{1, 2, 3, 16, 17} {
				at(hours)
				summary, err := s.Try()
				if pipeline.ExitCode(err) != 3 || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "\n") {
					t.Errorf("after %d hours: %v", hours, err)
				}
				generations = append(generations, summary.Generation)
				now, status, published := givenUp(s, summary)
				for where, got := range map[string][]string{"--json": now, "status": status, "meta.requests": published} {
					if diff := cmp.Diff([]string{tc.given}, got); diff != "" {
						t.Errorf("after %d hours, %s (-want +got):\n%s", hours, where, diff)
					}
				}
				if summary.GivenUp[0].Since.After(laketest.Noon.Add(61 * time.Minute)) {
					t.Errorf("after %d hours it stands since %v", hours, summary.GivenUp[0].Since)
				}
			}
			if diff := cmp.Diff([]uint64{2, 0, 0, 0, 0}, generations); diff != "" {
				t.Errorf("generations (-want +got):\n%s", diff)
			}
			status = 0
			at(18)
			summary := s.Sync()
			now, told, published := givenUp(s, summary)
			if len(now)+len(told)+len(published) > 0 || summary.Generation != 3 {
				t.Errorf("still given up: %v, %v, %v in generation %d", now, told, published, summary.Generation)
			}
			s.Expect("in the end", tc.want, "true")
			at(19)
			if summary := s.Sync(); summary.Generation != 0 {
				t.Error("another generation")
			}
		})
	}
}

// One object that Stripe answers a 402 for stops nothing: what changed beside it
// is read, changes are in up to now, and verify --stripe compares all the rest.
func TestOneObjectStopsNothing(t *testing.T) {
	t.Parallel()
	ago := laketest.Noon.Add(-time.Hour)
	status := 0
	at := func(hours int, objects ...string) http.Handler {
		now := laketest.Noon.Add(time.Duration(hours) * time.Hour)
		return refusing(laketest.Recorded(t, 1, now, objects...), now, "/v1/charges/ch_1", &status)
	}
	held := `"captured":false,"amount_captured":0` // needs no balance transaction
	first, third := laketest.Paid("ch_1", ago, held), laketest.Paid("ch_3", ago.Add(-time.Hour), held)
	s := laketest.NewScene(t, at(0, first, laketest.Paid("ch_2", ago.Add(-time.Minute), held), third))
	s.Sync()
	changed := laketest.Paid("ch_2", ago.Add(-time.Minute), held, `"description":"changed"`)
	s.Becomes(at(1, changed, third,
		laketest.Event("evt_1", "charge.updated", laketest.Noon.Add(30*time.Minute), first), laketest.Event("evt_2", "charge.updated", laketest.Noon.Add(30*time.Minute), changed)))
	status = 402
	if _, err := s.Try(); pipeline.ExitCode(err) != 3 {
		t.Fatal(err)
	}
	s.Expect("the other", "SELECT description FROM charges WHERE id = 'ch_2'", "changed")
	s.Expect("changes", "SELECT as_of, why FROM meta.coverage WHERE resource = 'charges'", "2025-06-01 12:59:00 null")

	want := []string{"object unread: acct_/charges ch_1"}
	if diff := cmp.Diff(want, compared(t, s, 0, false)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// Of a list that breaks off it is not said that it was not read: rows of it are
// there.
func TestBrokenOffIsNotUnread(t *testing.T) {
	t.Parallel()
	var charges []string
	for n := range 250 {
		charges = append(charges, laketest.Paid("ch_"+strconv.Itoa(n), laketest.Noon.Add(-time.Duration(n+60)*time.Minute)))
	}
	stripe := laketest.Recorded(t, 1, laketest.Noon, charges...)
	s := laketest.NewScene(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("starting_after") != "" {
			w.Header().Set("Stripe-Should-Retry", "false")
			w.WriteHeader(http.StatusPaymentRequired)
			return
		}
		stripe.ServeHTTP(w, r)
	}))
	_, err := s.Try("charges")
	if pipeline.ExitCode(err) != 3 || !strings.HasPrefix(err.Error(), "charges not read to its end: list charges: page after ch_") {
		t.Errorf("error %v", err)
	}
	s.Expect("what was kept", "SELECT count(*) > 0 FROM charges", "true")
}
