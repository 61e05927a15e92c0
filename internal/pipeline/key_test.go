package pipeline_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

// subscribed is a subscription with items, each of a price of its own.
func subscribed(id string, created time.Time, items ...string) string {
	var data []string
	for i, item := range items {
		data = append(data, fmt.Sprintf(`{"id":%q,"object":"subscription_item","created":%d,"quantity":%d,"metadata":{},"price":{"id":"price_%s_%d","object":"price","currency":"usd"}}`,
			item, created.Unix(), i+1, id, i))
	}
	return laketest.Sent("subscription", id, created, `"status":"active","customer":"cus_1","metadata":{}`,
		`"items":{"object":"list","has_more":false,"url":"/v1/subscription_items","data":[`+strings.Join(data, ",")+`]}`)
}

const (
	itemRows = `SELECT id, subscription_id, quantity FROM subscription_items ORDER BY id`
	keyTaken = `SELECT id, field, rule, reason, example FROM meta.rejects WHERE "table" = 'subscription_items' ORDER BY ALL`
)

// One item id in two subscriptions, and one twice in a subscription: everything
// else is published, the subscription that was created first has the item, and the
// other one's shows when that gives it up. The order in which they came, a rebuild,
// kills and a compaction change nothing (Invariant 7).
func TestOneItemInTwoSubscriptions(t *testing.T) {
	laketest.Slow(t)
	t.Parallel()
	march, may := time.Date(2025, 3, 5, 0, 0, 0, 0, time.UTC), time.Date(2025, 5, 5, 0, 0, 0, 0, time.UTC)
	twice := subscribed("sub_twice", may, "si_3", "si_3")
	for name, later := range laketest.Sampled(map[string]time.Time{"in two months": may, "in one second": march}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			why := "which was created earlier"
			if later.Equal(march) {
				why = "which was created at the same time and has the smaller id"
			}
			second := subscribed("sub_second", later, "si_1", "si_2")
			shared := []string{subscribed("sub_first", march, "si_0", "si_1"), second, twice}
			s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, second))
			s.Sync()
			s.Expect("before there is another", itemRows, "si_1 sub_second 1", "si_2 sub_second 2")
			s.Becomes(laketest.Recorded(t, 1, laketest.Noon.Add(time.Hour), append(shared,
				laketest.Event("evt_1", "customer.subscription.created", laketest.Noon, shared[0]), laketest.Event("evt_2", "customer.subscription.created", laketest.Noon, twice))...))
			expectRefused(s, 2)
			s.Expect("rows", itemRows, "si_0 sub_first 1", "si_1 sub_first 2", "si_2 sub_second 2", "si_3 sub_twice 1")
			s.Expect("rejects", keyTaken, `sub_second id key taken a row of sub_first has this key, `+why+` "si_1"`,
				`sub_twice id key repeated an earlier row of the same object has this key null`)
			checkSameAnyWay(s)

			given := subscribed("sub_first", march, "si_0")
			s.Becomes(laketest.Recorded(t, 1, laketest.Noon.Add(2*time.Hour), given, second, twice,
				laketest.Event("evt_3", "customer.subscription.updated", laketest.Noon.Add(time.Hour), given)))
			s.Sync()
			s.Expect("given up", itemRows, "si_0 sub_first 1", "si_1 sub_second 1", "si_2 sub_second 2", "si_3 sub_twice 1")
			s.Expect("rejects", keyTaken, `sub_twice id key repeated an earlier row of the same object has this key null`)
			checkSameAnyWay(s)
		})
	}
}

// A row that waits is in the state only: who changes it there is found out.
func TestWaitingRowIsVerified(t *testing.T) {
	t.Parallel()
	march := time.Date(2025, 3, 5, 0, 0, 0, 0, time.UTC)
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, subscribed("sub_1", march, "si_1"), subscribed("sub_2", march, "si_1")))
	expectRefused(s, 1)
	db, err := sql.Open("duckdb", filepath.Join(s.Lake, ".state", "work.duckdb"))
	if err == nil {
		_, err = db.ExecContext(t.Context(), "UPDATE state.subscription_items_held SET quantity = 99")
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	found := laketest.Verify(t, s.Lake, true)
	for i, name := range []string{"reject removed or altered", "reject added or altered"} {
		if len(found) != 2 || !strings.HasPrefix(found[i], name+`: state."subscription_items_held" acct_`) || !strings.HasSuffix(found[i], " sub_2: ") {
			t.Fatalf("found %q", found)
		}
	}
}

// expectRefused syncs, and some rows are refused.
func expectRefused(s *laketest.Scene, n int) {
	s.T.Helper()
	var refused *pipeline.RejectsError
	if _, err := s.Try(); !errors.As(err, &refused) || refused.Rejects != n {
		s.T.Fatalf("%v, want %d rejects", err, n)
	}
}

// compactAndRebuild merges the log's segments and derives every table again.
func compactAndRebuild(s *laketest.Scene) {
	s.T.Helper()
	copying := laketest.NewSync(s.Lake, s.API, nil)
	if copying.Err != nil {
		s.T.Fatal(copying.Err)
	}
	if _, err := pipeline.Compact(s.T.Context(), copying.Lake, 0); err != nil {
		s.T.Fatal(err)
	}
	rebuild := pipeline.Rebuild{Mappings: copying.Mappings, Lake: copying.Lake, Tables: copying.Lake.Tables()}
	if _, err := rebuild.Run(s.T.Context()); err != nil {
		s.T.Fatal(err)
	}
}

// checkSameAnyWay compares the lake with one that is made anew of the same Stripe, killed
// at some moments, and with itself compacted and derived again.
func checkSameAnyWay(s *laketest.Scene) {
	s.T.Helper()
	want, rejects := laketest.Digest(s.T, s.Lake), s.Rows(keyTaken)
	same := func(how string) {
		s.T.Helper()
		got := laketest.Digest(s.T, s.Lake)
		got["log"] = want["log"] // versions of before
		if diff := cmp.Diff(want, got); diff != "" {
			s.T.Errorf("%s (-synced +%s):\n%s", how, how, diff)
		}
		if diff := cmp.Diff(rejects, s.Rows(keyTaken)); diff != "" {
			s.T.Errorf("rejects %s (-synced +%s):\n%s", how, how, diff)
		}
	}
	lake := s.Lake
	step := laketest.Sample(59, 17)
	for n := 1; ; n += step {
		s.Lake = filepath.Join(s.T.TempDir(), "lake")
		_, killed := laketest.Kill(s.T, laketest.Child{Work: asSmallSync, Lake: s.Lake, API: s.API, N: n})
		if !killed {
			break
		}
		if _, err := s.Try(); err != nil && !errors.As(err, new(*pipeline.RejectsError)) {
			s.T.Fatal(err)
		}
		same(fmt.Sprintf("killed at moment %d", n))
	}
	s.Lake = lake
	compactAndRebuild(s)
	same("compacted and rebuilt")
	if found := laketest.Verify(s.T, s.Lake, true); len(found) > 0 {
		s.T.Errorf("verify finds %q", found)
	}
}
